// Functions of one tensor, element by element. One line of the table is one op: y in terms of x, and dy/dx in
// terms of what is saved, s = x or s = y. alpha and beta are the op's own constants, p.alpha and p.beta.
import * as kernels from '../../kernels/elementwise.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { record } from '../tape.js';
import { requireF32, requireNumbers } from './checks.js';

interface Formula {
  y: string;
  save: 'x' | 'y';
  dydx: string;
}

// exp overflows to an infinity that WGSL need not honour, so arguments are kept in range where it can happen.
const sigmoidOf = (value: string) => `(1.0 / (1.0 + exp(-clamp(${value}, vec4f(-87.0), vec4f(87.0)))))`;

/** Every pointwise op's formula and derivative. */
export const formulas = {
  sigmoid: { y: sigmoidOf('x'), save: 'y', dydx: 's * (1.0 - s)' },
  tanh: { y: 'tanh(clamp(x, vec4f(-15.0), vec4f(15.0)))', save: 'y', dydx: '1.0 - s * s' },
  exp: { y: 'exp(x)', save: 'y', dydx: 's' },
  // WGSL's log promises nothing at and below 0; division and square root give what PyTorch gives, on every adapter.
  log: {
    y: 'select(log(x), select(-1.0 / abs(x), sqrt(x), x < vec4f()), x <= vec4f())',
    save: 'x',
    dydx: '1.0 / s',
  },
  sqrt: { y: 'sqrt(x)', save: 'y', dydx: '0.5 / s' },
  reciprocal: { y: '1.0 / x', save: 'y', dydx: '-s * s' },
  abs: { y: 'abs(x)', save: 'x', dydx: 'sign(s)' },
  square: { y: 'x * x', save: 'x', dydx: '2.0 * s' },
  neg: { y: '-x', save: 'x', dydx: 'vec4f(-1.0)' },
  sin: { y: 'sine(x, 0)', save: 'x', dydx: 'sine(s, 1)' },
  cos: { y: 'sine(x, 1)', save: 'x', dydx: '-sine(s, 0)' },
  leakyRelu: {
    y: 'select(p.alpha * x, x, x > vec4f())',
    save: 'x',
    dydx: 'select(vec4f(p.alpha), vec4f(1.0), s > vec4f())',
  },
  elu: {
    y: 'select(p.alpha * (exp(min(x, vec4f())) - 1.0), x, x > vec4f())',
    save: 'x',
    dydx: 'select(p.alpha * exp(min(s, vec4f())), vec4f(1.0), s > vec4f())',
  },
  gelu: {
    y: '0.5 * x * (1.0 + erf(x * 0.70710678))',
    save: 'x',
    dydx: '0.5 * (1.0 + erf(s * 0.70710678)) + s * exp(-0.5 * s * s) * 0.39894228',
  },
  // Where the sigmoid stops at its bound, so must its factor: a huge negative number has no silu.
  silu: {
    y: `max(x, vec4f(-87.0)) * ${sigmoidOf('x')}`,
    save: 'x',
    dydx: `${sigmoidOf('s')} * (1.0 + max(s, vec4f(-87.0)) * (1.0 - ${sigmoidOf('s')}))`,
  },
  softplus: { y: 'max(x, vec4f()) + log(1.0 + exp(-abs(x)))', save: 'x', dydx: sigmoidOf('s') },
  clamp: {
    y: 'min(max(x, vec4f(p.alpha)), vec4f(p.beta))',
    save: 'x',
    dydx: 'select(vec4f(), vec4f(1.0), (s >= vec4f(p.alpha)) & (s <= vec4f(p.beta)))',
  },
  scale: { y: 'p.alpha * x + p.beta', save: 'x', dydx: 'vec4f(p.alpha)' },
  inverseScale: { y: 'p.alpha / x', save: 'x', dydx: '-p.alpha / (s * s)' },
  one: { y: 'vec4f(1.0)', save: 'x', dydx: 'vec4f()' },
  power: { y: 'pow(abs(x), vec4f(p.alpha))', save: 'x', dydx: 'p.alpha * sign(s) * pow(abs(s), vec4f(p.alpha - 1.0))' },
  oddPower: {
    y: 'sign(x) * pow(abs(x), vec4f(p.alpha))',
    save: 'x',
    dydx: 'p.alpha * pow(abs(s), vec4f(p.alpha - 1.0))',
  },
} as const satisfies Record<string, Formula>;

/** `op` is what messages and `memory()` call it, where that is not the formula's name. */
function pointwise(name: keyof typeof formulas, x: Tensor, alpha = 0, beta = 0, op: string = name): Tensor {
  requireF32(op, x);
  const { y: formula, save, dydx }: Formula = formulas[name];
  const y = empty(x.shape, 'f32', op);
  kernels.map(formula, x.buffer, y.buffer, x.size, alpha, beta);
  return record(op, y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, 'f32', `${op} dx`);
      const s = save === 'x' ? x : y;
      kernels.mapGrad(dydx, { s: s.buffer, dy: dy.buffer, dx: dx.buffer }, x.size, alpha, beta);
      return dx;
    },
  ]);
}

