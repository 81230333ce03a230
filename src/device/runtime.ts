// Opens and closes the device, and tells about the one that is open.

import { missingGpuAdvice, openGpu, setting, track } from '#platform';
import { DeviceError, DeviceLostError } from '../errors.js';
import { checkOptions } from '../options.js';
import type { RecorderStats } from './batch.js';
import { CommandRecorder } from './command-recorder.js';
import { current, type OpenDevice, openDevice } from './current.js';
import { type DeviceInfo, describeDevice } from './device-info.js';
import { Failures } from './failures.js';
import { FAMILIES, type LaunchPolicy, subgroupsOf } from './families.js';
import { GPU_OPTIONS, type GpuOptions } from './gpu-options.js';
import { MATRICES, onlyFirstSpelling } from './matrices.js';
import { PipelineCache } from './pipeline.js';
import { BufferPool, type Holder, type PoolStats } from './pool.js';

/** Devices that are given up and have not said so yet: Chromium never tells of one that is collected before. */
const leaving = new Set<OpenDevice>();

const SILENT_SECONDS = 600;
const FREE_CAP_BYTES = 2 * 2 ** 30;
const WANTED_FEATURES = [
  ...['shader-f16', 'subgroups', 'subgroup-size-control', 'timestamp-query'],
  MATRICES,
] as GPUFeatureName[];
const WANTED_LIMITS = [
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

/**
 * Opens the GPU: Dawn in Node, `navigator.gpu` in a browser. Called again it does nothing; after the device was
 * lost or `shutdown()` it opens a new one (tensors of the old one are gone).
 * @throws DeviceError when there is no usable adapter, with what to do about it; UsageError for an option that is none.
 */
export async function init(options: GpuOptions = {}): Promise<void> {
  checkOptions('init', options, GPU_OPTIONS);
  if (current.open) return;
  current.opening ??= open(options).finally(() => {
    current.opening = undefined;
  });
  await current.opening;
}

async function open(options: GpuOptions): Promise<void> {
  const unsafe = options.unsafe ?? setting('WGRAD_UNSAFE') === '1';
  const gpu = await openGpu({ ...options, unsafe });
  const powerPreference = options.powerPreference ?? 'high-performance';
  const adapter = await (gpu ? track(() => gpu.requestAdapter({ powerPreference })) : null);
  if (!gpu || !adapter) throw new DeviceError(`init: no WebGPU adapter was found. ${missingGpuAdvice}`);
  const timeout = options.timeout ?? SILENT_SECONDS;
  const limits = options.limits ?? (setting('WGRAD_LIMITS') === 'default' ? 'default' : 'adapter');
  const descriptor: GPUDeviceDescriptor = { label: 'wgrad' };
  if (limits === 'adapter') {
    descriptor.requiredFeatures = WANTED_FEATURES.filter((f) => adapter.features.has(f));
    descriptor.requiredLimits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]]));
  }
  const device = await track(() => adapter.requestDevice(descriptor)).catch((error) => {
    throw new DeviceError(`init: the adapter gave no device: ${error.message}. ${missingGpuAdvice}`, { cause: error });
  });
  const opened = assemble(gpu, adapter, device, describeDevice(adapter, device, limits), timeout);
  opened.recorder.host.pipelines.firstSpelling = await track(() => onlyFirstSpelling(device));
  current.open = opened;
  current.lost = undefined;
}

