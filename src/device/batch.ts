// What goes to the device in one submit.

import { KernelError, LimitError, type WgradError } from '../errors.js';
import type { BatchTimer } from './batch-timer.js';
import { type BoundGroup, type BoundRange, bindGroupOf } from './bound-group.js';
import type { CallSite } from './call-site.js';
import { partsIn } from './parts.js';
import type { Pipeline, Slots } from './pipeline.js';
import type { GpuBuffer } from './pool.js';

/** Parameters of successive dispatches lie this many bytes apart: WebGPU's guaranteed offset alignment. */
export const PARAMS_STEP = 256;
export const MAX_DISPATCHES = 1024;

export interface Dispatch {
  pipeline: Pipeline;
  data: BoundGroup;
  /** Byte offset of the parameters; -1 for a kernel without. */
  params: number;
  groups: readonly [number, number, number];
  /** The layer that asked for it. */
  callSite: CallSite;
  bytes: number;
  flops: number;
}

export interface Copy {
  from: GpuBuffer;
  to: GpuBuffer;
  fromOffset: number;
  toOffset: number;
  bytes: number;
}

export interface Batch {
  uploads: { to: GpuBuffer; data: ArrayBufferView; offset: number }[];
  commands: (Dispatch | Copy)[];
  params: DataView<ArrayBuffer>;
  paramsUsed: number;
  touched: Set<GpuBuffer>;
  /** Uploads whose data the host is still making. */
  awaits: Promise<void>[];
  /** Settles when it was submitted, or has failed; undefined until it is handed over. */
  sent: Promise<void> | undefined;
  /** Why it was not run, or why its results are unknown. */
  error: WgradError | undefined;
  /** Settles when the device has reported its errors. */
  judged: Promise<void> | undefined;
}

/** Workgroups of a launch: a number is folded into two dimensions where it is above the device's limit for one. */
export type Groups = number | readonly [number, number, number?];

/** How much the recorder did, for tests and benches. */
export interface RecorderStats {
  /** Kernel launches recorded. */
  dispatches: number;
  /** Submits to the device. */
  submits: number;
  /** Bind groups made; a training loop makes none after its second step. */
  bindGroups: number;
  /** Submits that the device has not finished. */
  inFlight: number;
  /** Milliseconds spent recording and submitting launches; copying uploads is not counted. */
  hostMs: number;
}

/** How a kernel is launched. */
export interface LaunchOptions {
  /** Right-hand sides for lines marked `// slot`. Default: as the file has them. */
  slots?: Slots;
  /** Workgroups: a number is folded into two dimensions where it is above the device's limit for one. */
  groups: Groups;
  /** Floating-point operations of this launch, a multiply-add counted as two; for profiles. */
  flops?: number;
}

/** @throws LimitError if a dimension is above `most`. */
export function foldGrid(kernel: string, groups: Groups, most: number): [number, number, number] {
  if (typeof groups !== 'number') {
    const [x, y, z = 1] = groups;
    if (Math.max(x, y, z) > most) {
      throw new LimitError(`${kernel}: a grid of ${x} x ${y} x ${z} groups; this device allows ${most} a side`);
    }
    return [x, y, z];
  }
  if (groups <= most) return [groups, 1, 1];
  const rows = Math.ceil(groups / most);
  return [Math.ceil(groups / rows), rows, 1];
}

export function newBatch(params = new DataView(new ArrayBuffer(MAX_DISPATCHES * PARAMS_STEP))): Batch {
  const state = { sent: undefined, error: undefined, judged: undefined };
  return { uploads: [], commands: [], params, paramsUsed: 0, touched: new Set(), awaits: [], ...state };
}

/** What the host makes of numbers that it will get. */
export type HostWork = (values: Promise<ArrayBuffer>) => Promise<ArrayBufferView>;

/** An upload whose data the host is still making: the batch waits for them, and fails with what they reject with. */
export function uploadLater(batch: Batch, to: GpuBuffer, data: Promise<ArrayBufferView>): void {
  const upload: Batch['uploads'][number] = { to, data: new Uint8Array(), offset: 0 };
  batch.uploads.push(upload);
  const made = data.then((values) => {
    upload.data = values;
  });
  made.catch(() => {}); // it is awaited when its turn has come
  batch.awaits.push(made);
}

