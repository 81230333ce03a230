// Functions of one tensor, element by element. Each has its formula, y in terms of x, and its gradient, dx in terms of dy and of
// what is saved: s, which is x or y. Where dx is in terms of dy alone nothing is saved, and x may be overwritten. p.alpha and
// p.beta are the op's own constants. Formulas may use what src/kernels/map.wgsl and map_grad.wgsl define.
import * as kernels from '../../kernels/elementwise.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { raised } from '../autocast.js';
import { record } from '../tape.js';
import { requireFloats, requireNumbers } from './checks.js';
import { type Launch, pointwise, withKernel } from './elementwise.js';
import { times } from './numbers.js';

/** A formula that is computed in f32 in mixed precision. */
const wide: typeof pointwise = (op, x, ...how) => {
  requireFloats(op, x);
  return raised((t) => pointwise(op, t, ...how), x);
};

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
  requireFloats('relu', x);
  const y = empty(x.shape, x.dtype, 'relu');
  kernels.relu(x.buffer, y.buffer, x.size);
  return record('relu', y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, x.dtype, 'relu dx');
      kernels.reluGrad(y.buffer, dy.buffer, dx.buffer, x.size);
      return dx;
    },
  ]);
}

/** 1 / (1 + exp(-x)). PyTorch: torch.sigmoid. */
export const sigmoid = (x: Tensor): Tensor =>
  pointwise('sigmoid', x, { y: 'sigmoid(x)', save: 'y', dx: 'dy * (s * (1.0 - s))' });
/** The hyperbolic tangent. PyTorch: torch.tanh. */
export const tanh = (x: Tensor): Tensor =>
  pointwise('tanh', x, { y: 'hyperbolic_tangent(x)', save: 'y', dx: 'dy * ((1.0 - s) * (1.0 + s))' });
/** e to the power of x. PyTorch: torch.exp. */
export const exp = (x: Tensor): Tensor => wide('exp', x, { y: 'exponential(x)', save: 'y', dx: 'dy * s' });
/** The natural logarithm. PyTorch: torch.log. */
export const log = (x: Tensor): Tensor => wide('log', x, { y: 'logarithm(x)', save: 'x', dx: 'divide(dy, s)' });
/** The square root. It has no finite gradient at 0. PyTorch: torch.sqrt. */
export const sqrt = (x: Tensor): Tensor => pointwise('sqrt', x, { y: 'sqrt(x)', save: 'y', dx: 'dy / (2.0 * s)' });
/** 1 / x. PyTorch: torch.reciprocal. */
export const reciprocal = (x: Tensor): Tensor =>
  pointwise('reciprocal', x, { y: '1.0 / x', save: 'y', dx: '-dy * (s * s)' });
/** |x|; the gradient at 0 is 0. PyTorch: torch.abs. */
export const abs = (x: Tensor): Tensor =>
  pointwise('abs', x, { y: 'abs(x)', save: 'x', dx: 'dy * select(sign(s), vec4f(), is_nan(s))' });
