import { DtypeError, showValue, UsageError } from '../errors.js';
import { unscoped } from './scope.js';
import { showShape } from './shape.js';
import { disposedOf } from './storage.js';
import { alias, Tensor } from './tensor.js';

/**
 * A trainable tensor: requires a gradient and lives outside every scope. Takes over the memory of `t`, which is disposed
 * of. PyTorch: nn.Parameter.
 * @throws UsageError for what is no tensor, DtypeError if it is not f32.
 */
export function parameter(t: Tensor): Tensor {
  if (!(t instanceof Tensor)) throw new UsageError(`parameter: takes a tensor, got ${showValue(t)}`);
  if (t.disposed) throw new UsageError(`parameter: ${disposedOf(t.label, t.shape)}`);
  if (t.dtype !== 'f32')
    throw new DtypeError(
      `parameter: only f32 can be trained, this is ${t.dtype} ${showShape(t.shape)}; autocast computes with f32 parameters in f16`,
    );
  const made = unscoped(() => alias(t, t.shape));
  made.requiresGrad = true;
  made.holds('parameter');
  t.dispose();
  return made;
}
