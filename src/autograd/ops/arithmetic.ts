// Functions of two tensors, element by element, with broadcasting.
import { ShapeError, UsageError } from '../../device/errors.js';
import { binaryBroadcast, MAX_RANK } from '../../kernels/broadcast.js';
import { binary, map, where as whereKernel } from '../../kernels/elementwise.js';
import { broadcastShapes, type Shape, sameShape, showShape, stridesOf } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { composed, record } from '../tape.js';
import { requireF32, requireTensors } from './checks.js';
import { full } from './create.js';
import { affine, divideInto, neg, square } from './pointwise.js';
import { sumTo } from './reduce.js';
import { broadcastTo } from './shape.js';

/** @throws UsageError unless at least one of two operands is a tensor, and the other one or a number. */
function requireOperands(op: string, a: Operand, b: Operand): void {
  if (typeof a === 'number' && typeof b === 'number') {
    throw new UsageError(`${op}: takes a tensor and a number or another tensor, got ${a} and ${b}`);
  }
  requireTensors(op, ...[a, b].filter((t) => typeof t !== 'number'));
}

/** A tensor or a plain number. */
export type Operand = Tensor | number;

function combine(op: string, formula: string, a: Tensor, b: Tensor): Tensor {
  requireF32(op, a, b);
  const shape = broadcastShapes(op, a.shape, b.shape);
  if (shape.length > MAX_RANK) throw new ShapeError(`${op}: more than ${MAX_RANK} dimensions, ${showShape(shape)}`);
  const y = empty(shape, 'f32', op);
  if (y.size === 0) return y;
  if (sameShape(a.shape, b.shape)) binary(formula, a.buffer, b.buffer, y.buffer, y.size);
  else {
    const buffers = { a: a.buffer, b: b.buffer, y: y.buffer };
    binaryBroadcast(formula, buffers, shape, repeatStrides(a.shape, shape), repeatStrides(b.shape, shape));
  }
  return y;
}

/** Strides that walk a tensor as if it had the broadcast shape. */
function repeatStrides(own: Shape, shape: Shape): number[] {
  const strides = stridesOf(own);
  const missing = shape.length - own.length;
  return shape.map((_, i) => (i < missing || own[i - missing] === 1 ? 0 : strides[i - missing]));
}

/** a + b; one of them may be a number. Shapes broadcast, here and in all ops of two tensors, by NumPy's rule. PyTorch: torch.add. */
export function add(a: Operand, b: Operand): Tensor {
  requireOperands('add', a, b);
  if (typeof b === 'number') return affine(a as Tensor, 1, b, 'add');
  if (typeof a === 'number') return affine(b, 1, a, 'add');
  return record('add', combine('add', 'a + b', a, b), [a, b], (dy) => [
    () => sumTo(dy, a.shape),
    () => sumTo(dy, b.shape),
  ]);
}

/** a - b; one of them may be a number. PyTorch: torch.sub. */
export function sub(a: Operand, b: Operand): Tensor {
  requireOperands('sub', a, b);
  if (typeof b === 'number') return affine(a as Tensor, 1, -b, 'sub');
  if (typeof a === 'number') return affine(b, -1, a, 'sub');
  return record('sub', combine('sub', 'a - b', a, b), [a, b], (dy) => [
    () => sumTo(dy, a.shape),
    () => sumTo(neg(dy), b.shape),
  ]);
}

/** a * b; one of them may be a number. PyTorch: torch.mul. */
export function mul(a: Operand, b: Operand): Tensor {
  requireOperands('mul', a, b);
  if (typeof b === 'number') return affine(a as Tensor, b, 0, 'mul');
  if (typeof a === 'number') return affine(b, a, 0, 'mul');
  return record('mul', combine('mul', 'a * b', a, b), [a, b], (dy) => [
    () => sumTo(mul(dy, b), a.shape),
    () => sumTo(mul(dy, a), b.shape),
  ]);
}

