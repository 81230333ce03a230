// Reductions: many elements become one.
import { ShapeError } from '../../errors.js';
import { map } from '../../kernels/elementwise.js';
import * as kernels from '../../kernels/reduce.js';
import { checkOptions, finite, flag } from '../../options.js';
import { normalizeDim, normalizeDims, type Shape, showShape, sizeOf } from '../../tensor/shape.js';
import { alias, empty, type Tensor } from '../../tensor/tensor.js';
import { inF32, raised } from '../autocast.js';
import { composed, noGrad, record } from '../tape.js';
import { broadcastTo } from './broadcast.js';
import { requireFlag, requireFloats } from './checks.js';
import { combine, comparison } from './combine.js';
import { affine, divideBy } from './numbers.js';
import { nothing, reduceDims } from './reduce-dims.js';

/** Which dimensions to reduce, negative ones from the back; none, null or [] means all. */
export type Dims = number | readonly number[] | null;

function withoutDims(shape: Shape, dims: number[], keepDim: boolean): Shape {
  return keepDim ? shape : shape.filter((_, i) => !dims.includes(i));
}

/** The sum over dims, which `keepDim` keeps with size 1. PyTorch: torch.sum(x, dim, keepdim). */
export function sum(x: Tensor, dim: Dims = null, keepDim = false): Tensor {
  requireFloats('sum', x);
  return raised((wide) => total('sum', wide, dim, keepDim, 1), x);
}

/**
 * The mean over dims. PyTorch: torch.mean(x, dim, keepdim).
 * @throws ShapeError if there is nothing along dims.
 */
export function mean(x: Tensor, dim: Dims = null, keepDim = false): Tensor {
  requireFloats('mean', x);
  const dims = normalizeDims('mean', dim, x.rank);
  return total('mean', x, dim, keepDim, countAlong(x, dims));
}

/** Elements that make one of a reduction's results. */
const countAlong = (x: Tensor, dims: readonly number[]): number => dims.reduce((n, d) => n * x.shape[d], 1);

function total(op: string, x: Tensor, dim: Dims, keepDim: boolean, divisor: number): Tensor {
  requireFloats(op, x);
  requireFlag(op, 'keepDim', keepDim);
  const dims = normalizeDims(op, dim, x.rank);
  const y = reduceDims(op, 'sum', x, dims, divisor);
  const kept = y.shape;
  const shaped = alias(y, withoutDims(kept, dims, keepDim));
  y.dispose(); // its storage is the result's now
  return record(op, shaped, [x], (dy) => [
    () => {
      const each = broadcastTo(alias(dy, kept), x.shape);
      return divisor === 1 ? each : divideBy(each, divisor);
    },
  ]);
}

/**
 * The largest element over dims, NaN where one is NaN. Equal ones share the gradient. PyTorch: torch.amax.
 * @throws ShapeError if there is nothing along dims.
 */
export function amax(x: Tensor, dim: Dims = null, keepDim = false): Tensor {
  return extreme('amax', 'max', x, dim, keepDim);
}

/**
 * The smallest element over dims, NaN where one is NaN. Equal ones share the gradient. PyTorch: torch.amin.
 * @throws ShapeError if there is nothing along dims.
 */
export function amin(x: Tensor, dim: Dims = null, keepDim = false): Tensor {
  return extreme('amin', 'min', x, dim, keepDim);
}

function extreme(op: string, which: 'max' | 'min', x: Tensor, dim: Dims, keepDim: boolean): Tensor {
  requireFloats(op, x);
  requireFlag(op, 'keepDim', keepDim);
  const dims = normalizeDims(op, dim, x.rank);
  return composed([x], () => {
    const y = reduceDims(op, which, x, dims);
    return record(op, alias(y, withoutDims(y.shape, dims, keepDim)), [x], (dy) => [
      () => {
        const hit = combine(op, comparison('=='), x, y);
        const found = reduceDims(op, 'sum', hit, dims);
        const hits = combine(op, 'select(a, b, is_nan(b))', found, y); // where y is NaN nothing hits: the gradient is NaN
        const share = combine(op, 'a / b', alias(dy, y.shape), hits);
        return combine(op, 'select(select(value(), b, is_nan(b)), b, a != value())', hit, share);
      },
    ]);
  });
}

/** The sum over dims of formula(a, b), divided by `divisor`; dims are kept. */
function sumOf(op: string, formula: string, a: Tensor, b: Tensor, dims: number[], divisor = 1): Tensor {
  const each = combine(op, formula, a, b);
  const total = reduceDims('sum', 'sum', each, dims, divisor);
  each.dispose();
  return total;
}

/** How `variance` counts. */
export interface VarianceOptions {
  /** What is taken from the number of elements that the sum of squares is divided by. Default 1, for an unbiased estimate. */
  correction?: number;
  /** Keeps the dimensions with size 1. Default false. */
  keepDim?: boolean;
}

/**
 * The variance over dims; `correction` 1 (default) divides by n - 1, 0 by n. In two passes, so that an offset of all elements
 * takes nothing from it. PyTorch: torch.var.
 * @throws ShapeError if that is not above 0.
 */
