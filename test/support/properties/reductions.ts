// Sums and extremes over dimensions, each element's share by itself.
import fc from 'fast-check';
import {
  amax,
  amin,
  argmax,
  argmin,
  type Dims,
  mean,
  norm,
  sum,
  sumTo,
  type Tensor,
  variance,
} from '../../../src/index.js';
import { EPSILON, LARGEST } from '../tolerance.js';
import { broadcastIndex, ravel, sizeOf, unravel } from './indexing.js';
import type { Property } from './property.js';
import { Sums } from './sums.js';
import { compare, DENORMALS, type Input, type Setting, settings, valuesOf } from './trial.js';

interface Case {
  shape: number[];
  /** Bit i: whether dimension i is reduced. */
  dims: number;
  /** How dims are given: by number, from the back, not at all (then all are reduced). */
  given: 'front' | 'back' | 'all';
  keepDim: boolean;
  correction: number;
  setting: Setting;
}

const side = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 9 }) },
  { weight: 2, arbitrary: fc.constantFrom(31, 64, 65, 511, 512, 513, 1031, 2053) }, // about where a sum is cut
  { weight: 1, arbitrary: fc.constant(0) },
);
const shapes = fc.array(side, { maxLength: 5 }).filter((shape) => sizeOf(shape) <= 60_000);

const casesOf = (setting: fc.Arbitrary<Setting>): fc.Arbitrary<Case> =>
  fc.record({
    shape: shapes,
    dims: fc.integer({ min: 1, max: 31 }),
    given: fc.constantFrom('front', 'back', 'all'),
    keepDim: fc.boolean(),
    correction: fc.constantFrom(0, 1),
    setting,
  });

/** How a case reduces its input: what its dims are called, the result's shape, and where each element goes. */
function plan({ shape, dims: bits, given, keepDim, setting }: Case) {
  let dims = shape.flatMap((_, i) => (bits & (1 << i) ? [i] : []));
  if (given === 'all' || dims.length === 0) dims = shape.map((_, i) => i);
  const kept = shape.map((n, i) => (dims.includes(i) ? 1 : n));
  const named: Dims =
    given === 'all' || dims.length === 0 ? null : dims.map((d) => (given === 'back' ? d - shape.length : d));
  const x: Input = { shape, data: valuesOf(sizeOf(shape), setting) };
  const targets = Uint32Array.from(x.data, (_, i) => broadcastIndex(i, shape, kept));
  const count = dims.reduce((n, d) => n * shape[d], 1);
  const yShape = keepDim ? kept : shape.filter((_, i) => !dims.includes(i));
  return { x, targets, count, yShape, dims: named, size: sizeOf(yShape) };
}

/** Runs of a row that fit a binding are the op's to find: the whole is what is large here. */
const ITEM = 64;

async function checkTotal(c: Case, op: typeof sum, scale: (count: number) => number): Promise<void> {
  const { x, targets, count, yShape, dims, size } = plan(c);
  fc.pre(!(count === 0 && size > 0 && op === mean)); // an error; test/ops/invalid.test.ts
  const factor = scale(count);
  const y = new Sums(yShape);
  targets.forEach((to, i) => {
    y.add(to, x.data[i] * factor, Math.abs(x.data[i]));
  });
  const gradients = (dy: Float32Array) => [
    Sums.of(
      x.shape,
      Float64Array.from(targets, (to) => dy[to] * factor),
    ),
  ];
  await compare((t) => op(t, dims, c.keepDim), [x], { y, gradients }, c.setting, ITEM);
}

async function checkExtreme(c: Case, op: typeof amax, sign: 1 | -1): Promise<void> {
  const { x, targets, count, yShape, dims, size } = plan(c);
  fc.pre(!(count === 0 && size > 0)); // an error; test/ops/invalid.test.ts
  const best = new Float64Array(size).fill(-Infinity);
  targets.forEach((to, i) => {
    best[to] = Math.max(best[to], sign * x.data[i]);
  });
  const hits = new Float64Array(size);
  targets.forEach((to, i) => {
    if (sign * x.data[i] === best[to]) hits[to]++;
  });
  const gradients = (dy: Float32Array) => {
    // Nothing equals a NaN: PyTorch divides by no hits at all.
    const lost = (to: number) => (Number.isNaN(best[to]) ? Number.NaN : 0);
    const share = Float64Array.from(targets, (to, i) => (sign * x.data[i] === best[to] ? dy[to] / hits[to] : lost(to)));
    return [Sums.of(x.shape, share)];
  };
  const y = Sums.of(
    yShape,
    best.map((v) => sign * v),
  );
  await compare((t) => op(t, dims, c.keepDim), [x], { y, gradients }, c.setting, ITEM);
}

