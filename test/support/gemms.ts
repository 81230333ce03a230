// Matrix products as float64 loops.
import type { GemmSize } from '../../src/kernels/gemm.js';

/** Which operands are stored transposed. */
export const orientations = [
  ['NN', {}],
  ['NT', { transB: true }],
  ['TN', { transA: true }],
  ['TT', { transA: true, transB: true }],
] as const;

/** C in float64, from the operands as they are stored. */
export function gemmReference(
  a: Float32Array,
  b: Float32Array,
  size: GemmSize,
  bias?: Float32Array,
  c?: Float32Array,
): Float64Array {
  const { m, n, k, batch = 1, aBatch = m * k, bBatch = k * n } = size;
  const out = new Float64Array(batch * m * n);
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        const at = (image * m + row) * n + column;
        let sum = (bias?.[column] ?? 0) + (c?.[at] ?? 0);
        for (let i = 0; i < k; i++) {
          const left = a[image * aBatch + (size.transA ? i * m + row : row * k + i)];
          sum += left * b[image * bBatch + (size.transB ? column * k + i : i * n + column)];
        }
        out[at] = sum;
      }
    }
  }
  return out;
}
