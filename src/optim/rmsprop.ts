import * as kernels from '../kernels/optimizers.js';
import { checkOptions, notNegative, type Rules, share } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { type CommonSettings, Optimizer, type ParamGroup } from './optimizer.js';
import { settled } from './params.js';

/** RMSprop's settings. */
export interface RMSpropSettings extends CommonSettings {
  /** Decay of the running mean of the squared gradient. Default 0.99. */
  alpha: number;
  /** Added to the denominator, behind the root. Default 1e-8. */
  eps: number;
  /** Share of the last step that is repeated. Default 0. */
  momentum: number;
}

const DEFAULTS = { lr: 0.01, alpha: 0.99, eps: 1e-8, momentum: 0, weightDecay: 0 };

const RULES: Rules<RMSpropSettings> = {
  ...{ lr: notNegative, alpha: share, eps: notNegative, momentum: notNegative, weightDecay: notNegative },
};

/**
 * Gradients divided by a running root mean square. lr defaults to 0.01; `weightDecay` (default 0) times the weight is
 * added to the gradient. Hinton 2012. PyTorch: optim.RMSprop, not centered.
 */
export class RMSprop extends Optimizer<RMSpropSettings> {
  constructor(
    params: readonly Tensor[] | readonly ParamGroup<RMSpropSettings>[],
    options: Partial<RMSpropSettings> = {},
  ) {
    checkOptions('RMSprop', options, RULES);
    super(params, settled<RMSpropSettings>(DEFAULTS, options), RULES);
  }

  /** @internal */
  protected override elementwise(): boolean {
    return true;
  }

  protected update(param: Tensor, grad: Tensor, settings: RMSpropSettings): void {
    const { lr: rate, alpha, eps, momentum, weightDecay: decay } = settings;
    const update = this.updateOf(param, grad);
    const square = this.stateOf(param, 'square').buffer;
    const velocity = this.stateOf(param, 'velocity').buffer;
    kernels.rmsprop(update, square, velocity, { rate, alpha, eps, decay, momentum });
  }
}
