// The open device's recorder, as the functions that kernels and tensors are written with.

import type { HostWork, LaunchOptions } from './batch.js';
import type { Binding, View } from './bind-groups.js';
import type { BufferName, ParamName } from './command-recorder.js';
import { activeRecorder } from './current.js';
import type { Shader, Slots } from './pipeline.js';
import type { ElementBytes, GpuBuffer } from './pool.js';

export type { RecorderStats } from './batch.js';
export type { Binding, View } from './bind-groups.js';
export { activeRecorder } from './current.js';

/** Records one kernel launch. See src/kernels/README.md. */
export function run<S extends Shader>(
  shader: S,
  buffers: Record<BufferName<S>, Binding>,
  params: Record<ParamName<S>, number>,
  options: LaunchOptions,
): void {
  activeRecorder(shader.name).run(shader, buffers, params, options);
}

/** Compiles a kernel before it is needed. Rejects with a KernelError that names the line. */
export function compile(shader: Shader, slots: Slots = {}): Promise<void> {
  return activeRecorder(shader.name).host.pipelines.get(shader, slots).ready;
}

/** A run of a buffer's elements. */
export function view(buffer: GpuBuffer, offset: number, length: number): View {
  return { buffer, offset, length };
}

/** A buffer of so many elements, words unless said otherwise, contents undefined. Give it back with `release`. */
export function scratch(elements: number, label: string, elementBytes: ElementBytes = 4): GpuBuffer {
  return activeRecorder(label).acquire(elements * elementBytes, label, elementBytes);
}

/** Gives a buffer back. Safe as soon as the last command that uses it is recorded. */
export function release(buffer: GpuBuffer): void {
  buffer.pool.release(buffer);
}

/** Writes host data into a buffer. The array must not change until the next flush. */
export function upload(to: GpuBuffer, data: ArrayBufferView, byteOffset = 0): void {
  activeRecorder(`${to.label}, upload`).upload(to, data, byteOffset);
}

/** Copies the first `bytes` of a buffer to another. */
export function copyBuffer(from: GpuBuffer, to: GpuBuffer, bytes: number): void {
  activeRecorder(`${from.label}, copy`).copy(from, to, bytes);
}

/** Reads a buffer back; `name` is what messages call it. Throws what failed on the way. */
export function read(from: GpuBuffer, bytes: number, name = from.label): Promise<ArrayBuffer> {
  return activeRecorder(`read of ${name}`).read(from, bytes, name);
}

/**
 * Writes into `to` what the host makes of the first `bytes` of `from`, in its place among all that is recorded: the device waits for it, the
 * host goes on recording. `make` is called at once, so that several begin in the order in which they are recorded. What it rejects with is
 * what reads of later results throw.
 */
export function viaHost(from: GpuBuffer, to: GpuBuffer, bytes: number, make: HostWork): void {
  activeRecorder(`${from.label}, by the host`).viaHost(from, to, bytes, make);
}

/** Submits what is recorded, without waiting for it. Reads do so by themselves. */
export function flush(): void {
  void activeRecorder('flush').flush();
}

/** Submits what is recorded, waits until at most `ahead` submits (default 0) are unfinished, and throws as reads do. */
export async function sync(ahead = 0): Promise<void> {
  await activeRecorder('sync').throttle(ahead);
}
