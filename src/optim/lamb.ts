import * as kernels from '../kernels/optimizers.js';
import { checkOptions, flag, notNegative, type Rules, twoDecays } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { type CommonSettings, Optimizer, type ParamGroup } from './optimizer.js';
import { settled } from './params.js';

/** LAMB's settings. */
export interface LAMBSettings extends CommonSettings {
  /** Decay of the running means of the gradient and of its square. Default [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Added to the denominator, behind the root. Default 1e-6. */
  eps: number;
  /** false: AdamW for this group, without the ratio of norms, as is usual for biases and norm layers. Default true. */
  adapt: boolean;
}

const DEFAULTS = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-6, weightDecay: 0.01, adapt: true } as const;

const RULES: Rules<LAMBSettings> = {
  ...{ lr: notNegative, betas: twoDecays, eps: notNegative, weightDecay: notNegative, adapt: flag },
};

/**
 * Adam for large batches, You et al. 2020, algorithm 2: AdamW's direction, Adam's step plus `weightDecay` (default 0.01) times the
 * weight, is scaled to the norm of the whole parameter (not where one of the two norms is 0), times lr (default 1e-3). Biases and
 * norms go into a group with `adapt: false, weightDecay: 0`: see LARS. Not in PyTorch.
 */
export class LAMB extends Optimizer<LAMBSettings> {
  constructor(params: readonly Tensor[] | readonly ParamGroup<LAMBSettings>[], options: Partial<LAMBSettings> = {}) {
    checkOptions('LAMB', options, RULES);
    super(params, settled<LAMBSettings>(DEFAULTS, options), RULES);
  }

  /** @internal */
  protected override elementwise({ adapt }: LAMBSettings): boolean {
    return !adapt;
  }

  protected update(param: Tensor, grad: Tensor, settings: LAMBSettings): void {
    const { lr, betas, eps, weightDecay, adapt } = settings;
    const [beta1, beta2] = betas;
    const updates = this.updatesOf(param);
    const [scale, correction] = [1 / (1 - beta1 ** updates), 1 / Math.sqrt(1 - beta2 ** updates)];
    const update = this.updateOf(param, grad, { counted: true });
    const [first, second] = [this.stateOf(param, 'first').buffer, this.stateOf(param, 'second').buffer];
    const how = { beta1, beta2, eps, correction, updates };
    if (adapt) kernels.lamb(update, first, second, { ...how, rate: lr, scale, decay: weightDecay });
    else kernels.adam(update, first, second, { ...how, rate: lr * scale, lr, decay: 0, shrink: 1 - lr * weightDecay });
  }
}
