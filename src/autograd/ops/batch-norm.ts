import { ShapeError } from '../../errors.js';
import * as kernels from '../../kernels/batch-norm.js';
import { map } from '../../kernels/elementwise.js';
import { checkOptions, flag, notNegative, share } from '../../options.js';
import { showShape, sizeOf } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { recomputing } from '../recomputing.js';
import { composed, record } from '../tape.js';
import { requireF32, requireFloats } from './checks.js';
import { zerosLike } from './create.js';

/** How batch normalization divides and remembers. */
export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Weight of the newest batch in the running statistics. Default 0.1. */
  momentum?: number;
}

/** Statistics of more than this process' batch: what processes that train together bring together. */
export interface JointStatistics {
  /** As the kernel that finds the batch's own. */
  readonly find: typeof kernels.batchNormStatistics;
  /**
   * From this process' gradients of weight and bias the sums over all, times this process' share of all values: what the kernel of x's
   * gradient divides by its own count is then divided by everyone's.
   */
  sums(own: kernels.Affine, all: kernels.Affine, size: kernels.BatchNormSize): void;
}

/**
 * (x - mean) / sqrt(variance + eps) * weight + bias for each channel of x (batch, channels, ...); the others are
 * (channels). With `training` (default false) mean and variance are the batch's own, and runningMean and runningVar are
 * moved towards them in place, the variance by its unbiased estimate; without, the running ones are used. PyTorch:
 * F.batch_norm. Ioffe and Szegedy 2015.
 * @throws ShapeError if shapes do not fit, or in training if a channel has a single value.
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor,
  runningVar: Tensor,
  weight: Tensor,
  bias: Tensor,
  options: BatchNormOptions & { training?: boolean } = {},
): Tensor {
  return normalize(x, runningMean, runningVar, weight, bias, options, null);
}

/** `batchNorm`; with `joint` of all processes' values in training. */
export function normalize(
  x: Tensor,
  runningMean: Tensor,
  runningVar: Tensor,
  weight: Tensor,
  bias: Tensor,
  options: BatchNormOptions & { training?: boolean },
  joint: JointStatistics | null,
): Tensor {
  requireFloats('batchNorm', x);
  requireF32('batchNorm', runningMean, runningVar, weight, bias); // as in PyTorch: half of them would lose the small steps of the running ones
  checkOptions('batchNorm', options, { eps: notNegative, momentum: share, training: flag });
  const { training = false, eps = 1e-5 } = options;
  const momentum = recomputing.now ? 0 : (options.momentum ?? 0.1);
  const size = sizeFor(x, [runningMean, runningVar, weight, bias], training && !joint);
  if (x.size === 0 && training && joint)
    throw new ShapeError(`batchNorm: other processes wait for the values of x, which is ${showShape(x.shape)}`);
  if (x.size === 0) return nothing(x, [weight, bias]);
  return composed([x, weight, bias], () => {
    const mean = training ? empty([size.channels], 'f32', 'batchNorm mean') : runningMean;
    const inverseStd = empty([size.channels], 'f32', 'batchNorm inverse std');
    const stats = () => ({ mean: mean.buffer, inverseStd: inverseStd.buffer }); // throws if they are gone by then
    if (training) {
      const running = { mean: runningMean.buffer, variance: runningVar.buffer };
      (joint?.find ?? kernels.batchNormStatistics)(x.buffer, stats(), running, size, { eps, momentum });
      if (!recomputing.now) for (const moved of [runningMean, runningVar]) moved.overwrittenBy('batchNorm in training');
    } else {
      map('1.0 / sqrt(x + p.alpha)', runningVar.buffer, inverseStd.buffer, size.channels, eps);
    }
    const y = empty(x.shape, x.dtype, 'batchNorm');
    kernels.batchNorm(x.buffer, y.buffer, stats(), { weight: weight.buffer, bias: bias.buffer }, size);
    const given = training ? [] : [runningMean, runningVar]; // no gradient flows to them
    return record('batchNorm', y, [x, weight, bias, ...given], (dy) => {
      // All three need the same two sums: computed once, for the first that asks.
      let params: ParamGradients | undefined;
      const sums = () => {
        if (!params) {
          params = {
            dweight: empty([size.channels], 'f32', 'batchNorm dweight'),
            dbias: empty([size.channels], 'f32', 'batchNorm dbias'),
          };
          const into = { weight: params.dweight.buffer, bias: params.dbias.buffer };
          kernels.batchNormGradParams(x.buffer, dy.buffer, stats(), into, size);
        }
        return params;
      };
      return [
        () => {
          const dx = empty(x.shape, x.dtype, 'batchNorm dx');
          const { dweight, dbias } = joint && training ? together(sums(), joint, size) : sums();
          const all = { x, dy, dx, weight, dweight, dbias };
          const buffers = Object.fromEntries(Object.entries(all).map(([name, t]) => [name, t.buffer])) as Record<
            keyof typeof all,
            Tensor['buffer']
          >;
          kernels.batchNormGradInput(buffers, stats(), size, !training);
          return dx;
        },
        () => sums().dweight,
        () => sums().dbias,
      ];
    });
  });
}

/** Of no values: the running statistics stay, and the gradients of weight and bias are 0. */
function nothing(x: Tensor, params: readonly Tensor[]): Tensor {
  const y = empty(x.shape, x.dtype, 'batchNorm');
  return record('batchNorm', y, [x, ...params], () => [x, ...params].map((t) => () => zerosLike(t)));
}

interface ParamGradients {
  dweight: Tensor;
  dbias: Tensor;
}

function together(own: ParamGradients, joint: JointStatistics, size: kernels.BatchNormSize): ParamGradients {
  const [dweight, dbias] = ['dweight', 'dbias'].map((name) =>
    empty([size.channels], 'f32', `batchNorm ${name}, of all`),
  );
  const all = { dweight, dbias };
  const buffers = ({ dweight, dbias }: ParamGradients) => ({ weight: dweight.buffer, bias: dbias.buffer });
  joint.sums(buffers(own), buffers(all), size);
  return all;
}

function sizeFor(x: Tensor, perChannel: Tensor[], alone: boolean): kernels.BatchNormSize {
  if (x.rank < 2) throw new ShapeError(`batchNorm: x is (batch, channels, ...), got ${showShape(x.shape)}`);
  const [batch, channels, ...rest] = x.shape;
  for (const t of perChannel) {
    if (t.rank !== 1 || t.shape[0] !== channels) {
      throw new ShapeError(`batchNorm: ${showShape(t.shape)} for ${channels} channels (x ${showShape(x.shape)})`);
    }
  }
  const plane = sizeOf(rest);
  if (alone && batch * plane === 1) {
    throw new ShapeError(`batchNorm: training needs more than one value a channel, x is ${showShape(x.shape)}`);
  }
  return { batch, channels, plane };
}
