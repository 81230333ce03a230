import { crossEntropy } from '../autograd/ops/losses.js';
import { sum } from '../autograd/ops/reduce.js';
import { noGrad, unwatched } from '../autograd/tape.js';
import { activeRecorder } from '../device/recorder.js';
import { type Module, requireModule } from '../layers/module.js';
import { findingParts } from '../layers/reach.js';
import { callback, checkOptions } from '../options.js';
import { scope } from '../tensor/scope.js';
import { rngState, setRngState } from '../tensor/seed.js';
import { checkShape, type Shape } from '../tensor/shape.js';
import { empty } from '../tensor/tensor.js';

/**
 * Compiles the kernels that a model needs for inputs of this shape, so that the first step does not wait for them:
 * forward and, in training mode, backward from cross entropy (or from the sum, if the output is not (batch, classes)).
 * Nothing is computed: weights, gradients, statistics and the random stream are as before.
 * @throws UsageError for options that it does not know, ShapeError for a shape that is none.
 */
export async function warmup(
  model: Module,
  inputShape: Shape,
  options: { onProgress?: (done: number, all: number) => void } = {},
): Promise<void> {
  checkOptions('warmup', options, { onProgress: callback });
  requireModule('warmup', model);
  checkShape('warmup', inputShape);
  const { onProgress } = options;
  await rehearsing(model, async (body) => void (await activeRecorder().rehearse(() => body(inputShape), onProgress)));
}

/** Hands `use` a forward and backward pass over undefined numbers, which leaves gradients and the random stream as they were. */
export async function rehearsing(
  model: Module,
  use: (body: (inputShape: Shape) => void) => Promise<void>,
): Promise<void> {
  await use((inputShape) => undisturbed(model, () => unwatched(() => rehearsal(model, inputShape))));
}

/** Runs `body`, which never awaits: others may train while what it recorded is compiled. */
function undisturbed(model: Module, body: () => void): void {
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

function rehearsal(model: Module, inputShape: Shape): void {
  using _ = scope();
  const x = empty(inputShape, 'f32', 'warmup');
  if (!model.training) {
    noGrad(() => model.forward(x));
    return;
  }
  const y = findingParts('warmup', model, () => model.forward(x));
  const loss = y.rank === 2 ? crossEntropy(y, empty([y.shape[0]], 'i32', 'warmup')) : sum(y);
  if (loss.requiresGrad) loss.backward();
}
