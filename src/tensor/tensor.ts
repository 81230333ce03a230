import { copyBuffer, read, release, upload } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { DtypeError, ShapeError, showValue, UsageError } from '../errors.js';
import { anything, checkOptions, flag, type Rules } from '../options.js';
import type { AnyDType, DataOf, DType, DTypeFrom, DTypesOf, HostArray, HostTensor } from './dtype.js';
import { arrayOf, bytesOf, checkDtype } from './dtype.js';
import { type Computed, Differentiable } from './gradient.js';
import { deviceArray, hostValues, type Nested } from './host-values.js';
import { openScope, type Scope } from './scope.js';
import { checkShape, type Shape, sameShape, showShape, sizeOf } from './shape.js';
import { newStorage, type Storage, usable } from './storage.js';
import { countWrite, nextTensorId } from './versions.js';

export type { Nested } from './host-values.js';

/** How a tensor was computed: its inputs, and a gradient thunk for each. Made by `record`. */
export interface GradNode extends Computed<Tensor> {}

/** How `tensor` makes one. */
export interface TensorOptions<D extends DType = DType> {
  /** Default: that of a typed array; f32 for numbers in lists. */
  dtype?: D;
  /** Whether `backward()` leaves a gradient in `.grad`; floats only. Default false. */
  requiresGrad?: boolean;
}

/** Set by the tape, which is built on tensors: `x.backward()` calls it. */
let backwardPass: ((from: Tensor, dy?: Tensor) => void) | undefined;

/** Sets what `x.backward()` calls. */
export function onBackward(run: (from: Tensor, dy?: Tensor) => void): void {
  backwardPass = run;
}

const readChecks = new Set<() => Promise<void>>();

/** Adds a check that every read awaits, and that may throw. Returns the function that removes it. */
export function onRead(check: () => Promise<void>): () => void {
  readChecks.add(check);
  return () => readChecks.delete(check);
}

/** The name of the method that Node's console.log asks for; other hosts never look. */
export const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * An n-dimensional array on the GPU, row-major and contiguous. Made by `tensor`, `zeros`, `randn` and the like, computed
 * with by free functions such as `add`, and owned by the scope that is open when it is made.
 *
 * `Tensor<'i32'>` is one of whole numbers, such as labels, and its `data()` an Int32Array; `tensor(Int32Array.of(1))`, `argmax` and
 * `cast` give one. `Tensor` alone is of any dtype, and its `data()` is taken to be of f32, as nearly all are.
 */
export class Tensor<D extends DType = AnyDType> extends Differentiable<Tensor> {
  /** Increases with every tensor made: descending ids are a topological order of what was computed. */
  readonly id = nextTensorId();
  /** Elements in all: the product of the shape. */
  readonly size: number;
  /** The scope that will dispose of it. @internal */
  override scope: Scope | null = null;
  /** The op that made it, for messages. */
  override label = 'tensor';
  private storage: Storage | null;

  /** Called by `empty`, `alias` and `joined` alone. @internal */
  constructor(
    /** Its sizes, the slowest dimension first. */
    readonly shape: Shape,
    /** What its elements are. */
    readonly dtype: DTypesOf<D>,
    storage: Storage,
  ) {
    super();
    if (!storage) throw new UsageError('Tensor: made by tensor(), zeros() and the like, not by new Tensor()');
    this.size = sizeOf(shape);
    this.storage = storage;
    storage.owners++;
    openScope()?.adopt(this);
  }

  /**
   * The device memory behind it.
   * @throws UsageError after dispose() or its scope's end, DeviceLostError when its device is gone.
   * @internal
   */
  get buffer(): GpuBuffer {
    return this.shared.buffer;
  }

  /** @internal */
  get shared(): Storage {
    return usable(this.storage, this);
  }

  /** Says what it is, in messages and in `memory()`'s list of holders. @internal */
  holds(label: string): void {
    this.label = label;
    this.shared.buffer.label = label;
  }

  /** Whether its memory was given back. */
  get disposed(): boolean {
    return this.storage === null;
  }

  /** Dimensions. */
  get rank(): number {
    return this.shape.length;
  }