function assemble(gpu: GPU, adapter: GPUAdapter, device: GPUDevice, info: DeviceInfo, timeout: number): OpenDevice {
  const giveUp = (error: DeviceLostError): void => {
    lose(opened, error);
    device.destroy();
  };
  const silence = `the device has not answered for ${timeout} s and is given up; call \`await init()\` to open a new one`;
  const failures = new Failures(timeout, () => giveUp(new DeviceLostError(silence)));
  const answer = <T>(call: () => Promise<T>): Promise<T> => track(() => failures.answer(call()));
  const { lanes, pinned } = subgroupsOf(adapter.info, device.features);
  const pipelines = new PipelineCache(device, answer, pinned ? lanes : 0);
  const beforeTrim = (): Promise<void> => recorder.beforeTrim();
  const forgetBindGroups = (): void => recorder.forgetBindGroups();
  const poolHost = { device, track: answer, beforeTrim, forgetBindGroups };
  const pool = new BufferPool(poolHost, device.limits.maxBufferSize, FREE_CAP_BYTES);
  const bindingBytes = device.limits.maxStorageBufferBindingSize;
  const recorder = new CommandRecorder({ device, track: answer, failures, pipelines, pool, bindingBytes, giveUp });
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault(); // thrown by the next read instead of logged
    const { message } = (event as GPUUncapturedErrorEvent).error;
    recorder.failAll(new DeviceError(`the device refused a command: ${message}`));
  });
  const lost = device.lost.then(({ reason, message }) => {
    const error = new DeviceLostError(
      `the device was lost (${reason || 'unknown'}: ${message.trim()}); call \`await init()\` to open a new one`,
    );
    lose(opened, error);
    return error;
  });
  const opened: OpenDevice = { gpu, adapter, device, info, recorder, lost };
  return opened;
}

/** From here on all that needs the device throws. */
function lose(opened: OpenDevice, error: DeviceLostError): void {
  const { failures, pool } = opened.recorder.host;
  failures.lose(error);
  pool.lost ??= error;
  if (current.open !== opened) return;
  current.open = undefined;
  current.lost = error;
  leaving.add(opened);
  void opened.lost.then(() => leaving.delete(opened));
}

/**
 * Closes the device, also one that `init()` is opening. Tensors made on it are gone, and reads under way reject with a
 * DeviceLostError; `init()` opens a new one.
 */
export async function shutdown(): Promise<void> {
  if (current.opening !== undefined) await current.opening.catch(() => {}); // init() itself throws it
  if (!current.open) return;
  const { device, lost } = current.open;
  lose(current.open, new DeviceLostError('shutdown() closed the device; call `await init()` to open a new one'));
  current.lost = undefined;
  device.destroy();
  await track(() => lost);
}

/** Whether a device is open. */
export function ready(): boolean {
  return current.open !== undefined;
}

/** Settles with the reason if the device is lost, `shutdown()` included. @throws DeviceError if none is open. */
export function deviceLost(): Promise<DeviceLostError> {
  return openDevice().lost;
}

/** The adapter's names, its family, and its subgroups. @throws DeviceError if none is open. */
export function deviceInfo(): DeviceInfo {
  return openDevice().info;
}

/** How kernels are cut on the open device. @throws DeviceError if none is open. */
export function launchPolicy(): LaunchPolicy {
  return FAMILIES[openDevice().info.family].policy;
}

/** The open device's limits, as WebGPU names them. @throws DeviceError if none is open. */
export function limits(): GPUSupportedLimits {
  return openDevice().device.limits;
}

/** The open device's features, such as 'timestamp-query'. @throws DeviceError if none is open. */
export function features(): GPUSupportedFeatures {
  return openDevice().device.features;
}

/** GPU memory, in bytes, and who holds it. */
export interface MemoryReport extends PoolStats {
  /** The largest first. */
  holders: Holder[];
}

/** GPU memory: what is live, what the pool keeps for reuse, the peak, and how many buffers were ever made. */
export function memory(): MemoryReport {
  const { pool } = openDevice().recorder.host;
  return { ...pool.stats(), holders: pool.holders() };
}

/** What the device was asked to do since it was opened. */
export interface Activity extends RecorderStats {
  /** Different pipelines asked for: kernels with their slots. */
  pipelines: number;
}

/** Dispatches, submits and bind groups so far, and pipelines compiled. */
export function activity(): Activity {
  const { stats, host } = openDevice().recorder;
  return { ...stats, pipelines: host.pipelines.size };
}
