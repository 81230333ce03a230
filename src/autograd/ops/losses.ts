import { DtypeError, ShapeError } from '../../errors.js';
import * as kernels from '../../kernels/loss.js';
import { checkOptions, oneOf, type Rule, share } from '../../options.js';
import { sameShape, showShape, sizeOf } from '../../tensor/shape.js';
import { alias, empty, type Tensor } from '../../tensor/tensor.js';
import { composed, noGrad, record } from '../tape.js';
import { div, mul } from './arithmetic.js';
import { requireF32, requireTensors } from './checks.js';
import { requireClasses } from './classes.js';
import { mean, sum } from './reduce.js';

/** What becomes of the losses of single rows or elements: their mean, their sum, or nothing. Default 'mean'. */
export type Reduction = 'mean' | 'sum' | 'none';

const REDUCTION = oneOf(...(['mean', 'sum', 'none'] satisfies Reduction[]));
const LABEL: Rule = {
  be: 'a whole number of i32',
  holds: (value) => typeof value === 'number' && value === (value | 0),
};

/** How `crossEntropy` counts. */
export interface CrossEntropyOptions {
  /** 'none' gives the target's shape, the others a scalar. Default 'mean'. */
  reduction?: Reduction;
  /** Share of the target's weight that is spread evenly over all classes, 0 to 1. Default 0. */
  labelSmoothing?: number;
  /** Rows with this target count nothing, in the mean neither. Default -100. */
  ignoreIndex?: number;
}

/**
 * Softmax cross entropy. logits (batch, classes) or (batch, classes, ...), target i32 (batch) or (batch, ...):
 * a class's number each. PyTorch: F.cross_entropy. Logits of any size are safe. A target that is neither a class nor
 * `ignoreIndex` makes the next read of any tensor throw a UsageError.
 * @throws DtypeError unless logits are f32 and targets i32; ShapeError if they do not fit.
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  requireF32('crossEntropy', logits);
  requireTensors('crossEntropy', target);
  checkOptions('crossEntropy', options, { reduction: REDUCTION, labelSmoothing: share, ignoreIndex: LABEL });
  const { reduction = 'mean', labelSmoothing = 0, ignoreIndex = -100 } = options;
  if (target.dtype !== 'i32') throw new DtypeError(`crossEntropy: target is i32 class numbers, got ${target.dtype}`);
  const [batch, classes, ...inner] = logits.shape;
  if (logits.rank < 2 || !sameShape(target.shape, [batch, ...inner])) {
    const expected = logits.rank < 2 ? '(batch, classes, ...)' : `a target ${showShape([batch, ...inner])}`;
    throw new ShapeError(
      `crossEntropy: logits ${showShape(logits.shape)} and target ${showShape(target.shape)}; expected ${expected}`,
    );
  }
  if (classes === 0 || (reduction === 'mean' && target.size === 0)) {
    throw new ShapeError(
      `crossEntropy: there is no ${classes === 0 ? 'class' : 'row'} in logits ${showShape(logits.shape)}`,
    );
  }
  const size = { outer: batch, classes, inner: sizeOf(inner), ignoreIndex, smoothing: labelSmoothing };
  return composed([logits], () => {
    const loss = empty(target.shape, 'f32', 'crossEntropy');
    const counted = empty(target.shape, 'f32', 'crossEntropy counted');
    const given = () => ({ logits: logits.buffer, targets: target.buffer }); // throws if they are gone by then
    requireClasses('crossEntropy', target, classes, ignoreIndex);
    kernels.crossEntropy({ ...given(), loss: loss.buffer, counted: counted.buffer }, size);
    const rows = noGrad(() => (reduction === 'mean' ? sum(counted) : null));
    const result = noGrad(() => (rows ? div(sum(loss), rows) : reduction === 'sum' ? sum(loss) : loss));
    return record('crossEntropy', result, [logits], (dy) => [
      () => {
        const dlogits = empty(logits.shape, 'f32', 'crossEntropy dlogits');
        const dloss = rows ? div(dy, rows) : dy;
        const all = { ...given(), dloss: dloss.buffer, dlogits: dlogits.buffer };
        kernels.crossEntropyGrad(all, size, reduction === 'none');
        return dlogits;
      },
    ]);
  });
}

interface LossFormula {
  y: string;
  dx: string;
  dt: string;
}

/** Of a difference that is NaN, as in PyTorch: what WGSL's sign gives is not said. */
const NO_SIGN = 'vec4f(), is_nan(x - t)';
const HINGE = 'select(-t, 1.0 - t, x > vec4f())';

