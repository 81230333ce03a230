// Functions of two tensors, element by element, with broadcasting.
import { ShapeError, UsageError } from '../../errors.js';
import { MAX_RANK } from '../../kernels/broadcast.js';
import { map, where as whereKernel } from '../../kernels/elementwise.js';
import { broadcastShapes, type Shape, showShape } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { composed, record } from '../tape.js';
import { broadcastTo, sumTo } from './broadcast.js';
import { cast, promoted } from './cast.js';
import { requireFloats, requireTensors } from './checks.js';
import { combine, comparison, unlessNaN, weigh } from './combine.js';
import { full, zerosLike } from './create.js';
import { affine, divideBy, divideInto, times } from './numbers.js';
import { neg } from './pointwise.js';

/** @throws UsageError unless at least one of two operands is a tensor, and the other one or a number. */
function requireOperands(op: string, a: Operand, b: Operand): void {
  if (typeof a === 'number' && typeof b === 'number') {
    throw new UsageError(`${op}: takes a tensor and a number or another tensor, got ${a} and ${b}`);
  }
  requireTensors(op, ...[a, b].filter((t) => typeof t !== 'number'));
}

/** A tensor or a plain number. */
export type Operand = Tensor | number;

/** a + b; one of them may be a number. Shapes broadcast, here and in all ops of two tensors, by NumPy's rule. PyTorch: torch.add. */
export function add(a: Operand, b: Operand): Tensor {
  requireOperands('add', a, b);
  if (typeof b === 'number') return affine(a as Tensor, 1, b, 'add');
  if (typeof a === 'number') return affine(b, 1, a, 'add');
  return promoted(sum, a, b);
}

/** a - b; one of them may be a number. PyTorch: torch.sub. */
export function sub(a: Operand, b: Operand): Tensor {
  requireOperands('sub', a, b);
  if (typeof b === 'number') return affine(a as Tensor, 1, -b, 'sub');
  if (typeof a === 'number') return affine(b, -1, a, 'sub');
  return promoted(difference, a, b);
}

/** a * b; one of them may be a number. PyTorch: torch.mul. */
export function mul(a: Operand, b: Operand): Tensor {
  requireOperands('mul', a, b);
  if (typeof b === 'number') return times(a as Tensor, b);
  if (typeof a === 'number') return times(b, a);
  return promoted(product, a, b);
}

/** a / b; one of them may be a number. PyTorch: torch.div. */
export function div(a: Operand, b: Operand): Tensor {
  requireOperands('div', a, b);
  if (typeof b === 'number') return divideBy(a as Tensor, b);
  if (typeof a === 'number') return divideInto(b, a);
  return promoted(quotient, a, b);
}

/**
 * The larger of a and b, NaN where one is NaN. Where they are equal, each gets half of the gradient. PyTorch: torch.maximum.
 */
export function maximum(a: Tensor, b: Tensor): Tensor {
  requireTensors('maximum', a, b);
  return promoted((x, z) => choice('maximum', 'max(a, b)', 'a < b', x, z), a, b);
}

/**
 * The smaller of a and b, NaN where one is NaN. Where they are equal, each gets half of the gradient. PyTorch: torch.minimum.
 */
export function minimum(a: Tensor, b: Tensor): Tensor {
  requireTensors('minimum', a, b);
  return promoted((x, z) => choice('minimum', 'min(a, b)', 'a > b', x, z), a, b);
}

/** `loses` says where a is not the result. As in PyTorch, all of the gradient goes to both where one is NaN. */
function choice(op: string, formula: string, loses: string, a: Tensor, b: Tensor): Tensor {
  requireFloats(op, a, b);
  const y = combine(op, `select(${formula}, a + b, is_nan(a) | is_nan(b))`, a, b);
  const half = 'select(value(1.0), value(0.5), a == b)';
  const share = (mine: Tensor, other: Tensor) =>
    combine(
      `${op} share`,
      `select(select(${half}, value(), ${loses}), value(1.0), is_nan(a) | is_nan(b))`,
      mine,
      other,
    );
  return record(op, y, [a, b], (dy) => [
    () => sumTo(weigh(dy, share(a, b)), a.shape),
    () => sumTo(weigh(dy, share(b, a)), b.shape),
  ]);
}

