import { add } from '../autograd/ops/arithmetic.js';
import { crossEntropy } from '../autograd/ops/losses.js';
import { sum } from '../autograd/ops/reduce.js';
import { noGrad, unwatched } from '../autograd/tape.js';
import { activeRecorder } from '../device/commands.js';
import { type AnyModule, requireModule } from '../layers/module.js';
import { findingParts } from '../layers/reach.js';
import { callback, checkOptions } from '../options.js';
import { scope } from '../tensor/scope.js';
import { rngState, setRngState } from '../tensor/seed.js';
import { type InputShape, type Shape, shapesOf } from '../tensor/shape.js';
import { empty } from '../tensor/tensor.js';
import { tensorsIn } from '../tensor/tensors-in.js';

/**
 * Compiles the kernels that a model needs for inputs of this shape (or these, one for each input), so that the first step does not wait for them:
 * forward and, in training mode, backward from cross entropy (or from the sum, for outputs that are not (batch, classes)).
 * Nothing is computed: weights, gradients, statistics and the random stream are as before.
 * @throws UsageError for options that it does not know, ShapeError for a shape that is none.
 */
export async function warmup(
  model: AnyModule,
  inputShape: InputShape,
  options: { onProgress?: (done: number, all: number) => void } = {},
): Promise<void> {
  checkOptions('warmup', options, { onProgress: callback });
  requireModule('warmup', model);
  const shapes = shapesOf('warmup', inputShape);
  const { onProgress } = options;
  await rehearsing(model, async (body) => void (await activeRecorder().rehearse(() => body(shapes), onProgress)));
}

/** Hands `use` a forward and backward pass over undefined numbers, which leaves gradients and the random stream as they were. */
export async function rehearsing(
  model: AnyModule,
  use: (body: (shapes: readonly Shape[]) => void) => Promise<void>,
): Promise<void> {
  await use((shapes) => undisturbed(model, () => unwatched(() => rehearsal(model, shapes))));
}

/** Runs `body`, which never awaits: others may train while what it recorded is compiled. */
function undisturbed(model: AnyModule, body: () => void): void {
  const stream = rngState();
  const parameters = model.parameters();
  const gradients = parameters.map((p) => p.grad);
  using _gradients = scope(); // holds them meanwhile
  for (const p of parameters) p.grad = null;
  try {
    body();
  } finally {
    parameters.forEach((p, i) => {
      p.grad?.dispose();
      p.grad = gradients[i];
    });
    setRngState(stream);
  }
}

function rehearsal(model: AnyModule, shapes: readonly Shape[]): void {
  using _ = scope();
  const inputs = shapes.map((shape) => empty(shape, 'f32', 'warmup'));
  if (!model.training) {
    noGrad(() => model.forward(...inputs));
    return;
  }
  const output: unknown = findingParts('warmup', model, () => model.forward(...inputs));
  const losses = tensorsIn(output)
    .filter((y) => y.requiresGrad)
    .map((y) => (y.rank === 2 ? crossEntropy(y, empty([y.shape[0]], 'i32', 'warmup')) : sum(y)));
  if (losses.length > 0) losses.reduce(add).backward();
}
