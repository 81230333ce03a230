import * as kernels from '../kernels/optimizers.js';
import { checkOptions, notNegative, type Rules, twoDecays } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { type CommonSettings, Optimizer, type ParamGroup } from './optimizer.js';
import { settled } from './params.js';

/** Lion's settings. */
export interface LionSettings extends CommonSettings {
  /** The gradient's running mean: its share in this step's direction, and its decay. Default [0.9, 0.99]. */
  betas: readonly [number, number];
}

const DEFAULTS = { lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0 } as const;

const RULES: Rules<LionSettings> = { lr: notNegative, betas: twoDecays, weightDecay: notNegative };

/**
 * Chen et al. 2023, algorithm 2: every weight moves by lr, along the sign of a running mean of its gradient. lr defaults to 1e-4, a
 * third to a tenth of AdamW's; `weightDecay` (default 0), times lr, shrinks the weights apart from the gradient, and three to ten
 * times AdamW's is as strong. One state tensor a parameter. Not in PyTorch.
 */
export class Lion extends Optimizer<LionSettings> {
  constructor(params: readonly Tensor[] | readonly ParamGroup<LionSettings>[], options: Partial<LionSettings> = {}) {
    checkOptions('Lion', options, RULES);
    super(params, settled<LionSettings>(DEFAULTS, options), RULES);
  }

  /** @internal */
  protected override elementwise(): boolean {
    return true;
  }

  protected update(param: Tensor, grad: Tensor, { lr: rate, betas, weightDecay }: LionSettings): void {
    const [beta1, beta2] = betas;
    const update = this.updateOf(param, grad);
    kernels.lion(update, this.stateOf(param, 'mean').buffer, { rate, beta1, beta2, shrink: 1 - rate * weightDecay });
  }
}
