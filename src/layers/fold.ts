import { add, mul } from '../autograd/ops/arithmetic.js';
import { reshape } from '../autograd/ops/shape.js';
import { noGrad } from '../autograd/tape.js';
import { showValue, UsageError } from '../errors.js';
import { scope } from '../tensor/scope.js';
import { BatchNorm } from './batch-norm.js';
import { Conv2d } from './conv2d.js';
import { Linear } from './linear.js';
import type { Module } from './module.js';
import { Sequential } from './sequential.js';

/**
 * A model for inference in which every batch norm right behind a convolution or a dense layer has become part of its weights:
 * the same outputs, to rounding, with fewer layers. The changed layers have weights of their own; the others are shared with
 * `model`: both are in evaluation mode afterwards, all of their layers. Batch norms elsewhere (behind a ReLU, as in AlexNet's
 * 'dogcat') stay.
 * @throws UsageError for what is no Sequential, or one with a `forward` of its own.
 */
export function foldBatchNorm(model: Sequential): Sequential {
  if (!isChain(model)) {
    throw new UsageError(`foldBatchNorm: takes a Sequential that runs its layers in order, got ${showValue(model)}`);
  }
  const folded: Record<string, Module> = {};
  const layers = model.chain();
  for (let i = 0; i < layers.length; i++) {
    const [name, layer] = layers[i];
    const next = layers[i + 1]?.[1];
    if ((layer instanceof Conv2d || layer instanceof Linear) && next instanceof BatchNorm) {
      folded[name] = withNorm(layer, next);
      i++;
    } else {
      folded[name] = isChain(layer) ? foldBatchNorm(layer) : layer;
    }
  }
  model.eval();
  return new Sequential(folded).eval();
}

function isChain(module: unknown): module is Sequential {
  return module instanceof Sequential && module.forward === Sequential.prototype.forward;
}

/** scale * (weight · x + bias) + shift as one layer. */
function withNorm(layer: Conv2d | Linear, norm: BatchNorm): Conv2d | Linear {
  using _ = scope();
  const { weight, bias } = layer;
  const own = copyOf(layer);
  noGrad(() => {
    const { scale, shift } = norm.affine();
    const perOutput = reshape(scale, [weight.shape[0], ...weight.shape.slice(1).map(() => 1)]);
    own.loadStateDict({
      weight: mul(weight, perOutput),
      bias: bias ? add(mul(bias, scale), shift) : shift,
    });
  });
  return own;
}

function copyOf(layer: Conv2d | Linear): Conv2d | Linear {
  if (layer instanceof Linear) return new Linear(layer.inFeatures, layer.outFeatures);
  const [, , height, width] = layer.weight.shape;
  return new Conv2d(layer.inChannels, layer.outChannels, [height, width], layer.options);
}
