// Gradients, some MB at a time: read back and reduced while the backward pass goes on, then written back.
import { activeRecorder, flush, read, release, scratch, upload } from '../device/commands.js';
import type { ElementBytes, GpuBuffer } from '../device/pool.js';
import { roundUp } from '../math.js';
import { unscoped } from '../tensor/scope.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { readHalves, type Sums, type Transport, writeHalves } from './transport.js';

/** Parameters whose gradients travel together, one behind the other. */
export interface Bucket {
  readonly params: readonly Tensor[];
  /** Where each begins, in elements. */
  readonly starts: readonly number[];
  /** Elements in all, with zeros at the end: as many for each process, and a multiple of four for kernels. */
  readonly length: number;
}

/** Cuts parameters into buckets of at least `bytes`, in their order. */
export function bucketsOf(params: readonly Tensor[], bytes: number, parts: number): Bucket[] {
  const buckets: Bucket[] = [];
  let own: Tensor[] = [];
  let size = 0;
  const close = () => {
    const starts = own.map((_, i) => own.slice(0, i).reduce((sum, p) => sum + p.size, 0));
    if (own.length > 0) buckets.push({ params: own, starts, length: roundUp(size, 4 * parts) });
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
  private readonly sums: Promise<Sums>[] = [];

  constructor(
    private readonly buckets: readonly Bucket[],
    private readonly transport: Transport,
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
  async finish(): Promise<Sums[]> {
    while (this.next < this.buckets.length) this.leave(this.buckets[this.next++]);
    const { gather } = this.transport;
    if (!gather) return Promise.all(this.sums);
    await this.turn;
    const wholes: Promise<Sums>[] = [];
    for (const [i, part] of this.sums.entries()) {
      const whole = this.timed(this.buckets[i], gather(await part));
      whole.catch(() => {}); // awaited below
      wholes.push(whole);
    }
    return Promise.all(wholes);
  }

  private leave(bucket: Bucket): void {
    const asked = performance.now();
    const values = this.values(bucket);
    const begun = Promise.all([values, this.turn]).then(([own]) => {
      this.spans.push({ what: 'readback', bytes: 4 * bucket.length, from: asked, to: performance.now() });
      return { sum: this.timed(bucket, this.transport.sum(own)) };
    });
    this.turn = begun; // reductions begin in the same order everywhere
    const sum = begun.then((started) => started.sum);
    sum.catch(() => {}); // awaited in finish
    this.sums.push(sum);
  }

  private async timed(bucket: Bucket, reduction: Promise<Sums>): Promise<Sums> {
    const from = performance.now();
    const sums = await reduction;
    this.spans.push({ what: 'reduction', bytes: 4 * bucket.length, from, to: performance.now() });
    return sums;
  }

  private async values({ params, starts, length }: Bucket): Promise<ArrayBuffer> {
    const { elementBytes } = this.transport;
    if (params.every((p) => !p.grad)) return new ArrayBuffer(elementBytes * length);
    const reading = gather(params.map((p) => p.grad?.buffer), params, starts, length, elementBytes); // biome-ignore format: one line
    flush(); // the device begins with it while the rest of the backward pass is recorded
    const values = await reading;
    const clear = (from: number, to = length) => new Uint8Array(values).fill(0, elementBytes * from, elementBytes * to);
    for (const [i, p] of params.entries()) if (!p.grad) clear(starts[i], starts[i] + p.size);
    clear(starts[params.length - 1] + params[params.length - 1].size);
    return values;
  }
}

/** Buffers one behind the other, read back together, as floats or as halves. */
export function gather(
  buffers: readonly (GpuBuffer | undefined)[],
  sizes: readonly { size: number }[],
  starts: readonly number[],
  length: number,
  elementBytes: ElementBytes = 4,
): Promise<ArrayBuffer> {
  const flat = scratch(length, 'gradients');
  const recorder = activeRecorder('gradients');
  for (const [i, buffer] of buffers.entries())
    if (buffer) recorder.copy(buffer, flat, 4 * sizes[i].size, 0, 4 * starts[i]);
  const reading = elementBytes === 2 ? readHalves(flat, length) : read(flat, 4 * length, 'gradients');
  release(flat);
  return reading;
}

/** Writes numbers, or the bits of halves, that lie one behind the other into buffers of floats. */
export function scatter(
  values: Sums,
  buffers: readonly GpuBuffer[],
  sizes: readonly { size: number }[],
  starts: readonly number[],
): void {
  const flat = scratch(values.length, 'gradients');
  const recorder = activeRecorder('gradients');
  if (values instanceof Uint16Array) writeHalves(flat, values);
  else upload(flat, values);
  for (const [i, buffer] of buffers.entries()) recorder.copy(flat, buffer, 4 * sizes[i].size, 4 * starts[i], 0);
  release(flat);
}

/** Makes sums the parameters' gradients. */
export function writeGradients({ params, starts }: Bucket, sums: Sums): void {
  for (const p of params) p.grad ??= unscoped(() => empty(p.shape, 'f32', 'gradient'));
  scatter(sums, params.map((p) => p.grad!.buffer), params, starts); // biome-ignore format: one line
}
