import * as kernels from '../../kernels/softmax.js';
import { normalizeDim, sizeOf } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { record } from '../tape.js';
import { requireF32 } from './checks.js';

/** exp(x) / sum of exp(x) along `dim` (default the last), without overflow. PyTorch: torch.softmax. */
export function softmax(x: Tensor, dim = -1): Tensor {
  return along('softmax', x, dim);
}

/** log(softmax(x)) along `dim` (default the last), without overflow. PyTorch: torch.log_softmax. */
export function logSoftmax(x: Tensor, dim = -1): Tensor {
  return along('logSoftmax', x, dim);
}

function along(kind: kernels.SoftmaxKind, x: Tensor, dim: number): Tensor {
  requireF32(kind, x);
  const d = normalizeDim(kind, dim, x.rank);
  const size = { outer: sizeOf(x.shape.slice(0, d)), length: x.shape[d] ?? 1, inner: sizeOf(x.shape.slice(d + 1)) };
  const y = empty(x.shape, 'f32', kind);
  kernels.softmax(kind, x.buffer, y.buffer, size);
  return record(kind, y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, 'f32', `${kind} dx`);
      kernels.softmaxGrad(kind, { y: y.buffer, dy: dy.buffer, dx: dx.buffer }, size);
      return dx;
    },
  ]);
}
