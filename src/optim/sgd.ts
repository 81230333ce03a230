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
  /**
   * The learning rate enters the velocity with the gradient, as in Krizhevsky et al. 2012 and Caffe: velocity = momentum * velocity +
   * lr * gradient, then weight -= velocity. While lr stays as it is the weights are the same; after a change the steps that were
   * taken before go on at their old rate. Default false, PyTorch's.
   */
  rateInVelocity: boolean;
}

/**
 * Stochastic gradient descent: velocity = momentum * velocity + gradient, then weight -= lr * velocity. `weightDecay`
 * (default 0) times the weight is added to the gradient. lr must be given. PyTorch: optim.SGD.
 * @throws UsageError if `nesterov` is asked for without momentum, with dampening or with `rateInVelocity`.
 */
export class SGD extends Optimizer<SGDSettings> {
  /** Parameters whose velocity has begun: the first gradient enters undampened. */
  private readonly begun = new Set<Tensor>();

  constructor(
    params: readonly Tensor[] | readonly ParamGroup<SGDSettings>[],
    options: Partial<SGDSettings> & { lr: number },
  ) {
    const { lr, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false, rateInVelocity = false } = options;
    if (nesterov && (momentum <= 0 || dampening !== 0)) {
      throw new UsageError(
        `SGD: nesterov needs a momentum above 0 and no dampening, got momentum ${momentum}, dampening ${dampening}`,
      );
    }
    if (nesterov && rateInVelocity)
      throw new UsageError('SGD: nesterov and rateInVelocity do not go together; choose one');
    super(params, { lr, momentum, dampening, weightDecay, nesterov, rateInVelocity });
  }

  protected update(param: Tensor, grad: Tensor, settings: SGDSettings): void {
    const { lr, momentum, dampening, weightDecay: decay, nesterov, rateInVelocity } = settings;
    const update = { param: param.buffer, grad: grad.buffer, count: param.size };
    if (momentum === 0) {
      kernels.sgdPlain(update, { rate: lr, decay });
      return;
    }
    const velocity = this.stateOf(param, 'velocity');
    const fresh = this.begun.has(param) ? 1 - dampening : 1;
    this.begun.add(param);
    const [rate, share] = rateInVelocity ? [1, lr * fresh] : [lr, fresh];
    kernels.sgd(update, velocity.buffer, { rate, momentum, fresh: share, decay, nesterov: Number(nesterov) });
  }

  override restore(...saved: Parameters<Optimizer['restore']>): void {
    super.restore(...saved);
    this.begun.clear();
    const all = this.groups.flatMap((g) => g.params);
    for (const key of Object.keys(saved[1])) this.begun.add(all[Number(key.split('.')[0])]);
  }
}
