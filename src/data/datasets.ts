// Data sets of anything: what a DataLoader takes beside pictures.
import { DataError, showValue, UsageError } from '../errors.js';
import { crc32 } from '../io/crc32.js';
import { checkOptions, type Rule, required } from '../options.js';
import type { DType, HostArray, HostTensor } from '../tensor/dtype.js';
import { isHostTensor } from '../tensor/host-values.js';
import { showShape, sizeOf } from '../tensor/shape.js';
import type { ImageDataset } from './dataset.js';
import { Random, shuffled } from './random.js';
import { seedRule } from './rules.js';

/** For which epoch an example is got, and what chance may be drawn from: it depends on (seed, epoch, example) alone. */
export interface ExampleDraw {
  /** From 0. */
  epoch: number;
  /** The example's own in this epoch. */
  random: Random;
}

/** Examples by their number. PyTorch's Dataset, with `get` in place of `__getitem__`. */
export interface Dataset<Item = unknown> {
  /** How many there are. */
  readonly length: number;
  /** Example `i`, from 0. What it draws from `draw.random` (augmentation) is the same in any thread and when a run is resumed. */
  get(i: number, draw: ExampleDraw): Item | Promise<Item>;
  /** Tells this set from others, in checkpoints. Default: nothing is compared but the length. */
  readonly fingerprint?: string;
}

/** Examples that are read anew for each epoch. */
export interface Epochs<Item = unknown> {
  /** Those of an epoch, from 0. */
  epoch(number: number): AsyncIterable<Item> | Iterable<Item>;
}

/**
 * Examples that come one after the other, as many an epoch as `length` says: `epoch(number)` gives those of an epoch, or the object
 * is iterable itself and gives the same in every epoch. PyTorch's IterableDataset.
 */
export type IterableDataset<Item = unknown> = {
  /** How many come in an epoch; another number is an error. */
  readonly length: number;
  /** Tells this source from others, in checkpoints. Default: nothing is compared but the length. */
  readonly fingerprint?: string;
} & (Epochs<Item> | AsyncIterable<Item> | Iterable<Item>);

/** What a DataLoader takes; a list is a data set of its items. */
export type AnyDataset = ImageDataset | Dataset | IterableDataset | readonly unknown[];

/** What one example of a data set is. */
export type ItemOf<D> =
  D extends Pick<Dataset<infer Item>, 'get'>
    ? Item
    : D extends Epochs<infer Item>
      ? Item
      : D extends AsyncIterable<infer Item> | Iterable<infer Item>
        ? Item
        : never;

/** The array in which values are held. */
export type DataOf<Value> = Value extends HostTensor<infer Data> ? Data : Value extends HostArray ? Value : never;

/** Whether a data set gives examples by their number. */
export const hasGet = (value: unknown): value is Dataset => typeof (value as Dataset)?.get === 'function';

/**
 * Rows of arrays in memory, such as `{ x, y }`: typed arrays, of a number an example, or `{ data, shape }` with the examples in the
 * first dimension. PyTorch's TensorDataset, with names.
 * @throws DataError if there is none, data do not fill their shape, or they are not as many examples as the others.
 */
export class TensorDataset<Arrays extends Record<string, HostTensor | HostArray>> {
  /** Examples. */
  readonly length: number;
  private readonly tensors: [name: string, tensor: HostTensor, each: number][];
  private sum?: string;

  constructor(arrays: Arrays) {
    if (typeof arrays !== 'object' || arrays === null)
      throw new UsageError(`TensorDataset: takes arrays by name, such as { x, y }, got ${showValue(arrays)}`);
    this.tensors = Object.entries(arrays).map(([name, value]) => {
      const tensor = checkedTensor(name, value);
      return [name, tensor, sizeOf(tensor.shape.slice(1))];
    });
    if (this.tensors.length === 0) throw new DataError('TensorDataset: there is no array in it');
    const [[first, { shape }]] = this.tensors;
    this.length = shape[0];
    for (const [name, tensor] of this.tensors) {
      if (tensor.shape[0] !== this.length)
        throw new DataError(`TensorDataset: ${first} has ${this.length} examples, ${name} has ${tensor.shape[0]}`);
    }
  }

