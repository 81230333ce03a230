import { DeviceLostError, DtypeError, ShapeError, UsageError } from '../device/errors.js';
import type { GpuBuffer } from '../device/pool.js';
import { read, release, scratch, upload } from '../device/recorder.js';
import { arrayOf, bytesOf, type DType, dtypeOf, type TypedArray } from './dtype.js';
import { openScope, type Scope, unscoped } from './scope.js';
import { checkShape, type Shape, showShape, sizeOf } from './shape.js';

/** Device memory shared by a tensor and its reshapes. */
interface Storage {
  buffer: GpuBuffer;
  owners: number;
}

/** How a tensor was computed: its inputs, and a gradient thunk for each. Made by autograd/tape.ts. */
export interface GradNode {
  /** The op. */
  name: string;
  /** The layer it belongs to, for profiles. */
  place: string;
  /** The tensors that it was computed from. */
  inputs: readonly Tensor[];
  /**
   * From dy, the gradient of the result, to a thunk for each input: it computes the gradient with respect to that input,
   * in its shape. Null where there is none.
   */
  grad: (dy: Tensor) => readonly ((() => Tensor) | null)[];
}

/** Nested lists of numbers, such as [[1, 2], [3, 4]]. */
export type Nested = number | readonly Nested[];

/** How `tensor` makes one. */
export interface TensorOptions {
  /** Default: that of a typed array; f32 for numbers in lists. */
  dtype?: DType;
  /** Whether `backward()` leaves a gradient in `.grad`; f32 only. Default false. */
  requiresGrad?: boolean;
}

let nextId = 1;
let backwardPass: ((from: Tensor, dy?: Tensor) => void) | undefined;

/** The tape registers itself here, so that tensors need not know it. */
export function onBackward(run: (from: Tensor, dy?: Tensor) => void): void {
  backwardPass = run;
}

let beforeRead: (() => Promise<void>) | undefined;

/** What is awaited along with every read, and may throw: anomaly detection registers itself here. */
export function onRead(check: (() => Promise<void>) | undefined): void {
  beforeRead = check;
}

/** The name of the method that Node's console.log asks for; other hosts never look. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * An n-dimensional array on the GPU, row-major and contiguous. Made by `tensor`, `zeros`, `randn` and the like, computed
 * with by free functions such as `add`, and owned by the scope that is open when it is made.
 */
export class Tensor {
  /** Increases with every tensor made: descending ids are a topological order of what was computed. */
  readonly id = nextId++;
  /** Elements in all: the product of the shape. */
  readonly size: number;
  /** Whether `backward()` follows it. Set on what is trained; results of ops inherit it from their inputs. */
  requiresGrad = false;
  /** The gradient that `backward()` left here, of the same shape; null before. */
  grad: Tensor | null = null;
  /** How it was computed; null for what was made from values or under `noGrad`. */
  node: GradNode | null = null;
  /** The scope that will dispose of it. @internal */
  scope: Scope | null = null;
  /** The op that made it, for messages. */
  label = 'tensor';
  private storage: Storage | null;