const formulas = {
  mseLoss: { y: '(x - t) * (x - t)', dx: '2.0 * (x - t)', dt: '2.0 * (t - x)' },
  l1Loss: { y: 'abs(x - t)', dx: `select(sign(x - t), ${NO_SIGN})`, dt: `select(sign(t - x), ${NO_SIGN})` },
  binaryCrossEntropyWithLogits: {
    // max(x, 0) - x t, where a weight of 0 selects: an infinite x that hits its target loses nothing.
    y: `select(${HINGE} * x, vec4f(), ${HINGE} == vec4f()) + log_plus_1(exponential(-abs(x)))`,
    dx: 'sigmoid(x) - t',
    dt: '-x',
  },
} as const satisfies Record<string, LossFormula>;

function elementLoss(op: keyof typeof formulas, x: Tensor, target: Tensor, options: { reduction?: Reduction }): Tensor {
  requireF32(op, x, target);
  checkOptions(op, options, { reduction: REDUCTION });
  const { reduction = 'mean' } = options;
  if (!sameShape(x.shape, target.shape)) {
    throw new ShapeError(`${op}: input ${showShape(x.shape)} and target ${showShape(target.shape)} differ`);
  }
  if (reduction === 'mean' && x.size === 0)
    throw new ShapeError(`${op}: a mean of nothing, x is ${showShape(x.shape)}`);
  const formula = formulas[op];
  return composed([x, target], () => {
    const each = empty(x.shape, 'f32', op);
    kernels.loss(formula.y, x.buffer, target.buffer, each.buffer, x.size);
    const y = noGrad(() => (reduction === 'none' ? each : reduction === 'sum' ? sum(each) : mean(each)));
    const gradient = (df: string, dy: Tensor) => {
      const perElement = reduction === 'none';
      const one = perElement ? onesFor(dy) : dy;
      const d = empty(x.shape, 'f32', `${op} gradient`);
      const buffers = { x: x.buffer, t: target.buffer, dy: one.buffer, dx: d.buffer };
      kernels.lossGrad(df, buffers, x.size, reduction === 'mean' ? 1 / x.size : 1);
      return perElement ? mul(d, dy) : d;
    };
    return record(op, alias(y, y.shape), [x, target], (dy) => [
      () => gradient(formula.dx, dy),
      () => gradient(formula.dt, dy),
    ]);
  });
}

function onesFor(dy: Tensor): Tensor {
  const one = empty([1], dy.dtype);
  one.set([1]);
  return one;
}

/** (x - target)² of tensors of one shape, reduced (default 'mean'). Both get a gradient. PyTorch: F.mse_loss. */
export function mseLoss(x: Tensor, target: Tensor, options: { reduction?: Reduction } = {}): Tensor {
  return elementLoss('mseLoss', x, target, options);
}

/** |x - target| of tensors of one shape, reduced (default 'mean'). Both get a gradient. PyTorch: F.l1_loss. */
export function l1Loss(x: Tensor, target: Tensor, options: { reduction?: Reduction } = {}): Tensor {
  return elementLoss('l1Loss', x, target, options);
}

/**
 * Binary cross entropy of sigmoid(x) against targets from 0 to 1 in the shape of x, reduced (default 'mean'). Stable for
 * any x. PyTorch: F.binary_cross_entropy_with_logits.
 */
export function binaryCrossEntropyWithLogits(
  x: Tensor,
  target: Tensor,
  options: { reduction?: Reduction } = {},
): Tensor {
  return elementLoss('binaryCrossEntropyWithLogits', x, target, options);
}
