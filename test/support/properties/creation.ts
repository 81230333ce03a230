// Tensors made of nothing, of random numbers, and dropout: exactly what the definition says, word for word.
import fc from 'fast-check';
import * as w from '../../../src/index.js';
import { philox } from '../philox.js';
import { sizeOf } from './indexing.js';
import type { Property } from './property.js';
import { Sums } from './sums.js';
import { compare, DENORMALS, type Setting, settings, valuesOf } from './trial.js';

interface Case {
  shape: number[];
  dtype: w.DType;
  value: number;
  /** Of arange and linspace. */
  range: [start: number, count: number, step: number];
  /** Of random numbers: low and high, or mean and standard deviation. */
  spread: [number, number];
  p: number;
  training: boolean;
  setting: Setting;
}

const cases: fc.Arbitrary<Case> = fc.record({
  shape: fc
    .array(
      fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 1, max: 9 }) },
        { weight: 1, arbitrary: fc.constantFrom(0, 257, 1031) },
      ),
      { maxLength: 4 },
    )
    .filter((shape) => sizeOf(shape) <= 10_000),
  dtype: fc.constantFrom<w.DType>('f32', 'i32', 'u8'),
  value: fc.integer({ min: 0, max: 255 }),
  range: fc.tuple(
    fc.integer({ min: -50, max: 50 }),
    fc.integer({ min: 0, max: 300 }),
    fc.constantFrom(1, 2, -1, -3, 0.5),
  ),
  spread: fc.constantFrom<[number, number]>([0, 1], [-2, 3], [5, 0.25]),
  p: fc.constantFrom(0, 0.1, 0.5, 0.9),
  training: fc.boolean(),
  setting: settings({ tiny: DENORMALS }),
});

function exactly(c: Case, op: () => w.Tensor, shape: readonly number[], values: ArrayLike<number>): Promise<void> {
  return compare(op, [], { y: Sums.of(shape, values) }, c.setting);
}

const filled = (shape: readonly number[], value: number) => new Float64Array(sizeOf(shape)).fill(value);

function checkLike(c: Case, like: typeof w.zerosLike, value: number): Promise<void> {
  const op = () => {
    const made = like(w.full(c.shape, 7, { dtype: c.dtype }));
    if (made.dtype !== c.dtype) throw new Error(`dtype ${made.dtype}, expected ${c.dtype}`);
    return made;
  };
  return exactly(c, op, c.shape, filled(c.shape, value));
}

function checkArange(c: Case): Promise<void> {
  const [start, count, step] = c.range;
  const values = Array.from({ length: count }, (_, i) => start + i * step);
  const short = start === 0 && step === 1;
  return exactly(c, () => (short ? w.arange(count) : w.arange(start, start + count * step, step)), [count], values);
}

function checkLinspace(c: Case): Promise<void> {
  const [start, count, step] = c.range;
  const end = start + 10 * step;
  const values = Array.from({ length: count }, (_, i) =>
    count === 1 ? start : start + ((end - start) * i) / (count - 1),
  );
  return exactly(c, () => w.linspace(start, end, count), [count], values);
}

function checkEye(c: Case): Promise<void> {
  const n = c.range[1] % 40;
  return exactly(
    c,
    () => w.eye(n),
    [n, n],
    Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
  );
}

/** The words that a stream's first `count` numbers come from. */
const words = (count: number, seed: number, stream: number) =>
  Array.from({ length: Math.ceil(count / 4) }, (_, block) => philox([block, 0, 0, 0], [seed, stream]))
    .flat()
    .slice(0, count);

/** Uniform numbers are the words' upper 24 bits. */
function uniformValues(count: number, seed: number, [low, high]: [number, number]): number[] {
  return words(count, seed, 0).map((word) => low + ((high - low) * (word >>> 8)) / 2 ** 24);
}

