import * as kernels from '../kernels/optimizers.js';
import { checkOptions, notNegative, type Rules } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { type CommonSettings, Optimizer, type ParamGroup } from './optimizer.js';
import { settled } from './params.js';

/** Adagrad's settings. */
export interface AdagradSettings extends CommonSettings {
  /** lr is divided by 1 + lrDecay * (updates before this one). Default 0. */
  lrDecay: number;
  /** What the sum of squared gradients starts from. Default 0. */
  initialAccumulatorValue: number;
  /** Added to the denominator, behind the root. Default 1e-10. */
  eps: number;
}

const DEFAULTS = { lr: 0.01, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10 };

const RULES: Rules<AdagradSettings> = {
  ...{ lr: notNegative, lrDecay: notNegative, weightDecay: notNegative },
  ...{ initialAccumulatorValue: notNegative, eps: notNegative },
};

/**
 * Duchi, Hazan and Singer 2011: gradients divided by the root of the sum of all their squares so far. lr defaults to 0.01;
 * `weightDecay` (default 0) times the weight is added to the gradient. PyTorch: optim.Adagrad.
 */
export class Adagrad extends Optimizer<AdagradSettings> {
  constructor(
    params: readonly Tensor[] | readonly ParamGroup<AdagradSettings>[],
    options: Partial<AdagradSettings> = {},
  ) {
    checkOptions('Adagrad', options, RULES);
    super(params, settled<AdagradSettings>(DEFAULTS, options), RULES);
  }

  /** @internal */
  protected override elementwise(): boolean {
    return true;
  }

  protected update(param: Tensor, grad: Tensor, settings: AdagradSettings): void {
    const { lr, lrDecay, weightDecay: decay, initialAccumulatorValue, eps } = settings;
    const updates = this.updatesOf(param);
    const rate = lr / (1 + (updates - 1) * lrDecay);
    const square = this.stateOf(param, 'square', initialAccumulatorValue);
    const update = this.updateOf(param, grad, { counted: lrDecay > 0 });
    kernels.adagrad(update, square.buffer, { rate, eps, decay, lr, lr_decay: lrDecay, updates });
  }
}
