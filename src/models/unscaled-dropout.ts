import { mul } from '../autograd/ops/arithmetic.js';
import { Dropout } from '../layers/dropout.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * Dropout as in Krizhevsky et al. 2012, section 4.2: in training what is kept stays as it is, in evaluation everything is multiplied
 * by 1 - p. PyTorch's, which makes up for it in training, times 1 - p.
 */
export class UnscaledDropout extends Dropout {
  override forward(x: Tensor): Tensor {
    return mul(super.forward(x), 1 - this.p);
  }

  override describe(): string {
    return `${super.describe()}, made up for in evaluation`;
  }
}
