// Functions of one tensor, element by element. One line of the table is one op: y in terms of x, and dx in terms of dy and of
// what is saved, s = x or s = y. Where dx is in terms of dy alone nothing is, and x may be overwritten. alpha and beta are the
// op's own constants, p.alpha and p.beta.
import * as kernels from '../../kernels/elementwise.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { record } from '../tape.js';
import { requireF32, requireNumbers } from './checks.js';

interface Formula {
  y: string;
  save?: 'x' | 'y';
  dx: string;
}

/** Every pointwise op's formula and gradient. They may use what src/kernels/map.wgsl and map_grad.wgsl define. */
export const formulas = {
  sigmoid: { y: 'sigmoid(x)', save: 'y', dx: 'dy * (s * (1.0 - s))' },
  tanh: { y: 'hyperbolic_tangent(x)', save: 'y', dx: 'dy * ((1.0 - s) * (1.0 + s))' },
  exp: { y: 'exponential(x)', save: 'y', dx: 'dy * s' },
  log: { y: 'logarithm(x)', save: 'x', dx: 'divide(dy, s)' },
  sqrt: { y: 'sqrt(x)', save: 'y', dx: 'dy / (2.0 * s)' },
  reciprocal: { y: '1.0 / x', save: 'y', dx: '-dy * (s * s)' },
  abs: { y: 'abs(x)', save: 'x', dx: 'dy * select(sign(s), vec4f(), is_nan(s))' },
  square: { y: 'x * x', save: 'x', dx: 'dy * (2.0 * s)' },
  neg: { y: '-x', dx: '-dy' },
  leakyRelu: { y: 'select(p.alpha * x, x, x > vec4f())', save: 'x', dx: 'select(p.alpha * dy, dy, s > vec4f())' },
  elu: {
    y: 'select(p.alpha * exp_minus_1(x), x, x > vec4f())',
    save: 'x',
    dx: 'select(dy * (p.alpha * exponential(s)), dy, s > vec4f())',
  },
  silu: { y: 'silu(x)', save: 'x', dx: 'dy * silu_slope(s)' },
  softplus: {
    y: 'select(vec4f(), x, x > vec4f()) + log_plus_1(exponential(-abs(x)))',
    save: 'x',
    dx: 'dy * sigmoid(s)',
  },
  clamp: {
    y: 'select(min(max(x, vec4f(p.alpha)), vec4f(p.beta)), x, is_nan(x))',
    save: 'x',
    // Chosen, not multiplied by 0: dy may be infinite.
    dx: 'select(vec4f(), dy, (s >= vec4f(p.alpha)) & (s <= vec4f(p.beta)) & !is_nan(s))',
  },
  scale: { y: 'p.alpha * x + p.beta', dx: 'p.alpha * dy' },
  times: { y: 'p.alpha * x', dx: 'p.alpha * dy' }, // keeps the sign of a zero, which adding 0 would not
  quotient: { y: 'divide(x, vec4f(p.alpha))', dx: 'divide(dy, vec4f(p.alpha))' },
  inverseScale: { y: 'divide(vec4f(p.alpha), x)', save: 'x', dx: '-dy * divide(divide(vec4f(p.alpha), s), s)' },
  one: { y: 'vec4f(1.0)', dx: 'vec4f()' },
} as const satisfies Record<string, Formula>;

/** `op` is what messages and `memory()` call it, where that is not the formula's name. */
function pointwise(name: keyof typeof formulas, x: Tensor, alpha = 0, beta = 0, op: string = name): Tensor {
  requireF32(op, x);
  const { y: formula, save, dx: gradient }: Formula = formulas[name];
  const y = empty(x.shape, 'f32', op);
  kernels.map(formula, x.buffer, y.buffer, x.size, alpha, beta);
  return record(op, y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, 'f32', `${op} dx`);
      const s = save ? { x, y }[save] : dy;
      kernels.mapGrad(gradient, { s: s.buffer, dy: dy.buffer, dx: dx.buffer }, x.size, alpha, beta);
      return dx;
    },
  ]);
}

/** An op with kernels of its own: y from x, and dx from x and dy. */
function withKernel(op: string, x: Tensor, forward: Launch, backward: Launch): Tensor {
  requireF32(op, x);
  const y = empty(x.shape, 'f32', op);
  forward(x.buffer, null, y.buffer, x.size);
  return record(op, y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, 'f32', `${op} dx`);
      backward(x.buffer, dy.buffer, dx.buffer, x.size);
      return dx;
    },
  ]);
}

type Launch = typeof kernels.gelu;

/** sin(x + turn * pi/2), whose derivative is a quarter turn further. */
function sine(op: string, x: Tensor, turn: number): Tensor {
  const turned =
    (turns: number): Launch =>
    (from, dy, to, count) =>
      kernels.sine(from, dy, to, turns, count);
  return withKernel(op, x, turned(turn), turned(turn + 1));
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
/** The sine of x in radians, of any finite size. PyTorch: torch.sin. */
export const sin = (x: Tensor): Tensor => sine('sin', x, 0);
/** The cosine of x in radians, of any finite size. PyTorch: torch.cos. */
export const cos = (x: Tensor): Tensor => sine('cos', x, 1);
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
export function gelu(x: Tensor): Tensor {
  return withKernel('gelu', x, kernels.gelu, kernels.gelu);
}
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
  return pointwise('clamp', x, min, max);
}

/** factor * x + offset: arithmetic with plain numbers in one pass. */
export const affine = (x: Tensor, factor: number, offset: number, op = 'scale'): Tensor =>
  pointwise('scale', x, factor, offset, op);
/** numerator / x. */
export const divideInto = (x: Tensor, numerator: number): Tensor => pointwise('inverseScale', x, numerator, 0, 'div');
/** factor * x. */
export const times = (x: Tensor, factor: number): Tensor => pointwise('times', x, factor, 0, 'mul');
/** x divided by a number. */
export const divideBy = (x: Tensor, divisor: number): Tensor => pointwise('quotient', x, divisor, 0, 'div');

/**
 * x to a constant power; a negative x has whole powers only, others are NaN. Whole powers up to 64 are products; others are
 * right to about |exponent| times 1e-7. PyTorch: torch.pow.
 */
export function pow(x: Tensor, exponent: number): Tensor {
  requireF32('pow', x);
  requireNumbers('pow', { exponent });
  if (exponent === 0) return pointwise('one', x, 0, 0, 'pow');
  if (exponent === 1) return pointwise('times', x, 1, 0, 'pow');
  if (exponent === 2) return square(x);
  if (exponent === 0.5) return sqrt(x);
  const raised =
    (power: number, factor: number): Launch =>
    (from, dy, to, count) =>
      kernels.power(from, dy, to, { exponent: bounded(power), factor }, count);
  return withKernel('pow', x, raised(exponent, 1), raised(exponent - 1, exponent));
}

/** An infinite exponent as one that has its effect: any number but 1 becomes infinite or 0. */
const bounded = (exponent: number) => Math.min(Math.max(exponent, -1e30), 1e30);