export function variance(x: Tensor, dim: Dims = null, options: VarianceOptions = {}): Tensor {
  requireFloats('variance', x);
  checkOptions('variance', options, { correction: finite, keepDim: flag });
  const { correction = 1, keepDim = false } = options;
  const dims = normalizeDims('variance', dim, x.rank);
  const n = countAlong(x, dims);
  if (n <= correction && sizeOf(withoutDims(x.shape, dims, false)) > 0) {
    throw new ShapeError(
      `variance: ${showShape(x.shape)} has ${n} elements along ${showShape(dims)}; less correction ${correction} nothing is left to divide by`,
    );
  }
  return inF32((wide) => varianceOver(wide, dims, n, correction, keepDim), x);
}

function varianceOver(x: Tensor, dims: number[], n: number, correction: number, keepDim: boolean): Tensor {
  return composed([x], () => {
    const center = reduceDims('variance', 'sum', x, dims, n);
    const rest = sumOf('variance', 'a - b', x, center, dims, n); // what rounding left out of the center
    const squares = sumOf('variance', '(a - b) * (a - b)', x, center, dims, n);
    const y = combine('variance', 'select(max(a - b * b, value()), a, (a > value(3e38)) | is_nan(a))', squares, rest);
    for (const t of [squares, rest]) t.dispose();
    const scaled = noGrad(() => affine(y, n / (n - correction), 0, 'variance'));
    return record('variance', alias(scaled, withoutDims(y.shape, dims, keepDim)), [x], (dy) => [
      () => {
        const distance = combine('variance', 'a - b', x, center);
        return combine('variance', 'a * b', distance, affine(alias(dy, y.shape), 2 / (n - correction), 0));
      },
    ]);
  });
}

/**
 * The Euclidean norm over dims, of elements of any size: squares neither overflow nor vanish. Its gradient at 0 is 0. PyTorch:
 * torch.linalg.vector_norm.
 */
export function norm(x: Tensor, dim: Dims = null, keepDim = false): Tensor {
  requireFloats('norm', x);
  requireFlag('norm', 'keepDim', keepDim);
  const dims = normalizeDims('norm', dim, x.rank);
  if (x.size === 0) return sum(x, dims, keepDim); // of nothing 0
  return inF32((wide) => normOver(wide, dims, keepDim), x);
}

function normOver(x: Tensor, dims: number[], keepDim: boolean): Tensor {
  return composed([x], () => {
    const [top, bottom] = (['max', 'min'] as const).map((which) => reduceDims('norm', which, x, dims));
    const largest = combine('norm', 'max(abs(a), abs(b))', top, bottom);
    const scale = empty(largest.shape, 'f32', 'norm');
    map(POWER_OF_TWO, largest.buffer, scale.buffer, scale.size);
    const squares = sumOf('norm', 'divide(a, b) * divide(a, b)', x, scale, dims);
    const y = combine('norm', 'sqrt(a) * b', squares, scale);
    for (const t of [top, bottom, largest, scale, squares]) t.dispose();
    return record('norm', alias(y, withoutDims(y.shape, dims, keepDim)), [x], (dy) => [
      () => {
        const direction = combine('norm', 'select(divide(a, b), value(), b == value())', x, y);
        return combine('norm', 'a * b', direction, alias(dy, y.shape));
      },
    ]);
  });
}

const EXPONENT = '(bitcast<vec4u>(x) & vec4u(0x7f800000u))';
/** The power of two at or below x; 1 where x is 0 or not finite. */
const POWER_OF_TWO = `select(bitcast<vec4f>(${EXPONENT}), vec4f(1.0), (${EXPONENT} == vec4u()) | (${EXPONENT} == vec4u(0x7f800000u)))`;

/**
 * Where along `dim` the largest element is, as i32; the first of equals, or the first NaN. PyTorch: torch.argmax, which without `dim` looks
 * through all elements, not along the last dimension.
 */
export function argmax(x: Tensor, dim = -1, keepDim = false): Tensor<'i32'> {
  return argExtreme('argmax', 'max', x, dim, keepDim);
}

/** Where along `dim` (default the last) the smallest element is, as i32; the first of equals, or the first NaN. As `argmax`. */
export function argmin(x: Tensor, dim = -1, keepDim = false): Tensor<'i32'> {
  return argExtreme('argmin', 'min', x, dim, keepDim);
}

function argExtreme(op: string, which: 'max' | 'min', x: Tensor, dim: number, keepDim: boolean): Tensor {
  requireFloats(op, x);
  requireFlag(op, 'keepDim', keepDim);
  const d = normalizeDim(op, dim, x.rank);
  const kept = x.shape.map((n, i) => (i === d ? 1 : n));
  const y = empty(withoutDims(kept, [d], keepDim), 'i32', op);
  if (x.size === 0) {
    if (y.size > 0) throw nothing(op, x, [d]);
    return y;
  }
  const outer = sizeOf(x.shape.slice(0, d));
  kernels.argReduce(which, x.buffer, y.buffer, { outer, length: x.shape[d] ?? 1, inner: sizeOf(x.shape.slice(d + 1)) });
  return y;
}
