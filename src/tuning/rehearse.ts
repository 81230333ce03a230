import { autocast } from '../autograd/autocast.js';
import { add } from '../autograd/ops/arithmetic.js';
import { crossEntropy } from '../autograd/ops/losses.js';
import { sum } from '../autograd/ops/reduce.js';
import { noGrad, unwatched } from '../autograd/tape.js';
import type { AnyModule } from '../layers/module.js';
import { findingParts } from '../layers/reach.js';
import { scope } from '../tensor/scope.js';
import { rngState, setRngState } from '../tensor/seed.js';
import type { Shape } from '../tensor/shape.js';
import { empty } from '../tensor/tensor.js';
import { tensorsIn } from '../tensor/tensors-in.js';

/** Hands `use` a forward and backward pass over undefined numbers, which leaves gradients and the random stream as they were. */
export async function rehearsing(
  model: AnyModule,
  use: (body: (shapes: readonly Shape[]) => void) => Promise<void>,
  precision: 'f32' | 'f16' = 'f32',
): Promise<void> {
  await use((shapes) => undisturbed(model, () => unwatched(() => rehearsal(model, shapes, precision))));
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

function rehearsal(model: AnyModule, shapes: readonly Shape[], precision: 'f32' | 'f16'): void {
  using _ = scope();
  const inputs = shapes.map((shape) => empty(shape, 'f32', 'warmup'));
  const forward = () => {
    const run = () => model.forward(...inputs);
    return precision === 'f16' ? autocast('f16', run) : run();
  };
  if (!model.training) {
    noGrad(forward);
    return;
  }
  const output: unknown = findingParts('warmup', model, forward);
  const losses = tensorsIn(output)
    .filter((y) => y.requiresGrad)
    .map((y) => (y.rank === 2 ? crossEntropy(y, empty([y.shape[0]], 'i32', 'warmup')) : sum(y)));
  if (losses.length > 0) losses.reduce(add).backward();
}
