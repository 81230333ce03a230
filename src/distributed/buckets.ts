// Gradients, some MB at a time: read back and reduced while the backward pass goes on, then written back.
import { activeRecorder, flush, read, release, scratch, upload } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { unscoped } from '../tensor/scope.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import type { Reduce } from './transport.js';

/** Parameters whose gradients travel together, one behind the other. */
export interface Bucket {
  readonly params: readonly Tensor[];
  /** Where each begins, in elements. */
  readonly starts: readonly number[];
  /** Elements in all; a multiple of the number of processes, with zeros at the end. */
  readonly length: number;
}

/** Cuts parameters into buckets of at least `bytes`, in their order. */
export function bucketsOf(params: readonly Tensor[], bytes: number, parts: number): Bucket[] {
  const buckets: Bucket[] = [];
  let own: Tensor[] = [];
  let size = 0;
  const close = () => {
    const starts = own.map((_, i) => own.slice(0, i).reduce((sum, p) => sum + p.size, 0));
    if (own.length > 0) buckets.push({ params: own, starts, length: Math.ceil(size / parts) * parts });
    own = [];
    size = 0;
  };
  for (const p of params) {
    own.push(p);
    size += p.size;
    if (4 * size >= bytes) close();
  }
  close();
  return buckets;
}

/** A part of an update, and when it was under way. */
export interface Span {
  /** A pass backward until its loss is there, a bucket's way back from the device, or its reduction over all processes. */
  what: 'backward' | 'readback' | 'reduction';
  /** Of the bucket; of a backward pass 0. */
  bytes: number;
  /** When it began, in milliseconds of `performance.now()`. */
  from: number;
  /** When it ended. */
  to: number;
}

/** One exchange of gradients. */
export class Exchange {
  private readonly open: Map<Tensor, number>;
  private readonly left: number[];
  private next = 0;
  private turn: Promise<unknown> = Promise.resolve();
  private readonly sums: Promise<Float32Array>[] = [];

  constructor(
    private readonly buckets: readonly Bucket[],
    private readonly reduce: Reduce,
    private readonly spans: Span[],
  ) {
    this.open = new Map(buckets.flatMap(({ params }, i) => params.map((p): [Tensor, number] => [p, i])));
    this.left = buckets.map(({ params }) => params.length);
  }

  /** A parameter's gradient is whole: buckets leave in their order, each when it is full. */
  readonly ready = (param: Tensor): void => {
    const bucket = this.open.get(param);
    if (bucket === undefined) return;
    this.open.delete(param);
    this.left[bucket]--;
    while (this.next < this.buckets.length && this.left[this.next] === 0) this.leave(this.buckets[this.next++]);
  };

  /** Everyone's sums, a bucket each, of all that has left and all that is left; parameters without a gradient count as 0. */
  finish(): Promise<Float32Array[]> {
    while (this.next < this.buckets.length) this.leave(this.buckets[this.next++]);
    return Promise.all(this.sums);
  }

  private leave(bucket: Bucket): void {
    const bytes = 4 * bucket.length;
    const asked = performance.now();
    const values = this.values(bucket);
    const begun = Promise.all([values, this.turn]).then(([own]) => {
      const from = performance.now();
      this.spans.push({ what: 'readback', bytes, from: asked, to: from });
      const sum = this.reduce(own).then((all) => {
        this.spans.push({ what: 'reduction', bytes, from, to: performance.now() });
        return all;
      });
      return { sum };
    });
    this.turn = begun; // reductions begin in the same order everywhere
    const sum = begun.then((started) => started.sum);
    sum.catch(() => {}); // awaited in finish
    this.sums.push(sum);
  }

  private async values({ params, starts, length }: Bucket): Promise<Float32Array> {
    if (params.every((p) => !p.grad)) return new Float32Array(length);
    const reading = gather(params.map((p) => p.grad?.buffer), params, starts, length); // biome-ignore format: one line
    flush(); // the device begins with it while the rest of the backward pass is recorded
    const values = new Float32Array(await reading);
    for (const [i, p] of params.entries()) if (!p.grad) values.fill(0, starts[i], starts[i] + p.size);
    const end = starts[params.length - 1] + params[params.length - 1].size;
    return values.fill(0, end);
  }
}

/** Buffers one behind the other, read back together. */
export function gather(
  buffers: readonly (GpuBuffer | undefined)[],
  sizes: readonly { size: number }[],
  starts: readonly number[],
  length: number,
): Promise<ArrayBuffer> {
  const flat = scratch(length, 'gradients');
  const recorder = activeRecorder('gradients');
  for (const [i, buffer] of buffers.entries())
    if (buffer) recorder.copy(buffer, flat, 4 * sizes[i].size, 0, 4 * starts[i]);
  const reading = read(flat, 4 * length, 'gradients');
  release(flat);
  return reading;
}

/** Writes numbers that lie one behind the other into buffers. */
export function scatter(
  values: Float32Array,
  buffers: readonly GpuBuffer[],
  sizes: readonly { size: number }[],
  starts: readonly number[],
): void {
  const flat = scratch(values.length, 'gradients');
  const recorder = activeRecorder('gradients');
  upload(flat, values);
  for (const [i, buffer] of buffers.entries()) recorder.copy(flat, buffer, 4 * sizes[i].size, 4 * starts[i], 0);
  release(flat);
}

/** Makes sums the parameters' gradients. */
export function writeGradients({ params, starts }: Bucket, sums: Float32Array): void {
  for (const p of params) p.grad ??= unscoped(() => empty(p.shape, 'f32', 'gradient'));
  scatter(sums, params.map((p) => p.grad!.buffer), params, starts); // biome-ignore format: one line
}