/** Every buffer that a batch needs, whole ones. */
export function usedBy({ commands, uploads }: Batch): Set<GpuBuffer> {
  const used = new Set(uploads.map(({ to }) => to.root));
  for (const command of commands) {
    if ('pipeline' in command) for (const { buffer } of command.data.entries) used.add(buffer);
    else used.add(command.from.root).add(command.to.root);
  }
  return used;
}

/** Every buffer, or part of one, that a batch writes. */
export function writtenBy({ commands, uploads }: Batch): Set<GpuBuffer> {
  const written = new Set(uploads.map(({ to }) => to));
  for (const command of commands) {
    if (!('pipeline' in command)) written.add(command.to);
    else
      command.pipeline.shader.buffers.forEach(({ access }, i) => {
        if (access === 'read_write') for (const part of partsBound(command.data.entries[i])) written.add(part);
      });
  }
  return written;
}

/** Appends a launch's parameters; returns where they start, or -1 if the kernel has none. */
export function writeParams(
  batch: Batch,
  pipeline: Pipeline,
  params: { [name: string]: number },
  bases: ReadonlyMap<string, number>,
): number {
  const offset = batch.paramsUsed;
  const { params: view } = batch;
  let at = offset;
  let basesUsed = 0;
  for (const { name, float, base } of pipeline.params) {
    const start = base === undefined ? undefined : bases.get(base);
    if (start !== undefined) basesUsed++;
    const value = base === undefined ? params[name] : (start ?? 0);
    if (value === undefined) throw new KernelError(`${pipeline.shader.name}: parameter '${name}' was not given`);
    if (float) view.setFloat32(at, value, true);
    else if (Number.isInteger(value))
      view.setInt32(at, value, true); // wraps a u32 to the same bits
    else throw new KernelError(`${pipeline.shader.name}: parameter '${name}' is ${value}, not a whole number`);
    at += 4;
  }
  if (basesUsed < bases.size) {
    const [name, start] = [...bases].find(([buffer]) => !pipeline.params.some(({ base }) => base === buffer))!;
    throw new KernelError(`${pipeline.shader.name}: '${name}' starts at element ${start} and has no ${name}_base`);
  }
  if (pipeline.params.length === 0) return -1;
  batch.paramsUsed += PARAMS_STEP;
  return offset;
}

/** Results computed from invalid contents are invalid too. */
export function passOnFailure({ shader }: Pipeline, { entries }: BoundGroup): void {
  const failure = entries.flatMap(partsBound).find((part) => part.failure)?.failure;
  if (!failure) return;
  shader.buffers.forEach(({ access }, i) => {
    if (access === 'read_write') for (const part of partsBound(entries[i])) part.failure ??= failure;
  });
}

const partsBound = ({ buffer, offset, size }: BoundRange) => partsIn(buffer, offset, offset + size);

/** Encodes the commands in order, successive dispatches in one pass; with a timer each in a pass of its own. */
export function encode(
  device: GPUDevice,
  encoder: GPUCommandEncoder,
  commands: Batch['commands'],
  params: GPUBindGroup,
  timer?: BatchTimer,
): void {
  let pass: GPUComputePassEncoder | undefined;
  let current: GPUComputePipeline | undefined;
  for (const command of commands) {
    if ('pipeline' in command) {
      if (timer) {
        pass?.end();
        pass = current = undefined;
      }
      pass ??= encoder.beginComputePass(timer && { timestampWrites: timer.writes() });
      const pipeline = command.pipeline.compiled!;
      if (pipeline !== current) pass.setPipeline(pipeline);
      current = pipeline;
      pass.setBindGroup(0, bindGroupOf(device, command.data));
      if (command.params >= 0) pass.setBindGroup(1, params, [command.params]);
      pass.dispatchWorkgroups(...command.groups);
    } else {
      pass?.end();
      pass = current = undefined;
      const { from, to, fromOffset, toOffset, bytes } = command;
      encoder.copyBufferToBuffer(from.root.gpu, from.base + fromOffset, to.root.gpu, to.base + toOffset, bytes);
    }
  }
  pass?.end();
  timer?.finish(encoder);
}
