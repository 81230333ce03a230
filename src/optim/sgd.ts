import { UsageError } from '../device/errors.js';
import * as kernels from '../kernels/optimizers.js';
import type { Tensor } from '../tensor/tensor.js';
import { type CommonSettings, Optimizer, type ParamGroup } from './optimizer.js';

/** SGD's settings. */
export interface SGDSettings extends CommonSettings {
  /** Share of the last step that is repeated. Default 0. */
  momentum: number;
  /** Holds back the gradient's share in the velocity, from its second step on. Default 0. */
  dampening: number;
  /** Looks ahead along the velocity: Nesterov's momentum as Sutskever et al. 2013. Default false. */
  nesterov: boolean;
}

/**
 * Stochastic gradient descent: velocity = momentum * velocity + gradient, then weight -= lr * velocity. `weightDecay`
 * (default 0) times the weight is added to the gradient. lr must be given. PyTorch: optim.SGD.
 * @throws UsageError if `nesterov` is asked for without momentum or with dampening.
 */
export class SGD extends Optimizer<SGDSettings> {
  /** Parameters whose velocity has begun: the first gradient enters undampened. */
  private readonly begun = new Set<Tensor>();

  constructor(
    params: readonly Tensor[] | readonly ParamGroup<SGDSettings>[],
    options: Partial<SGDSettings> & { lr: number },
  ) {
    const { lr, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false } = options;
    if (nesterov && (momentum <= 0 || dampening !== 0)) {
      throw new UsageError(
        `SGD: nesterov needs a momentum above 0 and no dampening, got momentum ${momentum}, dampening ${dampening}`,
      );
    }
    super(params, { lr, momentum, dampening, weightDecay, nesterov });
  }

  protected update(param: Tensor, grad: Tensor, settings: SGDSettings): void {
    const { lr: rate, momentum, dampening, weightDecay: decay, nesterov } = settings;
    const update = { param: param.buffer, grad: grad.buffer, count: param.size };
    if (momentum === 0) {
      kernels.sgdPlain(update, { rate, decay });
      return;
    }
    const velocity = this.stateOf(param, 'velocity');
    const fresh = this.begun.has(param) ? 1 - dampening : 1;
    this.begun.add(param);
    kernels.sgd(update, velocity.buffer, { rate, momentum, fresh, decay, nesterov: Number(nesterov) });
  }

  override restore(...saved: Parameters<Optimizer['restore']>): void {
    super.restore(...saved);
    this.begun.clear();
    const all = this.groups.flatMap((g) => g.params);
    for (const key of Object.keys(saved[1])) this.begun.add(all[Number(key.split('.')[0])]);
  }
}
