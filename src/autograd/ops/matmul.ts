import { ShapeError } from '../../errors.js';
import { gemm } from '../../kernels/gemm.js';
import { broadcastShapes, type Shape, showShape, sizeOf } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { lowered } from '../autocast.js';
import { composed, record } from '../tape.js';
import { broadcastTo } from './broadcast.js';
import { requireFloats } from './checks.js';
import { reshape } from './shape.js';

/**
 * Matrix product of the last two dimensions, the leading ones broadcast. a (..., m, k), b (..., k, n) give
 * (..., m, n); a vector on either side is a row (left) or a column (right) that vanishes from the result.
 * PyTorch: torch.matmul.
 * @throws ShapeError if a's columns are not as many as b's rows, or the leading dimensions do not broadcast.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  requireFloats('matmul', a);
  requireFloats('matmul', b);
  if (a.rank === 0 || b.rank === 0) {
    throw new ShapeError(`matmul: takes vectors and matrices, got ${showShape(a.shape)} and ${showShape(b.shape)}`);
  }
  return lowered(ofAnyRank, a, b);
}

function ofAnyRank(a: Tensor, b: Tensor): Tensor {
  requireFloats('matmul', a, b);
  return composed([a, b], () => {
    if (a.rank === 1) return dropDim(matrices(reshape(a, [1, a.size]), b), b.rank === 1 ? -1 : -2);
    return matrices(a, b);
  });
}

function matrices(a: Tensor, b: Tensor): Tensor {
  if (b.rank === 1) return dropDim(matrices(a, reshape(b, [b.size, 1])), -1);
  const [m, k] = a.shape.slice(-2);
  const [depth, n] = b.shape.slice(-2);
  if (k !== depth) {
    throw new ShapeError(`matmul: ${k} columns meet ${depth} rows (${showShape(a.shape)} · ${showShape(b.shape)})`);
  }
  const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (b.size === k * n && sizeOf(batch) * m * k === a.size) {
    // One matrix for all: the rows of every product form one tall matrix.
    const tall = product(reshape(a, [sizeOf(batch) * m, k]), reshape(b, [k, n]), []);
    return reshape(tall, [...batch, m, n]);
  }
  return product(broadcastTo(a, [...batch, m, k]), broadcastTo(b, [...batch, k, n]), batch);
}

/** The product of equally many matrices, as one op. */
function product(a: Tensor, b: Tensor, batchShape: Shape): Tensor {
  const [m, k] = a.shape.slice(-2);
  const n = b.shape.at(-1)!;
  const batch = sizeOf(batchShape);
  const y = empty([...batchShape, m, n], a.dtype, 'matmul');
  gemm(a.buffer, b.buffer, y.buffer, { m, n, k, batch });
  return record('matmul', y, [a, b], (dy) => [
    () => {
      const da = empty(a.shape, a.dtype, 'matmul da');
      gemm(dy.buffer, b.buffer, da.buffer, { m, n: k, k: n, transB: true, batch });
      return da;
    },
    () => {
      const db = empty(b.shape, a.dtype, 'matmul db');
      gemm(a.buffer, dy.buffer, db.buffer, { m: k, n, k: m, transA: true, batch });
      return db;
    },
  ]);
}

/** Takes out a dimension of size 1, counted from the back. */
function dropDim(t: Tensor, dim: number): Tensor {
  return reshape(
    t,
    t.shape.filter((_, i) => i !== t.rank + dim),
  );
}