/** max(x, 0). Its gradient at 0 is 0. PyTorch: F.relu. */
export function relu(x: Tensor): Tensor {
  requireF32('relu', x);
  const y = empty(x.shape, 'f32', 'relu');
  kernels.relu(x.buffer, y.buffer, x.size);
  return record('relu', y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, 'f32', 'relu dx');
      kernels.reluGrad(y.buffer, dy.buffer, dx.buffer, x.size);
      return dx;
    },
  ]);
}

/** 1 / (1 + exp(-x)). PyTorch: torch.sigmoid. */
export const sigmoid = (x: Tensor): Tensor => pointwise('sigmoid', x);
/** The hyperbolic tangent. PyTorch: torch.tanh. */
export const tanh = (x: Tensor): Tensor => pointwise('tanh', x);
/** e to the power of x. PyTorch: torch.exp. */
export const exp = (x: Tensor): Tensor => pointwise('exp', x);
/** The natural logarithm. PyTorch: torch.log. */
export const log = (x: Tensor): Tensor => pointwise('log', x);
/** The square root. It has no finite gradient at 0. PyTorch: torch.sqrt. */
export const sqrt = (x: Tensor): Tensor => pointwise('sqrt', x);
/** 1 / x. PyTorch: torch.reciprocal. */
export const reciprocal = (x: Tensor): Tensor => pointwise('reciprocal', x);
/** |x|; the gradient at 0 is 0. PyTorch: torch.abs. */
export const abs = (x: Tensor): Tensor => pointwise('abs', x);
/** x². PyTorch: torch.square. */
export const square = (x: Tensor): Tensor => pointwise('square', x);
/** -x. PyTorch: torch.neg. */
export const neg = (x: Tensor): Tensor => pointwise('neg', x);
/** The sine of x in radians. PyTorch: torch.sin. */
export const sin = (x: Tensor): Tensor => pointwise('sin', x);
/** The cosine of x in radians. PyTorch: torch.cos. */
export const cos = (x: Tensor): Tensor => pointwise('cos', x);
/** x where positive, negativeSlope * x elsewhere; slope 0.01 by default. PyTorch: F.leaky_relu. */
export function leakyRelu(x: Tensor, negativeSlope = 0.01): Tensor {
  requireNumbers('leakyRelu', { negativeSlope });
  return pointwise('leakyRelu', x, negativeSlope);
}
/** x where positive, alpha * (exp(x) - 1) elsewhere; alpha 1 by default. Clevert et al. 2016. PyTorch: F.elu. */
export function elu(x: Tensor, alpha = 1): Tensor {
  requireNumbers('elu', { alpha });
  return pointwise('elu', x, alpha);
}
/** x times the normal distribution function of x, by the error function. Hendrycks and Gimpel 2016. PyTorch: F.gelu. */
export const gelu = (x: Tensor): Tensor => pointwise('gelu', x);
/** x * sigmoid(x), also called swish. PyTorch: F.silu. */
export const silu = (x: Tensor): Tensor => pointwise('silu', x);
/** log(1 + exp(x)), without overflow. PyTorch: F.softplus. */
export const softplus = (x: Tensor): Tensor => pointwise('softplus', x);
/**
 * x kept between min and max, either of which may be infinite; the gradient passes where min <= x <= max. Where min is
 * above max, all becomes max. PyTorch: torch.clamp.
 */
export function clamp(x: Tensor, min: number, max: number): Tensor {
  requireNumbers('clamp', { min, max });
  const finite = (bound: number) => Math.min(Math.max(bound, -LARGEST_F32), LARGEST_F32); // WGSL promises no infinity
  return pointwise('clamp', x, finite(min), finite(max));
}

const LARGEST_F32 = (2 - 2 ** -23) * 2 ** 127;

/** factor * x + offset: arithmetic with plain numbers in one pass. */
export const affine = (x: Tensor, factor: number, offset: number, op = 'scale'): Tensor =>
  pointwise('scale', x, factor, offset, op);
/** numerator / x. */
export const divideInto = (x: Tensor, numerator: number): Tensor => pointwise('inverseScale', x, numerator, 0, 'div');
/** x to a constant power. A fractional power takes x >= 0. PyTorch: torch.pow. */
export function pow(x: Tensor, exponent: number): Tensor {
  requireF32('pow', x);
  requireNumbers('pow', { exponent });
  // The language's own pow is exp2(exponent * log2(x)), which for 0 to the power of 0 has no value.
  if (exponent === 0) return pointwise('one', x, 0, 0, 'pow');
  if (exponent === 1) return affine(x, 1, 0, 'pow');
  if (exponent === 2) return square(x);
  if (exponent === 0.5) return sqrt(x);
  return pointwise(Math.abs(exponent % 2) === 1 ? 'oddPower' : 'power', x, exponent, 0, 'pow');
}
