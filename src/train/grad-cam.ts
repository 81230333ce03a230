// Which places of a picture spoke for a class (Selvaraju et al. 2017, "Grad-CAM").
import { mul } from '../autograd/ops/arithmetic.js';
import { oneHot } from '../autograd/ops/one-hot.js';
import { relu } from '../autograd/ops/pointwise.js';
import { mean, sum } from '../autograd/ops/reduce.js';
import { ShapeError, showValue, UsageError } from '../errors.js';
import { type AnyModule, type Module, requireModule } from '../layers/module.js';
import { inEvaluation } from '../layers/reach.js';
import { meant } from '../options.js';
import { scope } from '../tensor/scope.js';
import { showShape } from '../tensor/shape.js';
import { Tensor, tensor } from '../tensor/tensor.js';

/**
 * Grad-CAM: the maps of a layer, each weighted by the mean gradient of the class's logit, added up, and cut off below 0.
 * `input` is (batch, ...), `layer` the path of a module whose output is (batch, channels, height, width), such as 'conv5'; the
 * last convolution shows most. `classes`: one for all, or one an input. Gives (batch, height, width), not normalized. The model runs
 * in evaluation mode; gradients of its parameters are left as they are.
 * @throws UsageError for a path that no module has, or whose module does not run; ShapeError for other outputs or numbers of classes.
 */
export function gradCam(model: Module, layer: string, input: Tensor, classes: number | readonly number[]): Tensor {
  requireModule('gradCam', model);
  if (!(input instanceof Tensor)) throw new UsageError(`gradCam: input is a tensor, got ${showValue(input)}`);
  const modules = new Map(model.namedModules());
  const chosen = modules.get(layer);
  if (!chosen)
    throw new UsageError(`gradCam: no module is at '${layer}'; ${meant(layer, [...modules.keys()].filter(Boolean))}`);
  const trained = model.parameters().filter((p) => p.requiresGrad);
  for (const p of trained) p.requiresGrad = false; // nothing is wanted of them, and what they hold stays
  let maps: Tensor | undefined;
  const hook = chosen.registerForwardHook((_, __, output) => {
    maps = startOf(layer, output);
    return maps;
  });
  try {
    return scope(() => {
      const logits = inEvaluation(model as AnyModule, () => model.forward(input));
      if (!maps) throw new UsageError(`gradCam: '${layer}' did not run in the model's forward pass`);
      sum(mul(logits, targets(logits, classes))).backward();
      return weighted(maps);
    });
  } finally {
    hook.remove();
    for (const p of trained) p.requiresGrad = true;
    maps?.grad?.dispose();
  }
}

/** The layer's output as the leaf from which the rest is differentiated. */
function startOf(layer: string, output: unknown): Tensor {
  if (!(output instanceof Tensor && output.rank === 4)) {
    const shape = output instanceof Tensor ? showShape(output.shape) : showValue(output);
    throw new ShapeError(`gradCam: '${layer}' gives ${shape}, not (batch, channels, height, width)`);
  }
  const leaf = output.detach();
  leaf.requiresGrad = true;
  return leaf;
}

function targets(logits: Tensor, classes: number | readonly number[]): Tensor {
  if (logits.rank !== 2)
    throw new ShapeError(`gradCam: the model gives ${showShape(logits.shape)}, not (batch, classes)`);
  const [batch, count] = logits.shape;
  const list = typeof classes === 'number' ? new Array<number>(batch).fill(classes) : classes;
  if (!Array.isArray(list) || list.length !== batch) {
    throw new ShapeError(`gradCam: classes is a number or a list of ${batch}, one an input; got ${showValue(classes)}`);
  }
  const wrong = list.find((c) => !(Number.isInteger(c) && c >= 0 && c < count));
  if (wrong !== undefined)
    throw new UsageError(`gradCam: a class is ${showValue(wrong)}, the classes are 0 to ${count - 1}`);
  return oneHot(tensor(Int32Array.from(list)), count);
}

function weighted(maps: Tensor): Tensor {
  if (!maps.grad) throw new UsageError('gradCam: the output does not depend on the layer, or was computed in noGrad');
  return relu(sum(mul(mean(maps.grad, [2, 3], true), maps.detach()), 1));
}