/** Box and Muller: two words are radii, two are angles, in each four. */
function normalValues(count: number, seed: number, [mean, std]: [number, number]): number[] {
  const unit = words(Math.ceil(count / 4) * 4, seed, 0).map((word) => ((word >>> 8) + 0.5) / 2 ** 24);
  return Array.from({ length: count }, (_, i) => {
    const block = i - (i % 4);
    const radius = Math.sqrt(-2 * Math.log(unit[block + (i % 2)]));
    const angle = 2 * Math.PI * unit[block + 2 + (i % 2)];
    return mean + std * radius * (i % 4 < 2 ? Math.cos(angle) : Math.sin(angle));
  });
}

function checkRandom(c: Case, op: () => w.Tensor, values: number[], terms = 1): Promise<void> {
  const seededOp = () => {
    w.manualSeed(c.setting.seed);
    return op();
  };
  const scale = Math.abs(c.spread[0]) + Math.abs(c.spread[1]) * 4;
  return compare(seededOp, [], { y: Sums.of(c.shape, values, { terms, scale }) }, c.setting);
}

/** WGSL's sine and cosine may be off by 2^-11 (the language's own bound): what a normal number's terms stand for. */
const NORMAL_TERMS = 2 ** 18;

async function checkDropout(c: Case): Promise<void> {
  const size = sizeOf(c.shape);
  const threshold = Math.min(Math.round(c.p * 2 ** 32), 2 ** 32 - 1);
  const identity = !c.training || c.p === 0;
  const factor = words(size, c.setting.seed, 0).map((word) => (identity ? 1 : word >= threshold ? 1 / (1 - c.p) : 0));
  const data = valuesOf(size, c.setting);
  // What is dropped is 0, infinities as well: the mask chooses, where PyTorch multiplies.
  const masked = (values: Float32Array) => Float64Array.from(values, (v, i) => (factor[i] === 0 ? 0 : v * factor[i]));
  const y = Sums.of(c.shape, masked(data));
  const gradients = (dy: Float32Array) => [Sums.of(c.shape, masked(dy))];
  const op = (x: w.Tensor) => {
    w.manualSeed(c.setting.seed);
    return w.dropout(x, c.p, { training: c.training });
  };
  await compare(op, [{ shape: c.shape, data }], { y, gradients }, c.setting);
}

const property = (name: string, check: (c: Case) => Promise<void>): Property<Case> => ({
  ...{ covers: [name], cases, check, few: 5, share: 1 },
});

export const creation = {
  full: property('full', (c) => {
    const value = c.dtype === 'f32' ? valuesOf(1, c.setting)[0] : c.value;
    return exactly(c, () => w.full(c.shape, value, { dtype: c.dtype }), c.shape, filled(c.shape, value));
  }),
  zeros: property('zeros', (c) => exactly(c, () => w.zeros(c.shape, { dtype: c.dtype }), c.shape, filled(c.shape, 0))),
  ones: property('ones', (c) => exactly(c, () => w.ones(c.shape, { dtype: c.dtype }), c.shape, filled(c.shape, 1))),
  zerosLike: property('zerosLike', (c) => checkLike(c, w.zerosLike, 0)),
  onesLike: property('onesLike', (c) => checkLike(c, w.onesLike, 1)),
  arange: property('arange', checkArange),
  linspace: property('linspace', checkLinspace),
  eye: property('eye', checkEye),
  uniform: property('uniform', (drawn) => {
    const c = { ...drawn, spread: [Math.min(...drawn.spread), Math.max(...drawn.spread)] as [number, number] };
    return checkRandom(
      c,
      () => w.uniform(c.shape, ...c.spread),
      uniformValues(sizeOf(c.shape), c.setting.seed, c.spread),
    );
  }),
  rand: property('rand', (c) => {
    return checkRandom(c, () => w.rand(c.shape), uniformValues(sizeOf(c.shape), c.setting.seed, [0, 1]));
  }),
  normal: property('normal', (c) => {
    const values = normalValues(sizeOf(c.shape), c.setting.seed, c.spread);
    return checkRandom(c, () => w.normal(c.shape, ...c.spread), values, NORMAL_TERMS);
  }),
  randn: property('randn', (c) => {
    const values = normalValues(sizeOf(c.shape), c.setting.seed, [0, 1]);
    return checkRandom(c, () => w.randn(c.shape), values, NORMAL_TERMS);
  }),
  dropout: property('dropout', checkDropout),
};
