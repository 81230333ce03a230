// Why the device refused a submit, and which launch of it.

import { DeviceError, OutOfMemoryError, type WgradError } from '../errors.js';
import { type Batch, type Dispatch, encode } from './batch.js';

const MOST_NAMES = 5;

/** The error for a submit that was refused. It names the launch, if the device refuses one alone; else all of them. */
export async function refusal(
  device: GPUDevice,
  batch: Batch,
  params: GPUBindGroup,
  { message }: GPUError,
  memory: boolean,
): Promise<WgradError> {
  const launches = batch.commands.filter((command) => 'pipeline' in command);
  const names = [...new Set(launches.map(({ pipeline }) => pipeline.shader.name))];
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} other kernels` : '';
  const all = `${launches.length} launches (${names.slice(0, MOST_NAMES).join(', ')}${more})`;
  if (memory) return new OutOfMemoryError(`submit: no memory to run ${all}: ${message}`);
  const refused = await findRefused(device, launches, params);
  if (!refused) return new DeviceError(`submit: the device refused ${all}: ${message}`);
  const { pipeline, callSite, data, groups } = refused.launch;
  const where = callSite.path ? `${callSite.path}; ` : '';
  const bound = data.entries.map(
    ({ buffer, offset, size }, i) =>
      `${pipeline.shader.buffers[i].name}: ${(buffer.parts?.get(offset) ?? buffer).label}, ${size} bytes`,
  );
  return new DeviceError(
    `${pipeline.shader.name}: the device refused the launch ` +
      `(${where}${bound.join('; ')}; ${groups.join(' x ')} groups): ${refused.message}`,
  );
}

/** Encodes each launch again, alone, because the messages of a whole submit seldom name the launch. */
async function findRefused(device: GPUDevice, launches: Dispatch[], params: GPUBindGroup) {
  for (const launch of launches) {
    device.pushErrorScope('validation');
    const encoder = device.createCommandEncoder();
    encode(device, encoder, [launch], params);
    encoder.finish();
    const error = await device.popErrorScope();
    if (error) return { launch, message: error.message };
  }
}
