// matmul and linear: every product of two numbers, one by one.
import fc from 'fast-check';
import { linear, matmul, type Tensor } from '../../../src/index.js';
import { subgroupsUsable, type Variant } from '../../../src/kernels/tile.js';
import { useVariant } from '../variants.js';
import { broadcastIndex, broadcastShape, sizeOf } from './indexing.js';
import type { Property } from './property.js';
import { Sums } from './sums.js';
import { compare, type Input, type Setting, settings, valuesOf } from './trial.js';

export type DrawnVariant = Variant | 'chosen';
const variants = fc.constantFrom<DrawnVariant>('chosen', 'chosen', 'plain', 'tiled', 'subgroup', 'shared');

/** Sizes at and beside the edges of tiles, primes, and nothing at all. */
const side = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 20 }) },
  { weight: 2, arbitrary: fc.constantFrom(31, 32, 33, 64, 65, 97, 128) },
  { weight: 1, arbitrary: fc.constant(0) },
);

/** Runs `body` with the kernels of a variant, where the device has them. */
async function withVariant(variant: DrawnVariant, body: () => Promise<void>): Promise<void> {
  fc.pre(!(variant === 'subgroup' && !subgroupsUsable())); // the device has no such kernels
  if (variant !== 'chosen') useVariant(variant);
  try {
    await body();
  } finally {
    useVariant(null);
  }
}

interface MatmulCase {
  /** Leading dimensions of a and of b, as powers of "this one is 1": they broadcast. */
  batch: number[];
  aOnes: number;
  bOnes: number;
  aSkips: number;
  bSkips: number;
  m: number;
  n: number;
  k: number;
  /** Whether a or b is a vector. */
  vectors: 'none' | 'a' | 'b' | 'both';
  variant: DrawnVariant;
  setting: Setting;
}

const matmulCases: fc.Arbitrary<MatmulCase> = fc.record({
  batch: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 2 }),
  aOnes: fc.nat(3),
  bOnes: fc.nat(3),
  aSkips: fc.nat(2),
  bSkips: fc.nat(2),
  m: side,
  n: side,
  k: side,
  vectors: fc.constantFrom('none', 'none', 'none', 'none', 'a', 'b', 'both'),
  variant: variants,
  setting: settings(),
});

async function checkMatmul(c: MatmulCase): Promise<void> {
  const leading = (ones: number, skips: number) => c.batch.map((n, i) => (ones & (1 << i) ? 1 : n)).slice(skips);
  const vectorA = c.vectors === 'a' || c.vectors === 'both';
  const vectorB = c.vectors === 'b' || c.vectors === 'both';
  const [m, n] = [vectorA ? 1 : c.m, vectorB ? 1 : c.n];
  const aLeading = vectorA ? [] : leading(c.aOnes, c.aSkips);
  const bLeading = vectorB ? [] : leading(c.bOnes, c.bSkips);
  const batch = broadcastShape(aLeading, bLeading);
  const a = filled(vectorA ? [c.k] : [...aLeading, m, c.k], c.setting, 0);
  const b = filled(vectorB ? [c.k] : [...bLeading, c.k, n], c.setting, 1);
  const yShape = [...batch, ...(vectorA ? [] : [m]), ...(vectorB ? [] : [n])];
  const products = (visit: (a: number, b: number, y: number) => void) => {
    for (let at = 0; at < sizeOf(batch); at++) {
      const [aAt, bAt] = [broadcastIndex(at, batch, aLeading) * m * c.k, broadcastIndex(at, batch, bLeading) * c.k * n];
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          for (let l = 0; l < c.k; l++) visit(aAt + i * c.k + l, bAt + l * n + j, (at * m + i) * n + j);
        }
      }
    }
  };
  const y = new Sums(yShape);
  products((i, j, to) => y.add(to, a.data[i] * b.data[j]));
  const gradients = (dy: Float32Array) => {
    const [da, db] = [new Sums(a.shape), new Sums(b.shape)];
    products((i, j, from) => {
      da.add(i, dy[from] * b.data[j]);
      db.add(j, dy[from] * a.data[i]);
    });
    return [da, db];
  };
  const item = Math.max(m, n, c.k) * 2;
  // The gradient of a matrix that several products share is the sum of theirs.
  const roundings = [aLeading, bLeading].some((own) => own.join() !== batch.join()) ? 1 : 0;
  await withVariant(c.variant, () => compare(matmul, [a, b], { y, gradients, roundings }, c.setting, item));
}

interface LinearCase {
  leading: number[];
  features: number;
  out: number;
  bias: boolean;
  variant: DrawnVariant;
  setting: Setting;
}

const linearCases: fc.Arbitrary<LinearCase> = fc.record({
  leading: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
  features: side,
  out: side,
  bias: fc.boolean(),
  variant: variants,
  setting: settings(),
});

async function checkLinear(c: LinearCase): Promise<void> {
  const rows = sizeOf(c.leading);
  const x = filled([...c.leading, c.features], c.setting, 0);
  const weight = filled([c.out, c.features], c.setting, 1);
  const bias = filled([c.out], c.setting, 2);
  const y = new Sums([...c.leading, c.out]);
  const products = (visit: (x: number, weight: number, y: number) => void) => {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < c.out; j++) {
        for (let l = 0; l < c.features; l++) visit(i * c.features + l, j * c.features + l, i * c.out + j);
      }
    }
  };
  products((i, j, to) => y.add(to, x.data[i] * weight.data[j]));
  if (c.bias) for (let i = 0; i < y.size; i++) y.add(i, bias.data[i % c.out]);
  const gradients = (dy: Float32Array) => {
    const [dx, dweight, dbias] = [new Sums(x.shape), new Sums(weight.shape), new Sums(bias.shape)];
    products((i, j, from) => {
      dx.add(i, dy[from] * weight.data[j]);
      dweight.add(j, dy[from] * x.data[i]);
    });
    for (let i = 0; i < y.size; i++) dbias.add(i % c.out, dy[i]);
    return c.bias ? [dx, dweight, dbias] : [dx, dweight];
  };
  const op = (tx: Tensor, tw: Tensor, tb?: Tensor) => linear(tx, tw, tb ?? null);
  const inputs = c.bias ? [x, weight, bias] : [x, weight];
  const item = Math.max(rows, c.features, c.out) * 2;
  await withVariant(c.variant, () =>
    compare(op as (...inputs: Tensor[]) => Tensor, inputs, { y, gradients }, c.setting, item),
  );
}

function filled(shape: readonly number[], setting: Setting, which: number): Input {
  return { shape, data: valuesOf(sizeOf(shape), setting, which) };
}

export const matmulProperty: Property<MatmulCase> = {
  ...{ covers: ['matmul'], cases: matmulCases, check: checkMatmul, few: 14, share: 10 },
};
export const linearProperty: Property<LinearCase> = {
  ...{ covers: ['linear'], cases: linearCases, check: checkLinear, few: 12, share: 8 },
};
