// Checks a gradient against finite differences: for ops of your own, and for ours.
import { DtypeError, UsageError } from '../errors.js';
import { checkOptions, positive, requireFunction, whole } from '../options.js';
import { scope } from '../tensor/scope.js';
import { showShape } from '../tensor/shape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { requireList, requireTensors } from './ops/checks.js';
import { noGrad } from './tape.js';

/** How `gradcheck` compares. */
export interface GradcheckOptions {
  /** Half the step of the central difference. Values are float32, so the error of much smaller steps is mostly rounding. Default 1e-2. */
  eps?: number;
  /** Largest difference allowed, relative to the largest gradient of that input (at least 1). Default 1e-2. */
  tolerance?: number;
  /** Elements checked in each input, evenly taken. Default 100. */
  samples?: number;
}

/**
 * Compares the gradients of `fn` with central differences, for each input that requires a gradient, under a random
 * upstream gradient. The inputs' values are restored. PyTorch: torch.autograd.gradcheck.
 * @throws UsageError naming the input, the element and both values where they differ; or if no input requires a gradient. DtypeError
 * for f16.
 */
export async function gradcheck(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): Promise<void> {
  requireFunction('gradcheck', 'fn', fn);
  requireList('gradcheck', 'tensors', inputs);
  requireTensors('gradcheck', ...inputs);
  const half = inputs.find((t) => t.requiresGrad && t.dtype === 'f16');
  if (half)
    throw new DtypeError(`gradcheck: takes f32, got f16 ${showShape(half.shape)}: f16 is too coarse for differences`);
  checkOptions('gradcheck', options, { eps: positive, tolerance: positive, samples: whole(1) });
  const { eps = 1e-2, tolerance = 1e-2, samples = 100 } = options;
  const checked = inputs.filter((t) => t.requiresGrad);
  if (checked.length === 0) throw new UsageError('gradcheck: no input requires a gradient');
  const upstream = await backwardOnce(fn, inputs);
  for (const [number, input] of inputs.entries()) {
    if (!input.requiresGrad) continue;
    const gradient = input.grad ? await input.grad.data() : new Float32Array(input.size);
    const values = Float32Array.from(await input.data());
    let scale = 1;
    for (const g of gradient) scale = Math.max(scale, Math.abs(g));
    const stride = Math.max(1, Math.ceil(input.size / samples));
    for (let i = 0; i < input.size; i += stride) {
      const above = await shifted(fn, inputs, input, values, i, eps, upstream);
      const below = await shifted(fn, inputs, input, values, i, -eps, upstream);
      const expected = (above - below) / (2 * eps);
      if (Math.abs(gradient[i] - expected) <= tolerance * scale) continue;
      input.set(values);
      throw new UsageError(
        `gradcheck: input ${number}, element ${i}: the gradient is ${gradient[i]}, finite differences give ${expected.toPrecision(5)}`,
      );
    }
    input.set(values);
  }
}

/** Runs the backward pass under a random upstream gradient, which it returns; gradients start from none. */
async function backwardOnce(fn: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]): Promise<Float32Array> {
  for (const input of inputs) {
    input.grad?.dispose();
    input.grad = null;
  }
  using _pass = scope();
  const y = fn(...inputs);
  requireTensors('gradcheck', y);
  // Never all ones: a gradient that ignores dy, or mixes its elements up, must not pass.
  const upstream = Float32Array.from({ length: y.size }, (_, i) => Math.sin(12.9898 * (i + 1)) + 0.3);
  y.backward(tensor(upstream, { shape: y.shape }));
  return upstream;
}

/** The sum of upstream * fn(inputs) in float64, one element of one input moved by `step`. */
async function shifted(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  input: Tensor,
  values: Float32Array,
  element: number,
  step: number,
  upstream: Float32Array,
): Promise<number> {
  const moved = values.slice();
  moved[element] += step;
  input.set(moved);
  const result = scope(() => noGrad(() => fn(...inputs)));
  const y = await result.data();
  result.dispose();
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += y[i] * upstream[i];
  return sum;
}
