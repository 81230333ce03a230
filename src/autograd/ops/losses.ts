import { DtypeError, ShapeError, UsageError } from '../../errors.js';
import * as kernels from '../../kernels/loss.js';
import { checkOptions, int32, oneOf, type Rule, share } from '../../options.js';
import { type Shape, sameShape, showShape, sizeOf } from '../../tensor/shape.js';
import { alias, empty, Tensor } from '../../tensor/tensor.js';
import { inF32 } from '../autocast.js';
import { composed, noGrad, record } from '../tape.js';
import { add, div, mul, sub } from './arithmetic.js';
import { requireF32, requireFloats, requireTensors } from './checks.js';
import { requireClasses } from './classes.js';
import { weigh } from './combine.js';
import { affine } from './numbers.js';
import { exp, neg, softplus } from './pointwise.js';
import { mean, sum } from './reduce.js';
import { reshape, unsqueeze } from './shape.js';
import { logSoftmax } from './softmax.js';

/** What becomes of the losses of single rows or elements: their mean, their sum, or nothing. Default 'mean'. */
export type Reduction = 'mean' | 'sum' | 'none';

const REDUCTION = oneOf(...(['mean', 'sum', 'none'] satisfies Reduction[]));
const TENSOR: Rule = { be: 'a tensor', holds: (value) => value instanceof Tensor };

/** How `crossEntropy` counts. */
export interface CrossEntropyOptions {
  /** 'none' gives a loss a row, in the shape of class numbers; the others a scalar. Default 'mean'. */
  reduction?: Reduction;
  /** Share of the target's weight that is spread evenly over all classes, 0 to 1. Default 0. */
  labelSmoothing?: number;
  /** Rows with this target count nothing, in the mean neither. For class numbers only. Default -100. */
  ignoreIndex?: number;
  /** What each class counts, f32 (classes); it gets no gradient. Default 1 each. */
  weight?: Tensor;
}