async function checkVariance(c: Case): Promise<void> {
  const { x, targets, count, yShape, dims, size } = plan(c);
  fc.pre(!(count <= c.correction && size > 0)); // nothing is left to divide by
  const means = new Float64Array(size);
  targets.forEach((to, i) => {
    means[to] += x.data[i] / count;
  });
  const divisor = count - c.correction;
  const most = new Float64Array(size); // of each group: what its mean is rounded by
  targets.forEach((to, i) => {
    if (Number.isFinite(x.data[i])) most[to] = Math.max(most[to], Math.abs(x.data[i]));
  });
  const totals = new Float64Array(size);
  targets.forEach((to, i) => {
    totals[to] += (x.data[i] - means[to]) ** 2 / divisor;
  });
  // The mean's own rounding comes back squared.
  const terms = 2 * Math.sqrt(count);
  const y = Sums.of(yShape, totals, { terms, scale: most.map((m) => 16 * EPSILON * m * m) });
  // Squares, or their sum, that f32 cannot hold are PyTorch's by its own order.
  y.leaveOutWhere((to) => 4 * most[to] ** 2 * count > LARGEST);
  const gradients = (dy: Float32Array) => {
    const dx = Sums.of(
      x.shape,
      Float64Array.from(targets, (to, i) => (2 * dy[to] * (x.data[i] - means[to])) / divisor),
      { terms, scale: Float64Array.from(targets, (to) => (2 * most[to] * Math.abs(dy[to])) / divisor) },
    );
    const wide = (m: number) => m * count > 0.1 * LARGEST; // its sum, for the mean
    return [dx.leaveOutWhere((i) => wide(most[targets[i]]))];
  };
  const { correction, keepDim } = c;
  await compare((t) => variance(t, dims, { correction, keepDim }), [x], { y, gradients }, c.setting, ITEM);
}

async function checkNorm(c: Case): Promise<void> {
  const { x, targets, count, yShape, dims, size } = plan(c);
  const squares = new Float64Array(size);
  targets.forEach((to, i) => {
    squares[to] += x.data[i] ** 2;
  });
  // A norm beyond f32 is infinite, and what is divided by it 0.
  const norms = squares.map((s) => (Math.sqrt(s) > LARGEST ? Number.POSITIVE_INFINITY : Math.sqrt(s)));
  const terms = Math.sqrt(count);
  const y = Sums.of(yShape, norms, { terms });
  const gradients = (dy: Float32Array) => {
    // At zero PyTorch's is 0.
    const slope = (to: number, v: number) => (norms[to] === 0 ? 0 : v * (dy[to] / norms[to]));
    return [
      Sums.of(
        x.shape,
        Float64Array.from(targets, (to, i) => slope(to, x.data[i])),
        { terms },
      ),
    ];
  };
  await compare((t) => norm(t, dims, c.keepDim), [x], { y, gradients }, c.setting, ITEM);
}

/** One dimension; the first of equals. */
async function checkPlace(c: Case, op: typeof argmax, sign: 1 | -1): Promise<void> {
  const { shape, keepDim, setting } = c;
  const dim = shape.length > 0 ? c.dims % shape.length : 0;
  const kept = shape.map((n, i) => (i === dim ? 1 : n));
  fc.pre(!(shape[dim] === 0 && sizeOf(kept) > 0)); // an error; test/ops/invalid.test.ts
  const x: Input = { shape, data: valuesOf(sizeOf(shape), setting) };
  const places = new Float64Array(sizeOf(kept));
  for (let to = 0; to < places.length; to++) {
    const at = unravel(to, kept);
    const valueAt = (place: number) => x.data[ravel(at.with(dim, place), shape)];
    for (let place = 1; place < (shape[dim] ?? 1); place++) {
      const best = valueAt(places[to]);
      if (Number.isNaN(best)) break; // NaN is beyond every number; the first of them
      if (!(sign * valueAt(place) <= sign * best)) places[to] = place;
    }
  }
  const yShape = keepDim ? kept : kept.filter((_, i) => i !== dim);
  const named = c.given === 'back' ? dim - Math.max(shape.length, 1) : dim;
  await compare(
    (t) => op(t, named, keepDim),
    [x],
    { y: Sums.of(yShape, places), dtype: 'i32' },
    setting,
    sizeOf(shape.slice(dim)),
  );
}

/** sumTo: every element goes where broadcasting took it from. */
async function checkSumTo(c: Case): Promise<void> {
  const { x } = plan(c);
  const kept = x.shape.map((n, i) => (c.dims & (1 << i) ? 1 : n));
  const leading = kept.findIndex((n) => n !== 1);
  const shape = c.keepDim || leading < 0 ? kept : kept.slice(leading);
  const y = new Sums(shape);
  x.data.forEach((v, i) => {
    y.add(broadcastIndex(i, x.shape, kept), v);
  });
  const gradients = (dy: Float32Array) => [
    Sums.of(
      x.shape,
      Float64Array.from(x.data, (_, i) => dy[broadcastIndex(i, x.shape, kept)]),
    ),
  ];
  await compare((t: Tensor) => sumTo(t, shape), [x], { y, gradients }, c.setting, ITEM);
}

const every = casesOf(settings());
const comparable = casesOf(settings({ tiny: DENORMALS }));

const property = (name: string, cases: fc.Arbitrary<Case>, check: (c: Case) => Promise<void>): Property<Case> => ({
  ...{ covers: [name], cases, check, few: 10, share: 3 },
});

export const reductions = {
  sum: property('sum', every, (c) => checkTotal(c, sum, () => 1)),
  mean: property('mean', every, (c) => checkTotal(c, mean, (count) => 1 / count)),
  amax: property('amax', comparable, (c) => checkExtreme(c, amax, 1)),
  amin: property('amin', comparable, (c) => checkExtreme(c, amin, -1)),
  variance: property('variance', every, checkVariance),
  norm: property('norm', comparable, checkNorm),
  argmax: property('argmax', comparable, (c) => checkPlace(c, argmax, 1)),
  argmin: property('argmin', comparable, (c) => checkPlace(c, argmin, -1)),
  sumTo: property('sumTo', every, checkSumTo),
};