  /**
   * Elements in row-major order, read back from the GPU: Float32Array for floats, Int32Array, Uint8Array. Submits what is recorded and waits for it.
   * @throws DeviceLostError, OutOfMemoryError or KernelError: what the device reported since the last read.
   */
  async data(): Promise<DataOf<D>> {
    return arrayOf(this.dtype, await this.bytes(), this.size) as DataOf<D>;
  }

  /**
   * The bits of an f16 tensor's elements, read back as `data()` does.
   * @throws DtypeError for another dtype.
   */
  async halves(): Promise<Uint16Array> {
    if (this.dtype !== 'f16') throw new DtypeError(`halves: takes f16, this is ${this.dtype}; cast it`);
    return new Uint16Array(await this.bytes(), 0, this.size);
  }

  private async bytes(): Promise<ArrayBuffer> {
    if (this.size === 0) return new ArrayBuffer(0);
    const values = read(this.buffer, bytesOf(this.dtype, this.size), `${this.label} ${showShape(this.shape)}`);
    if (readChecks.size > 0) await Promise.all([...[...readChecks].map((check) => check()), values]);
    return values;
  }

  /**
   * The value of a tensor with one element, read back as `data()` does.
   * @throws ShapeError if there are more, or none.
   */
  async item(): Promise<number> {
    if (this.size !== 1) throw new ShapeError(`item: needs one element, this is ${showShape(this.shape)}; use data()`);
    return (await this.data())[0];
  }

  /** Elements as nested lists, read back as `data()` does; a number for a scalar. */
  async toArray(): Promise<Nested> {
    const flat = await this.data();
    const nest = (dim: number, at: number, length: number): Nested => {
      if (dim === this.rank) return flat[at];
      const step = length / (this.shape[dim] || 1);
      return Array.from({ length: this.shape[dim] }, (_, i) => nest(dim + 1, at + i * step, step));
    };
    return nest(0, 0, this.size);
  }

  /**
   * Computes the gradient of this tensor with respect to every tensor that requires one, into their `.grad`
   * (adding to what is there). A scalar needs no argument; others take the upstream gradient.
   * What was recorded stays, so that a second call adds the same gradient again.
   * @throws UsageError if it depends on nothing that requires a gradient; ShapeError if `dy` is missing or does not fit.
   */
  backward(dy?: Tensor): void {
    if (!backwardPass) throw new UsageError('backward: import tensors from wgrad, which brings the tape');
    backwardPass(this, dy);
  }

  /** The same values, outside the gradient graph. Shares memory. PyTorch: x.detach. */
  detach(): Tensor<D> {
    return alias(this, this.shape);
  }

  /**
   * Overwrites the values from the host in row-major order; it copies. Gradients that need the old ones throw from then on.
   * @throws ShapeError if there are more or fewer values than elements; DtypeError or UsageError if they are no such numbers.
   */
  set(values: HostArray | readonly number[]): void {
    const data = deviceArray('set', values, this.dtype);
    if (values.length !== this.size) {
      throw new ShapeError(`set: ${values.length} values for ${showShape(this.shape)} (${this.size} elements)`);
    }
    upload(this.buffer, data);
    this.overwrittenBy('set()');
  }

  /**
   * Overwrites the values with another tensor's, on the GPU. Gradients that need the old ones throw from then on. PyTorch:
   * x.copy_, without broadcasting or casting.
   * @throws ShapeError or DtypeError if shape or dtype differ.
   */
  copy(from: Tensor): void {
    if (!(from instanceof Tensor)) throw new UsageError(`copy: takes a tensor, got ${showValue(from)}`);
    if (!sameShape(from.shape, this.shape)) {
      throw new ShapeError(`copy: ${showShape(from.shape)} does not fit ${showShape(this.shape)}`);
    }
    if (from.dtype !== this.dtype)
      throw new DtypeError(`copy: ${from.dtype} does not fit ${this.dtype}; cast it first`);
    const [source, target] = [from.buffer, this.buffer];
    if (this.size === 0 || source === target) return;
    copyBuffer(source, target, bytesOf(this.dtype, this.size));
    this.overwrittenBy('copy()');
  }