  /** Example `i`: a view of each array's row, without its first dimension. @throws UsageError if there is no such example. */
  get(i: number): { [Name in keyof Arrays]: HostTensor<DataOf<Arrays[Name]>> } {
    if (!(Number.isInteger(i) && i >= 0 && i < this.length))
      throw new UsageError(`get: there is no example ${showValue(i)} among ${this.length}`);
    const row = (data: HostArray, each: number) => data.subarray(i * each, (i + 1) * each);
    const rows = this.tensors.map(([name, { data, shape }, each]) => {
      return [name, { data: row(data, each), shape: shape.slice(1) }];
    });
    return Object.fromEntries(rows);
  }

  /** Tells this set from others: a checksum of its names, shapes and values. */
  get fingerprint(): string {
    this.sum ??= this.tensors
      .reduce((sum, [name, { data, shape }]) => {
        const head = new TextEncoder().encode(`${name} ${showShape(shape)}`);
        return crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), crc32(head, sum));
      }, 0)
      .toString(16)
      .padStart(8, '0');
    return this.sum;
  }
}

function checkedTensor(name: string, value: unknown): HostTensor {
  const tensor = ArrayBuffer.isView(value) ? { data: value as HostArray, shape: [(value as HostArray).length] } : value;
  if (!isHostTensor(tensor)) {
    throw new DataError(`TensorDataset: ${name} is a typed array, or { data, shape } of one, got ${showValue(value)}`);
  }
  const { data, shape } = tensor;
  if (shape.length === 0 || sizeOf(shape) !== data.length)
    throw new DataError(`TensorDataset: ${name} has ${data.length} values, which do not fill ${showShape(shape)}`);
  return tensor;
}

/** A number as an example holds it that is no f32: `scalar(3, 'i32')` for a class. Plain numbers become f32 in batches. */
export function scalar(value: number, dtype: 'i32'): HostTensor<Int32Array>;
export function scalar(value: number, dtype?: 'f32'): HostTensor<Float32Array>;
export function scalar(value: number, dtype: Exclude<DType, 'u8'> = 'f32'): HostTensor<Int32Array | Float32Array> {
  return { data: dtype === 'i32' ? Int32Array.of(value) : Float32Array.of(value), shape: [] };
}

/** Some examples of a data set, by their numbers. PyTorch's Subset. @throws UsageError if there is no such example. */
export function subset<Item>(dataset: Dataset<Item>, indices: Iterable<number>): Dataset<Item> {
  if (!hasGet(dataset)) throw new UsageError(`subset: takes a data set { length, get(i) }, got ${showValue(dataset)}`);
  const places = [...indices];
  const wrong = places.find((i) => !(Number.isInteger(i) && i >= 0 && i < dataset.length));
  if (wrong !== undefined)
    throw new UsageError(`subset: there is no example ${showValue(wrong)} among ${dataset.length}`);
  const whole = dataset.fingerprint;
  const fingerprint = whole && crc32(new Uint8Array(Float64Array.from(places).buffer)).toString(16) + whole;
  return { length: places.length, get: (i, draw) => dataset.get(places[i], draw), fingerprint };
}

const fractionRule: Rule = {
  be: 'a number from 0 to below 1',
  holds: (value) => typeof value === 'number' && value >= 0 && value < 1,
};

/**
 * Two parts: [the rest, a `fraction` of the examples, rounded]. The seed decides which; each part keeps their order. PyTorch's
 * random_split. `ImageDataset.split` gives every class its share.
 */
export function randomSplit<Item>(
  dataset: Dataset<Item>,
  fraction: number,
  seed: number,
): [Dataset<Item>, Dataset<Item>] {
  checkOptions('randomSplit', { fraction, seed }, { fraction: required(fractionRule), seed: required(seedRule) });
  const order = shuffled(Array(dataset.length).keys(), new Random(seed));
  const cut = Math.round(dataset.length * fraction);
  const part = (indices: number[]) => subset(dataset, indices.sort((a, b) => a - b)); // biome-ignore format: one line
  return [part(order.slice(cut)), part(order.slice(0, cut))];
}
