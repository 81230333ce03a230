import * as kernels from '../kernels/optimizers.js';
import { checkOptions, flag, notNegative, type Rules, required } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { type CommonSettings, Optimizer, type ParamGroup } from './optimizer.js';
import { settled } from './params.js';

/** LARS' settings. */
export interface LARSSettings extends CommonSettings {
  /** Share of the last step that is repeated. Default 0.9. */
  momentum: number;
  /** How far a step may move a parameter, relative to its norm, at lr 1: the paper's eta. Default 0.001. */
  trustCoefficient: number;
  /** false: SGD with momentum for this group, without the ratio of norms, as is usual for biases and norm layers. Default true. */
  adapt: boolean;
}

const DEFAULTS = { momentum: 0.9, weightDecay: 0, trustCoefficient: 0.001, adapt: true };

const RULES: Rules<LARSSettings> = {
  ...{ lr: notNegative, weightDecay: notNegative, momentum: notNegative, trustCoefficient: notNegative, adapt: flag },
};

/**
 * SGD for large batches, You et al. 2017, algorithm 1: velocity = momentum * velocity + lr * trust * (gradient + weightDecay *
 * weight), then weight -= velocity. trust = trustCoefficient * |weight| / (|gradient| + weightDecay * |weight|), with norms of the
 * whole parameter, and 1 where a norm is 0. lr must be given, and is large: 1 and more. `weightDecay` defaults to 0. Not in PyTorch.
 *
 * Biases and norms go into a group of their own:
 *
 *     const weights = model.parameters().filter((p) => p.shape.length > 1);
 *     const others = model.parameters().filter((p) => p.shape.length <= 1);
 *     new LARS([{ params: weights }, { params: others, adapt: false, weightDecay: 0 }], { lr: 4, weightDecay: 1e-4 });
 */
export class LARS extends Optimizer<LARSSettings> {
  constructor(
    params: readonly Tensor[] | readonly ParamGroup<LARSSettings>[],
    options: Partial<LARSSettings> & { lr: number },
  ) {
    checkOptions('LARS', options, { ...RULES, lr: required(RULES.lr) });
    super(params, settled<LARSSettings>(DEFAULTS, options), RULES);
  }

  /** @internal */
  protected override elementwise({ adapt }: LARSSettings): boolean {
    return !adapt;
  }

  protected update(param: Tensor, grad: Tensor, settings: LARSSettings): void {
    const { lr, momentum, weightDecay: decay, trustCoefficient: coefficient, adapt } = settings;
    const update = this.updateOf(param, grad);
    const velocity = this.stateOf(param, 'velocity').buffer;
    if (adapt) kernels.lars(update, velocity, { rate: lr, momentum, decay, coefficient });
    else kernels.sgd(update, velocity, { rate: 1, momentum, fresh: lr, first: lr, updates: 0, decay, nesterov: 0 });
  }
}
