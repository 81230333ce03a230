// Activations computed again in the backward pass in place of kept: less memory for more arithmetic. Chen et al. 2016.
import { requireSync, scope } from '../tensor/scope.js';
import { rngState, setRngState } from '../tensor/seed.js';
import { alias, type Tensor } from '../tensor/tensor.js';
import { thisMoment } from '../tensor/versions.js';
import { requireTensors } from './ops/checks.js';
import { zerosLike } from './ops/create.js';
import { recomputing } from './recomputing.js';
import { mixed, whileMixed } from './region.js';
import { gradEnabled, gradientsOf, record, sourcesOf, whileRecording } from './tape.js';

/**
 * fn(...inputs), of which the result alone is kept: what is computed on the way there is computed again when its gradient is needed. The
 * result and all gradients are the same to the bit, dropout's masks and running statistics too, but for what is used in several pieces or
 * outside as well: its gradients are added in another order. A step takes about a third longer where all of a network is in checkpoints. Parameters that `fn` uses get their gradients as usual. A network in several checkpoints, one
 * behind the other, needs the least memory. PyTorch: torch.utils.checkpoint.checkpoint(fn, x, use_reentrant=False).
 * @throws UsageError unless `fn` is a function, not async, that gives one tensor.
 */
export function checkpoint<T extends readonly Tensor[]>(fn: (...inputs: T) => Tensor, ...inputs: T): Tensor {
  requireSync('checkpoint', fn, 'what it computes after its first await would be lost');
  requireTensors('checkpoint', ...inputs);
  if (!gradEnabled()) return checked(fn(...inputs));
  const random = rngState();
  const half = mixed.on;
  const began = thisMoment().tensors;
  const compute = () => whileMixed(half, () => checked(fn(...inputs)));
  let sources: Tensor[] = [];
  const y = scope(() => {
    const result = compute();
    sources = result.requiresGrad ? sourcesOf(result, began) : [];
    return result.id < began ? result : alias(result, result.shape);
  });
  if (y.id < began || sources.length === 0) return y;
  return record('checkpoint', y, sources, (dy) => {
    let found: Map<Tensor, Tensor> | undefined;
    const gradients = () => scope(() => gradientsOf(repeated(compute, random), dy, new Set(sources)));
    return sources.map((source) => () => {
      found ??= gradients();
      const gradient = found.get(source);
      return gradient ?? zerosLike(source);
    });
  });
}

/** Computes the piece once more, as it was computed: with the random numbers of then. */
function repeated(compute: () => Tensor, random: ReturnType<typeof rngState>): Tensor {
  const now = rngState();
  const before = recomputing.now;
  recomputing.now = true;
  setRngState(random);
  try {
    return whileRecording(true, compute);
  } finally {
    setRngState(now);
    recomputing.now = before;
  }
}

function checked(result: Tensor): Tensor {
  requireTensors('checkpoint: what the function gives', result);
  return result;
}
