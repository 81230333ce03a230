// The part of a tensor that differentiation needs: how it was computed, whether `backward` follows it, and its gradient.
import type { CallSite } from '../device/call-site.js';
import { DtypeError, ShapeError, showValue, UsageError } from '../errors.js';
import { type DType, isFloat } from './dtype.js';
import { openScope, type Scope } from './scope.js';
import { type Shape, sameShape, showShape } from './shape.js';
import type { Moment } from './versions.js';

/** How a tensor was computed: its inputs, and a gradient thunk for each. `T` is the tensor's type; tensor.ts gives it. */
export interface Computed<T> {
  /** The op. */
  name: string;
  /** The layer it belongs to. @internal */
  callSite: CallSite;
  /** The tensors that it was computed from. */
  inputs: readonly T[];
  /**
   * From dy, the gradient of the result, to a thunk for each input: it computes the gradient with respect to that input,
   * in its shape. Null where there is none.
   */
  grad: (dy: T) => readonly ((() => T) | null)[];
  /** When: its gradient wants what it reads to be as it was then. @internal */
  made: Moment;
}

/** The base of Tensor, which is `T`. */
export abstract class Differentiable<T extends Differentiable<T>> {
  abstract readonly shape: Shape;
  abstract readonly dtype: DType;
  abstract label: string;
  abstract scope: Scope | null;
  abstract readonly disposed: boolean;
  abstract dispose(): void;

  /** How it was computed; null for what was made from values or under `noGrad`. */
  node: Computed<T> | null = null;
  /** Whether it is, or ever was, a leaf that requires a gradient: what modules count among their state, frozen or not. @internal */
  isParameter = false;
  private followed = false;
  private gradient: T | null = null;

  /** Whether `backward()` follows it. Set on what is trained; results of ops inherit it from their inputs. */
  get requiresGrad(): boolean {
    return this.followed;
  }

  /**
   * False freezes what was trained, and true trains it again. Optimizers pass over what has no gradient: one that is there already
   * moves it once more, as in PyTorch, unless it is given back (`grad = null`), which `freeze` does.
   * @throws DtypeError for what holds no floats, UsageError for false on what was computed: `detach()` is for that.
   */
  set requiresGrad(on: boolean) {
    if (typeof on !== 'boolean') throw new UsageError(`requiresGrad: is true or false, got ${showValue(on)}`);
    if (this.node === null && on) {
      if (!isFloat(this.dtype)) {
        throw new DtypeError(`${this.label}: only floats can require a gradient, this is ${this.dtype}`);
      }
      this.isParameter = true;
    } else if (this.node !== null && !on) {
      throw new UsageError(
        `requiresGrad: ${this.label} ${showShape(this.shape)} was computed from what requires a gradient; ` +
          'detach() gives the same values without one',
      );
    }
    this.followed = on;
  }

  /** The gradient that `backward()` left here, of the same shape; null before. It lives as long as its tensor does. */
  get grad(): T | null {
    return this.gradient;
  }

  /**
   * A gradient set here belongs to this tensor: to its scope, or, as a parameter's, to none. The one before goes with the scope
   * that is open, or at once if none is.
   * @throws ShapeError, DtypeError or UsageError for what cannot be its gradient.
   */
  set grad(value: T | null) {
    const before = this.gradient;
    if (value === before) return;
    if (value) {
      requireGradient(this, value);
      value.scope?.abandon(value);
      this.scope?.adopt(value);
    }
    this.gradient = value ?? null;
    if (!before || before.disposed) return;
    before.scope?.abandon(before);
    const open = openScope();
    if (open) open.adopt(before);
    else before.dispose();
  }
}

function requireGradient<T extends Differentiable<T>>({ label, shape, dtype }: Differentiable<T>, value: T): void {
  if (!(value instanceof Differentiable)) throw new UsageError(`grad: is a tensor or null, got ${showValue(value)}`);
  if (value.dtype !== dtype) throw new DtypeError(`grad: the gradient of ${dtype} is ${dtype}, got ${value.dtype}`);
  if (!sameShape(value.shape, shape)) {
    throw new ShapeError(`grad: ${showShape(value.shape)} cannot be the gradient of ${label} ${showShape(shape)}`);
  }
}
