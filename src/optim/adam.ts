import * as kernels from '../kernels/optimizers.js';
import { checkOptions, notNegative, type Rules, twoDecays } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { type CommonSettings, Optimizer, type ParamGroup } from './optimizer.js';
import { settled } from './params.js';

/** Adam's and AdamW's settings. */
export interface AdamSettings extends CommonSettings {
  /** Decay of the running means of the gradient and of its square. Default [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Added to the denominator, behind the root. Default 1e-8. */
  eps: number;
}

const RULES: Rules<AdamSettings> = { lr: notNegative, betas: twoDecays, eps: notNegative, weightDecay: notNegative };

/**
 * Kingma and Ba 2015. lr defaults to 1e-3; `weightDecay` (default 0) times the weight is added to the gradient. PyTorch:
 * optim.Adam.
 */
export class Adam extends Optimizer<AdamSettings> {
  /** Weight decay shrinks the weights apart from the gradient: AdamW. @internal */
  protected readonly decoupled: boolean = false;

  constructor(params: readonly Tensor[] | readonly ParamGroup<AdamSettings>[], options: Partial<AdamSettings> = {}) {
    checkOptions(new.target.name, options, RULES);
    super(params, settled<AdamSettings>({ lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 }, options), RULES);
  }

  /** @internal */
  protected override elementwise(): boolean {
    return true;
  }

  protected update(param: Tensor, grad: Tensor, settings: AdamSettings): void {
    const { lr, betas, eps, weightDecay } = settings;
    const [beta1, beta2] = betas;
    const updates = this.updatesOf(param); // the means' own age: a parameter may get its first gradient late
    const update = this.updateOf(param, grad, { counted: true });
    kernels.adam(update, this.stateOf(param, 'first').buffer, this.stateOf(param, 'second').buffer, {
      rate: lr / (1 - beta1 ** updates),
      lr,
      updates,
      beta1,
      beta2,
      eps,
      decay: this.decoupled ? 0 : weightDecay,
      shrink: this.decoupled ? 1 - lr * weightDecay : 1,
      correction: 1 / Math.sqrt(1 - beta2 ** updates),
    });
  }
}

/**
 * Loshchilov and Hutter 2019: Adam whose `weightDecay` (default 0.01), times lr, shrinks the weights apart from the
 * gradient. lr defaults to 1e-3. PyTorch: optim.AdamW.
 */
export class AdamW extends Adam {
  protected override readonly decoupled = true;

  constructor(params: readonly Tensor[] | readonly ParamGroup<AdamSettings>[], options: Partial<AdamSettings> = {}) {
    checkOptions(new.target.name, options, RULES);
    super(params, settled<Partial<AdamSettings>>({ weightDecay: 0.01 }, options));
  }
}