/**
 * Softmax cross entropy of logits (batch, classes) or (batch, classes, ...). The target is a class's number each, i32 (batch) or
 * (batch, ...), or probabilities, f32 in the shape of the logits, which get a gradient too. PyTorch: F.cross_entropy; its mean,
 * too, is divided by the weights of the rows' classes, but for probabilities by the rows. Logits of any size are safe, and where
 * a class has no part in a row's target its logit may be -Infinity. A number that is neither a class nor `ignoreIndex` makes the
 * next read of any tensor throw a UsageError.
 * @throws DtypeError unless logits are f32 and targets i32 or f32; ShapeError if they do not fit; UsageError if `weight` requires
 * a gradient.
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  requireFloats('crossEntropy', logits);
  requireTensors('crossEntropy', target);
  return inF32((wide, wideTarget) => wideCrossEntropy(wide, wideTarget, options), logits, target);
}

function wideCrossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const rules = { reduction: REDUCTION, labelSmoothing: share, ignoreIndex: int32, weight: TENSOR };
  checkOptions('crossEntropy', options, rules);
  const [batch, classes, ...inner] = logits.shape;
  if (logits.rank < 2) {
    throw new ShapeError(`crossEntropy: logits ${showShape(logits.shape)}; expected (batch, classes, ...)`);
  }
  const rows = [batch, ...inner];
  if (target.dtype === 'i32' ? !sameShape(target.shape, rows) : !isProbabilities(target, logits)) {
    throw new (target.dtype === 'i32' ? ShapeError : DtypeError)(
      `crossEntropy: for logits ${showShape(logits.shape)}, target is class numbers, i32 ${showShape(rows)}, ` +
        `or probabilities, f32 ${showShape(logits.shape)}; got ${target.dtype} ${showShape(target.shape)}`,
    );
  }
  const { reduction = 'mean', weight, ignoreIndex } = options;
  if (classes === 0 || (reduction === 'mean' && target.size === 0)) {
    throw new ShapeError(
      `crossEntropy: there is no ${classes === 0 ? 'class' : 'row'} in logits ${showShape(logits.shape)}`,
    );
  }
  if (weight) requireWeight(weight, classes);
  if (target.dtype === 'f32' && ignoreIndex !== undefined)
    throw new UsageError('crossEntropy: ignoreIndex is for class numbers, the target is probabilities');
  return (target.dtype === 'f32' ? ofProbabilities : ofClasses)(logits, target, options);
}

const isProbabilities = (target: Tensor, logits: Tensor) =>
  target.dtype === 'f32' && sameShape(target.shape, logits.shape);

function requireWeight(weight: Tensor, classes: number): void {
  requireF32('crossEntropy', weight);
  if (!sameShape(weight.shape, [classes]))
    throw new ShapeError(`crossEntropy: weight is one for each class [${classes}], got ${showShape(weight.shape)}`);
  if (weight.requiresGrad)
    throw new UsageError('crossEntropy: weight gets no gradient, as in PyTorch; pass weight.detach()');
}

function ofClasses(logits: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { reduction = 'mean', labelSmoothing = 0, ignoreIndex = -100, weight } = options;
  const [outer, classes, ...inner] = logits.shape;
  const size = { outer, classes, inner: sizeOf(inner), ignoreIndex, smoothing: labelSmoothing };
  return composed([logits], () => {
    const loss = empty(target.shape, 'f32', 'crossEntropy');
    const counted = empty(target.shape, 'f32', 'crossEntropy counted');
    // Throws if they are gone by the time of the gradient.
    const given = () => ({ logits: logits.buffer, targets: target.buffer, weight: weight?.buffer ?? null });
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

/** The negative sum over classes of q * log(softmax); q is the probabilities, smoothed and weighted. */
function ofProbabilities(logits: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { reduction = 'mean', labelSmoothing = 0, weight } = options;
  const [, classes, ...inner] = logits.shape;
  return composed([logits, target], () => {
    const weights = weight && reshape(weight, [classes, ...inner.map(() => 1)]);
    const weighted = (x: Tensor) => (weights ? mul(x, weights) : x);
    const [log, q, loss] = noGrad(() => {
      const smoothed = labelSmoothing === 0 ? target : affine(target, 1 - labelSmoothing, labelSmoothing / classes);
      const [logs, shares] = [logSoftmax(logits, 1), weighted(smoothed)];
      return [logs, shares, neg(sum(weigh(logs, shares), 1))];
    });
    const y = noGrad(() => (reduction === 'none' ? loss : reduction === 'sum' ? sum(loss) : mean(loss)));
    const scaled = (dx: Tensor, dy: Tensor, factor = 1) => {
      const worth = mul(dy, reduction === 'mean' ? factor / loss.size : factor);
      return mul(dx, reduction === 'none' ? unsqueeze(worth, 1) : worth);
    };
    return record('crossEntropy', y, [logits, target], (dy) => [
      () => scaled(sub(mul(exp(log), sum(q, 1, true)), q), dy),
      () => scaled(weighted(log), dy, labelSmoothing - 1),
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
  for (const t of [x, target]) requireFloats(op, t);
  return inF32((wide, wideTarget) => wideLoss(op, wide, wideTarget, options), x, target);
}

function wideLoss(op: keyof typeof formulas, x: Tensor, target: Tensor, options: { reduction?: Reduction }): Tensor {
  checkOptions(op, options, { reduction: REDUCTION });
  const { reduction = 'mean' } = options;
  checkElements(op, x, target, reduction);
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

function checkElements(op: string, x: Tensor, target: Tensor, reduction: Reduction): void {
  if (!sameShape(x.shape, target.shape)) {
    throw new ShapeError(`${op}: input ${showShape(x.shape)} and target ${showShape(target.shape)} differ`);
  }
  if (reduction === 'mean' && x.size === 0)
    throw new ShapeError(`${op}: a mean of nothing, x is ${showShape(x.shape)}`);
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

const broadcastsTo = (from: Shape, to: Shape) =>
  from.length <= to.length && from.every((n, i) => n === 1 || n === to[to.length - from.length + i]);

/** How `binaryCrossEntropyWithLogits` counts. */
export interface BinaryCrossEntropyOptions {
  /** 'none' gives the shape of x, the others a scalar. Default 'mean', which is divided by the elements, weights or not. */
  reduction?: Reduction;
  /** What each element counts; it broadcasts to the shape of x. Default 1 each. */
  weight?: Tensor;
  /** What a target of 1 counts beside one of 0, such as (classes): above 1 recalls more. It broadcasts to the shape of x. Default 1. */
  posWeight?: Tensor;
}

/**
 * Binary cross entropy of sigmoid(x) against targets from 0 to 1 in the shape of x, reduced (default 'mean'). Stable for
 * any x. PyTorch: F.binary_cross_entropy_with_logits.
 * @throws ShapeError if shapes do not fit.
 */
export function binaryCrossEntropyWithLogits(
  x: Tensor,
  target: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  const op = 'binaryCrossEntropyWithLogits';
  for (const t of [x, target]) requireFloats(op, t);
  checkOptions(op, options, { reduction: REDUCTION, weight: TENSOR, posWeight: TENSOR });
  const { reduction = 'mean', weight, posWeight } = options;
  if (!weight && !posWeight) return elementLoss(op, x, target, { reduction });
  checkElements(op, x, target, reduction);
  for (const [name, w] of Object.entries({ weight, posWeight })) {
    if (w && !broadcastsTo(w.shape, x.shape))
      throw new ShapeError(`${op}: ${name} ${showShape(w.shape)} does not broadcast to x ${showShape(x.shape)}`);
  }
  return composed([x, target, ...[weight, posWeight].filter((w) => w !== undefined)], () => {
    const each = posWeight
      ? add(mul(mul(target, posWeight), softplus(neg(x))), mul(sub(1, target), softplus(x)))
      : elementLoss(op, x, target, { reduction: 'none' });
    const weighted = weight ? mul(each, weight) : each;
    return reduction === 'none' ? weighted : reduction === 'sum' ? sum(weighted) : mean(weighted);
  });
}
