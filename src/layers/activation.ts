import { gelu, leakyRelu, relu, sigmoid, tanh } from '../autograd/ops/pointwise.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { Module } from './module.js';

/** A pointwise layer: the shape stays. */
abstract class Pointwise extends Module {
  override outputShape(input: Shape): Shape {
    return input;
  }
}

/** max(x, 0). */
export class ReLU extends Pointwise {
  forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** x where positive, negativeSlope * x elsewhere; default slope 0.01. */
export class LeakyReLU extends Pointwise {
  constructor(readonly negativeSlope = 0.01) {
    super();
  }

  forward(x: Tensor): Tensor {
    return leakyRelu(x, this.negativeSlope);
  }
}

export class GELU extends Pointwise {
  forward(x: Tensor): Tensor {
    return gelu(x);
  }
}

export class Sigmoid extends Pointwise {
  forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

export class Tanh extends Pointwise {
  forward(x: Tensor): Tensor {
    return tanh(x);
  }
}