/** Comparisons give floats, of the dtype of what they compare: 1 where true, 0 where false. They have no gradient. */
function compare(op: string, relation: string, a: Tensor, b: Operand): Tensor {
  requireTensors(op, a);
  if (typeof b !== 'number') {
    requireTensors(op, b);
    return promoted((x, z) => combine(op, comparison(relation), x, z), a, b);
  }
  requireFloats(op, a);
  if (Number.isNaN(b)) return full(a.shape, Number(op === 'ne'), { dtype: a.dtype });
  const y = empty(a.shape, a.dtype, op);
  const holds = unlessNaN(relation, `x ${relation} vec4f(p.alpha)`, 'is_nan(x)');
  map(`select(vec4f(), vec4f(1.0), ${holds})`, a.buffer, y.buffer, y.size, b);
  return y;
}

/** 1 where a = b, 0 elsewhere, as floats; b may be a number. No gradient, as for all comparisons. PyTorch: torch.eq. */
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
 * a where `condition` (floats, as comparisons give) is not 0, b elsewhere; all three broadcast, a and b may be numbers.
 * PyTorch: torch.where.
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const given = [condition, ...[a, b].filter((t) => typeof t !== 'number')];
  for (const t of given) requireFloats('where', t);
  const shape = given.reduce((joint: Shape, t) => broadcastShapes('where', joint, t.shape), []);
  if (shape.length > MAX_RANK) throw new ShapeError(`where: more than ${MAX_RANK} dimensions, ${showShape(shape)}`);
  return composed(given, () => {
    const options = [a, b].filter((t) => typeof t !== 'number');
    const dtype = (options.length > 0 ? options : [condition]).some((t) => t.dtype === 'f32') ? 'f32' : 'f16';
    const like = (t: Operand) => broadcastTo(typeof t === 'number' ? full([], t, { dtype }) : cast(t, dtype), shape);
    // What is no 0 in f32 may be one in f16.
    return select(like(condition.dtype === dtype ? condition : ne(condition, 0)), like(a), like(b));
  });
}

function select(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  // dy is chosen, not multiplied: the condition is any number, and what was not chosen may be infinite.
  return record('where', choose(condition, a, b), [a, b], (dy) => [
    () => choose(condition, dy, zerosLike(dy)),
    () => choose(condition, zerosLike(dy), dy),
  ]);
}

function choose(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  const y = empty(a.shape, a.dtype, 'where');
  whereKernel(condition.buffer, a.buffer, b.buffer, y.buffer, y.size);
  return y;
}

function sum(a: Tensor, b: Tensor): Tensor {
  return record('add', combine('add', 'a + b', a, b), [a, b], (dy) => [
    () => sumTo(dy, a.shape),
    () => sumTo(dy, b.shape),
  ]);
}

function difference(a: Tensor, b: Tensor): Tensor {
  return record('sub', combine('sub', 'a - b', a, b), [a, b], (dy) => [
    () => sumTo(dy, a.shape),
    () => sumTo(neg(dy), b.shape),
  ]);
}

function product(a: Tensor, b: Tensor): Tensor {
  return record('mul', combine('mul', 'a * b', a, b), [a, b], (dy) => [
    () => sumTo(mul(dy, b), a.shape),
    () => sumTo(mul(dy, a), b.shape),
  ]);
}

function quotient(a: Tensor, b: Tensor): Tensor {
  return record('div', combine('div', 'divide(a, b)', a, b), [a, b], (dy) => [
    () => sumTo(div(dy, b), a.shape),
    () => sumTo(neg(mul(dy, div(div(a, b), b))), b.shape),
  ]);
}
