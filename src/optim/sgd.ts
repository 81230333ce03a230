import { UsageError } from '../errors.js';
import * as kernels from '../kernels/optimizers.js';
import { checkOptions, finite, flag, notNegative, type Rules, required } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { type CommonSettings, Optimizer, type ParamGroup } from './optimizer.js';
import { settled } from './params.js';

/** SGD's settings. */
export interface SGDSettings extends CommonSettings {
  /** Share of the last step that is repeated. Default 0. */
  momentum: number;
  /** Holds back the gradient's share in the velocity, from its second step on. Default 0. */
  dampening: number;
  /** Looks ahead along the velocity: Nesterov's momentum as Sutskever et al. 2013. Default false. */
  nesterov: boolean;
  /**
   * The learning rate enters the velocity with the gradient, as in Krizhevsky et al. 2012 and Caffe: velocity = momentum * velocity +
   * lr * gradient, then weight -= velocity. While lr stays as it is the weights are the same; after a change the steps that were
   * taken before go on at their old rate. Default false, PyTorch's.
   */
  rateInVelocity: boolean;
}

const DEFAULTS = { momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, rateInVelocity: false };

const RULES: Rules<SGDSettings> = {
  ...{ lr: notNegative, weightDecay: notNegative, momentum: notNegative, dampening: finite },
  ...{ nesterov: flag, rateInVelocity: flag },
};

/**
 * Stochastic gradient descent: velocity = momentum * velocity + gradient, then weight -= lr * velocity. `weightDecay`
 * (default 0) times the weight is added to the gradient. lr must be given. PyTorch: optim.SGD.
 * @throws UsageError for parameters or settings that cannot be, such as `nesterov` without momentum, with dampening or with
 * `rateInVelocity`.
 */
export class SGD extends Optimizer<SGDSettings> {
  constructor(
    params: readonly Tensor[] | readonly ParamGroup<SGDSettings>[],
    options: Partial<SGDSettings> & { lr: number },
  ) {
    checkOptions('SGD', options, { ...RULES, lr: required(RULES.lr) });
    const settings = settled<SGDSettings>(DEFAULTS, options);
    checkNesterov(settings);
    super(params, settings, RULES);
    for (const group of this.groups) checkNesterov(group);
  }

  /** @internal */
  protected override elementwise(): boolean {
    return true;
  }

  protected update(param: Tensor, grad: Tensor, settings: SGDSettings): void {
    const { lr, momentum, dampening, weightDecay: decay, nesterov, rateInVelocity } = settings;
    const update = this.updateOf(param, grad, { counted: momentum > 0 && dampening !== 0 });
    if (momentum === 0) {
      kernels.sgdPlain(update, { rate: lr, decay });
      return;
    }
    const fresh = this.hasState(param, 'velocity') ? 1 - dampening : 1; // the first gradient enters undampened
    const velocity = this.stateOf(param, 'velocity');
    const [rate, unit] = rateInVelocity ? [1, lr] : [lr, 1];
    const shares = { fresh: unit * fresh, first: unit, updates: this.updatesOf(param) };
    kernels.sgd(update, velocity.buffer, { rate, momentum, ...shares, decay, nesterov: Number(nesterov) });
  }
}

function checkNesterov({ momentum, dampening, nesterov, rateInVelocity }: SGDSettings): void {
  if (nesterov && (momentum <= 0 || dampening !== 0)) {
    throw new UsageError(
      `SGD: nesterov needs a momentum above 0 and no dampening, got momentum ${momentum}, dampening ${dampening}`,
    );
  }
  if (nesterov && rateInVelocity)
    throw new UsageError('SGD: nesterov and rateInVelocity do not go together; choose one');
}