  /** Says that its memory was written in place; `what` did. @internal */
  overwrittenBy(what: string): void {
    countWrite(this.shared, what);
  }

  /** What it is, such as `Tensor [2, 3] f32 (matmul)`. Its values are on the GPU: print `await t.toArray()`. */
  override toString(): string {
    const label = this.disposed ? `${this.label}, disposed of` : this.label;
    return `Tensor ${showShape(this.shape)} ${this.dtype} (${label})`;
  }

  /** @internal */
  [INSPECT](): string {
    return this.toString();
  }

  /**
   * As text it is what `toString` says. JavaScript's operators see no values: `x * 2` would be NaN and `loss < best` false.
   * @throws UsageError where it is to be a number.
   */
  [Symbol.toPrimitive](hint: string): string {
    if (hint !== 'number') return this.toString();
    throw new UsageError(
      `${this}: a tensor is no number; compute with mul(x, 2), gt(x, 0) and the like, or read it: await x.item()`,
    );
  }

  /**
   * Its values are on the GPU, and JSON cannot wait for them.
   * @throws UsageError always.
   */
  toJSON(): never {
    throw new UsageError(
      `${this}: JSON has no tensors; await x.toArray() first, or write weights with writeWeights(model)`,
    );
  }

  /** Gives the memory back, unless a reshape still shares it. Scopes do it for you. */
  dispose(): void {
    this.scope?.abandon(this);
    const { storage } = this;
    this.storage = null;
    this.node = null;
    if (storage && --storage.owners === 0) release(storage.buffer);
  }
}

/**
 * A tensor with undefined contents, in the open scope. For ops that write every element. `label` is what messages call
 * it. PyTorch: torch.empty.
 */
export function empty<D extends DType = AnyDType>(shape: Shape, dtype = 'f32' as D, label = 'empty'): Tensor<D> {
  if (typeof label !== 'string') throw new UsageError(`empty: label is a text, got ${showValue(label)}`);
  checkDtype(label, dtype);
  checkShape(label, shape);
  const made = new Tensor(shape, dtype, newStorage(shape, dtype, label));
  made.label = label;
  return made;
}

/** The same memory under another shape of the same size. */
export function alias<D extends DType>(t: Tensor<D>, shape: Shape): Tensor<D> {
  const made = new Tensor<D>(shape, t.dtype, t.shared);
  made.label = t.label;
  return made;
}

const TENSOR_OPTIONS: Rules<TensorOptions & { shape?: Shape }> = {
  dtype: anything,
  requiresGrad: flag,
  shape: anything,
};

/**
 * A tensor from host values: nested lists, a flat typed array with `shape`, or both as `{ data, shape }`. Numbers and arrays of floats become f32,
 * bytes (Uint8Array) u8, arrays of other whole numbers i32, unless `dtype` says otherwise. PyTorch: torch.tensor.
 * @throws ShapeError if lists are ragged or the shape does not fit; UsageError for what is no number; DtypeError if i32 or
 * u8 cannot hold a value or is to require a gradient.
 */
export function tensor<Values extends Nested | HostArray | HostTensor, D extends DType = DTypeFrom<Values>>(
  values: Values,
  options: TensorOptions<D> & { shape?: Shape } = {},
): Tensor<D> {
  checkOptions('tensor', options, TENSOR_OPTIONS);
  const { flat, shape: own, dtype: natural } = hostValues('tensor', values);
  const { dtype = natural as D, shape = own } = options;
  checkDtype('tensor', dtype);
  checkShape('tensor', shape);
  if (sizeOf(shape) !== flat.length) {
    throw new ShapeError(`tensor: ${flat.length} values do not fill ${showShape(shape)} (${sizeOf(shape)} elements)`);
  }
  const data = deviceArray('tensor', flat, dtype);
  const made = empty(shape, dtype, 'tensor');
  if (flat.length > 0) upload(made.buffer, data);
  return trainable(made, options.requiresGrad ?? false);
}

/** Marks a fresh tensor as one that gradients are computed for. */
export const trainable = <D extends DType>(made: Tensor<D>, requiresGrad: boolean): Tensor<D> =>
  Object.assign(made, { requiresGrad });
