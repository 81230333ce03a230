import { gelu, leakyRelu, relu, sigmoid, tanh } from '../autograd/ops/pointwise.js';
import { checkOptions, finite } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { Module } from './module.js';
import { showArguments } from './tree.js';

/** max(x, 0), as a layer. PyTorch: nn.ReLU. */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** x where positive, negativeSlope * x elsewhere. PyTorch: nn.LeakyReLU. */
export class LeakyReLU extends Module {
  constructor(
    /** Default 0.01. */
    readonly negativeSlope = 0.01,
  ) {
    super();
    checkOptions('LeakyReLU', { negativeSlope }, { negativeSlope: finite });
  }

  forward(x: Tensor): Tensor {
    return leakyRelu(x, this.negativeSlope);
  }

  override describe(): string {
    return showArguments([], { negativeSlope: this.negativeSlope });
  }
}

/** x times the normal distribution function of x, by the error function. PyTorch: nn.GELU. */
export class GELU extends Module {
  forward(x: Tensor): Tensor {
    return gelu(x);
  }
}

/** 1 / (1 + exp(-x)), as a layer. PyTorch: nn.Sigmoid. */
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** The hyperbolic tangent, as a layer. PyTorch: nn.Tanh. */
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return tanh(x);
  }
}