/** x². PyTorch: torch.square. */
export const square = (x: Tensor): Tensor => pointwise('square', x, { y: 'x * x', save: 'x', dx: 'dy * (2.0 * s)' });
/** -x. PyTorch: torch.neg. */
export const neg = (x: Tensor): Tensor => pointwise('neg', x, { y: '-x', dx: '-dy' });
/** The sine of x in radians, of any finite size. PyTorch: torch.sin. */
export const sin = (x: Tensor): Tensor => sine('sin', x, 0);
/** The cosine of x in radians, of any finite size. PyTorch: torch.cos. */
export const cos = (x: Tensor): Tensor => sine('cos', x, 1);
/** x where positive, negativeSlope * x elsewhere; slope 0.01 by default. PyTorch: F.leaky_relu. */
export function leakyRelu(x: Tensor, negativeSlope = 0.01): Tensor {
  requireNumbers('leakyRelu', { negativeSlope });
  return pointwise(
    'leakyRelu',
    x,
    { y: 'select(p.alpha * x, x, x > vec4f())', save: 'x', dx: 'select(p.alpha * dy, dy, s > vec4f())' },
    negativeSlope,
  );
}
/** x where positive, alpha * (exp(x) - 1) elsewhere; alpha 1 by default. Clevert et al. 2016. PyTorch: F.elu. */
export function elu(x: Tensor, alpha = 1): Tensor {
  requireNumbers('elu', { alpha });
  return pointwise(
    'elu',
    x,
    {
      y: 'select(p.alpha * exp_minus_1(x), x, x > vec4f())',
      save: 'x',
      dx: 'select(dy * (p.alpha * exponential(s)), dy, s > vec4f())',
    },
    alpha,
  );
}
/** x times the normal distribution function of x, by the error function. Hendrycks and Gimpel 2016. PyTorch: F.gelu. */
export function gelu(x: Tensor): Tensor {
  return withKernel('gelu', x, kernels.gelu, kernels.gelu);
}
/** x * sigmoid(x), also called swish. PyTorch: F.silu. */
export const silu = (x: Tensor): Tensor => pointwise('silu', x, { y: 'silu(x)', save: 'x', dx: 'dy * silu_slope(s)' });
/** x * tanh(softplus(x)), without overflow. Misra 2019. PyTorch: F.mish. */
export const mish = (x: Tensor): Tensor =>
  pointwise('mish', x, {
    // tanh(log(1 + e)) is 1 / (1 + r), with e = exp(x) and r = exp(-x) / (1 + e / 2); the slope has r' / r in it.
    y: 'divide(x, 1.0 + exponential(-x) / (1.0 + 0.5 * exponential(x)))',
    save: 'x',
    dx:
      'dy * divide(1.0 + s * ((2.0 - 1.0 / (1.0 + 0.5 * exponential(s))) / (1.0 + exponential(s) * (1.0 + 0.5 * exponential(s)))), ' +
      '1.0 + exponential(-s) / (1.0 + 0.5 * exponential(s)))',
  });
/** log(1 + exp(x)), without overflow. PyTorch: F.softplus. */
export const softplus = (x: Tensor): Tensor =>
  wide('softplus', x, {
    y: 'select(vec4f(), x, x > vec4f()) + log_plus_1(exponential(-abs(x)))',
    save: 'x',
    dx: 'dy * sigmoid(s)',
  });
/**
 * x kept between min and max, either of which may be infinite; the gradient passes where min <= x <= max. Where min is
 * above max, all becomes max. PyTorch: torch.clamp.
 */
export function clamp(x: Tensor, min: number, max: number): Tensor {
  requireNumbers('clamp', { min, max });
  return pointwise(
    'clamp',
    x,
    {
      y: 'select(min(max(x, vec4f(p.alpha)), vec4f(p.beta)), x, is_nan(x))',
      save: 'x',
      // Chosen, not multiplied by 0: dy may be infinite.
      dx: 'select(vec4f(), dy, (s >= vec4f(p.alpha)) & (s <= vec4f(p.beta)) & !is_nan(s))',
    },
    min,
    max,
  );
}

/**
 * x to a constant power; a negative x has whole powers only, others are NaN. Whole powers up to 64 are products; others are
 * right to about |exponent| times 1e-7. PyTorch: torch.pow.
 */
export function pow(x: Tensor, exponent: number): Tensor {
  requireFloats('pow', x);
  requireNumbers('pow', { exponent });
  return raised((base) => raisedTo(base, exponent), x);
}

function raisedTo(x: Tensor, exponent: number): Tensor {
  if (exponent === 0) return pointwise('pow', x, { y: 'vec4f(1.0)', dx: 'vec4f()' });
  if (exponent === 1) return times(x, 1, 'pow');
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
