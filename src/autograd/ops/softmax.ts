import * as kernels from '../../kernels/softmax.js';
import { normalizeDim, sizeOf } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { raised } from '../autocast.js';
import { record } from '../tape.js';
import { requireFloats } from './checks.js';

/** exp(x) / sum of exp(x) along `dim` (default the last), without overflow. PyTorch: torch.softmax. */
export function softmax(x: Tensor, dim = -1): Tensor {
  requireFloats('softmax', x);
  return raised((wide) => along('softmax', wide, dim), x);
}

/** log(softmax(x)) along `dim` (default the last), without overflow. PyTorch: torch.log_softmax. */
export function logSoftmax(x: Tensor, dim = -1): Tensor {
  requireFloats('logSoftmax', x);
  return raised((wide) => along('logSoftmax', wide, dim), x);
}

function along(kind: kernels.SoftmaxKind, x: Tensor, dim: number): Tensor {
  const d = normalizeDim(kind, dim, x.rank);
  const size = { outer: sizeOf(x.shape.slice(0, d)), length: x.shape[d] ?? 1, inner: sizeOf(x.shape.slice(d + 1)) };
  const y = empty(x.shape, x.dtype, kind);
  kernels.softmax(kind, x.buffer, y.buffer, size);
  return record(kind, y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, x.dtype, `${kind} dx`);
      kernels.softmaxGrad(kind, { y: y.buffer, dy: dy.buffer, dx: dx.buffer }, size);
      return dx;
    },
  ]);
}