/** a / b; one of them may be a number. PyTorch: torch.div. */
export function div(a: Operand, b: Operand): Tensor {
  requireOperands('div', a, b);
  if (typeof b === 'number') return affine(a as Tensor, 1 / b, 0, 'div');
  if (typeof a === 'number') return divideInto(b, a);
  return record('div', combine('div', 'a / b', a, b), [a, b], (dy) => [
    () => sumTo(div(dy, b), a.shape),
    () => sumTo(neg(div(mul(dy, a), square(b))), b.shape),
  ]);
}

/** The larger of a and b. Where they are equal, each gets half of the gradient, as in PyTorch's torch.maximum. */
export function maximum(a: Tensor, b: Tensor): Tensor {
  return choice('maximum', 'max(a, b)', a, b, gt);
}

/** The smaller of a and b. Where they are equal, each gets half of the gradient, as in PyTorch's torch.minimum. */
export function minimum(a: Tensor, b: Tensor): Tensor {
  return choice('minimum', 'min(a, b)', a, b, lt);
}

function choice(op: string, formula: string, a: Tensor, b: Tensor, wins: (a: Tensor, b: Tensor) => Tensor): Tensor {
  const share = (mine: Tensor, other: Tensor) => add(wins(mine, other), mul(eq(mine, other), 0.5));
  return record(op, combine(op, formula, a, b), [a, b], (dy) => [
    () => sumTo(mul(dy, share(a, b)), a.shape),
    () => sumTo(mul(dy, share(b, a)), b.shape),
  ]);
}

/** Comparisons give f32: 1 where true, 0 where false. They have no gradient. */
function compare(op: string, relation: string, a: Tensor, b: Operand): Tensor {
  if (typeof b !== 'number') return combine(op, `select(value(0.0), value(1.0), a ${relation} b)`, a, b);
  requireF32(op, a);
  const y = empty(a.shape, 'f32', op);
  map(`select(vec4f(), vec4f(1.0), x ${relation} vec4f(p.alpha))`, a.buffer, y.buffer, y.size, b);
  return y;
}

/** 1 where a = b, 0 elsewhere, as f32; b may be a number. No gradient, as for all comparisons. PyTorch: torch.eq. */
export const eq = (a: Tensor, b: Operand): Tensor => compare('eq', '==', a, b);
/** 1 where a and b differ, 0 elsewhere. PyTorch: torch.ne. */
export const ne = (a: Tensor, b: Operand): Tensor => compare('ne', '!=', a, b);
/** 1 where a > b, 0 elsewhere. PyTorch: torch.gt. */
export const gt = (a: Tensor, b: Operand): Tensor => compare('gt', '>', a, b);
/** 1 where a >= b, 0 elsewhere. PyTorch: torch.ge. */
export const ge = (a: Tensor, b: Operand): Tensor => compare('ge', '>=', a, b);
/** 1 where a < b, 0 elsewhere. PyTorch: torch.lt. */
export const lt = (a: Tensor, b: Operand): Tensor => compare('lt', '<', a, b);
/** 1 where a <= b, 0 elsewhere. PyTorch: torch.le. */
export const le = (a: Tensor, b: Operand): Tensor => compare('le', '<=', a, b);

/**
 * a where `condition` (f32, as comparisons give) is not 0, b elsewhere; all three broadcast, a and b may be numbers.
 * PyTorch: torch.where.
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const given = [condition, ...[a, b].filter((t) => typeof t !== 'number')];
  requireF32('where', ...given);
  const shape = given.reduce((joint: Shape, t) => broadcastShapes('where', joint, t.shape), []);
  return composed(given, () => {
    const [c, x, z] = [condition, a, b].map((t) => broadcastTo(typeof t === 'number' ? full([], t) : t, shape));
    return select(c, x, z);
  });
}

function select(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  // dy is chosen, not multiplied: the condition is any number, and what was not chosen may be infinite.
  return record('where', choose(condition, a, b), [a, b], (dy) => [
    () => choose(condition, dy, full(dy.shape, 0)),
    () => choose(condition, full(dy.shape, 0), dy),
  ]);
}

function choose(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  const y = empty(a.shape, 'f32', 'where');
  whereKernel(condition.buffer, a.buffer, b.buffer, y.buffer, y.size);
  return y;
}