  /** Called by `empty` and `alias` alone. @internal */
  constructor(
    /** Its sizes, the slowest dimension first. */
    readonly shape: Shape,
    /** What its elements are. */
    readonly dtype: DType,
    storage: Storage,
  ) {
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
    if (!this.storage) {
      throw new UsageError(
        `${this.label} ${showShape(this.shape)}: used after it was disposed of (its scope closed?); ` +
          'keep(t) moves a tensor one scope out; no scope may be open during an await',
      );
    }
    const { lost } = this.storage.buffer.pool;
    if (lost) {
      throw new DeviceLostError(
        `${this.label} ${showShape(this.shape)}: its device is gone, and its values with it (${lost.message}); ` +
          'make it again on the new device',
        { cause: lost },
      );
    }
    return this.storage;
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
   * Elements in row-major order, read back from the GPU: Float32Array for f32, Int32Array, Uint8Array. Submits what is
   * recorded and waits for it.
   * @throws DeviceLostError, OutOfMemoryError or KernelError: what the device reported since the last read.
   */
  async data(): Promise<TypedArray> {
    const { dtype, size } = this;
    const bytes = bytesOf(dtype, size);
    if (size === 0) return arrayOf(dtype, new ArrayBuffer(0), size);
    const values = read(this.buffer, bytes, `${this.label} ${showShape(this.shape)}`);
    if (beforeRead) await Promise.all([beforeRead(), values]);
    return arrayOf(dtype, await values, size);
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
  detach(): Tensor {
    return alias(this, this.shape);
  }

  /**
   * Overwrites the values from the host in row-major order; it copies. Gradients still to be computed see the new ones.
   * @throws ShapeError if there are more or fewer values than elements.
   */
  set(values: TypedArray | readonly number[]): void {
    if (values.length !== this.size) {
      throw new ShapeError(`set: ${values.length} values for ${showShape(this.shape)} (${this.size} elements)`);
    }
    upload(this.buffer, hostArray(values, this.dtype));
  }

  /** What it is, such as `Tensor [2, 3] f32 (matmul)`. Its values are on the GPU: print `await t.toArray()`. */
  toString(): string {
    const label = this.disposed ? `${this.label}, disposed of` : this.label;
    return `Tensor ${showShape(this.shape)} ${this.dtype} (${label})`;
  }

  /** @internal */
  [INSPECT](): string {
    return this.toString();
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
export function empty(shape: Shape, dtype: DType = 'f32', label = 'tensor'): Tensor {
  checkShape(label, shape);
  const elements = bytesOf(dtype, sizeOf(shape)) / 4;
  const made = new Tensor(shape, dtype, { buffer: scratch(Math.max(elements, 1), label), owners: 0 });
  made.label = label;
  return made;
}

/** The same memory under another shape of the same size. */
export function alias(t: Tensor, shape: Shape): Tensor {
  const made = new Tensor(shape, t.dtype, t.shared);
  made.label = t.label;
  return made;
}

/**
 * A tensor from host values: nested lists, or a flat typed array with `shape`. Numbers become f32; an Int32Array
 * i32 and a Uint8Array u8, unless `dtype` says otherwise. PyTorch: torch.tensor.
 * @throws ShapeError if lists are ragged or the shape does not fit; DtypeError if i32 or u8 is to require a gradient.
 */
export function tensor(values: Nested | TypedArray, options: TensorOptions & { shape?: Shape } = {}): Tensor {
  const typed = ArrayBuffer.isView(values);
  const flat = typed ? (values as TypedArray) : flatten(values as Nested);
  const shape = options.shape ?? (typed ? [flat.length] : shapeOf(values as Nested));
  if (sizeOf(shape) !== flat.length) {
    throw new ShapeError(`tensor: ${flat.length} values do not fill ${showShape(shape)} (${sizeOf(shape)} elements)`);
  }
  const dtype = options.dtype ?? (typed ? dtypeOf(flat as TypedArray) : 'f32');
  const made = empty(shape, dtype);
  if (flat.length > 0) upload(made.buffer, hostArray(flat, dtype));
  return trainable(made, options.requiresGrad ?? false);
}

/** Marks a fresh tensor as one that gradients are computed for. */
export function trainable(made: Tensor, requiresGrad: boolean): Tensor {
  if (requiresGrad && made.dtype !== 'f32') {
    throw new DtypeError(`${made.label}: only f32 can require a gradient, this is ${made.dtype}`);
  }
  made.requiresGrad = requiresGrad;
  return made;
}

/**
 * A trainable tensor: requires a gradient and lives outside every scope. Takes over the memory of `t`, which is disposed
 * of. PyTorch: nn.Parameter.
 */
export function parameter(t: Tensor): Tensor {
  const made = unscoped(() => alias(t, t.shape));
  made.requiresGrad = true;
  made.holds('parameter');
  t.dispose();
  return made;
}

/** A private copy in the device's form: the caller's array may change before the upload happens. */
function hostArray(values: TypedArray | readonly number[], dtype: DType): TypedArray {
  if (dtype === 'f32') return new Float32Array(values);
  if (dtype === 'i32') return new Int32Array(values);
  const padded = new Uint8Array(bytesOf('u8', values.length));
  padded.set(values);
  return padded;
}

function shapeOf(values: Nested): number[] {
  return typeof values === 'number' ? [] : [values.length, ...(values.length > 0 ? shapeOf(values[0]) : [])];
}

function flatten(values: Nested): number[] {
  const shape = shapeOf(values);
  const flat: number[] = [];
  const walk = (part: Nested, dim: number): void => {
    if (typeof part === 'number' && dim === shape.length) flat.push(part);
    else if (typeof part !== 'number' && part.length === shape[dim]) for (const inner of part) walk(inner, dim + 1);
    else throw new ShapeError(`tensor: the nested lists are ragged (expected ${showShape(shape)})`);
  };
  walk(values, 0);
  return flat;
}
