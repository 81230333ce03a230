// Functions of two tensors or a tensor and a number, element by element, with broadcasting.
import fc from 'fast-check';
import * as w from '../../../src/index.js';
import { broadcastIndex, broadcastShape, sizeOf } from './indexing.js';
import type { Property } from './property.js';
import { Sums } from './sums.js';
import { addSlope, compare, DENORMALS, type Input, type Setting, settings, valuesOf } from './trial.js';

interface Case {
  shape: number[];
  /** Bit i: whether a, or b, has size 1 in dimension i. */
  ones: [number, number];
  /** Leading dimensions that a, or b, leaves out. */
  skips: [number, number];
  /** In place of a tensor. */
  number: 'none' | 'a' | 'b';
  value: number;
  setting: Setting;
}

const side = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 17, 257) },
);

const casesOf = (setting: fc.Arbitrary<Setting>): fc.Arbitrary<Case> =>
  fc.record({
    shape: fc.array(side, { maxLength: 6 }).filter((shape) => sizeOf(shape) <= 30_000),
    ones: fc.tuple(fc.oneof(fc.constant(0), fc.nat(63)), fc.oneof(fc.constant(0), fc.nat(63))),
    skips: fc.tuple(fc.constantFrom(0, 0, 1, 3), fc.constantFrom(0, 0, 1, 3)),
    number: fc.constantFrom<Case['number']>('none', 'none', 'a', 'b'),
    value: fc.constantFrom(
      0,
      1,
      -1,
      0.3,
      -2.5,
      1000,
      -0,
      1e30,
      -1e-30,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ),
    setting,
  });

interface Formula {
  op: (a: w.Operand, b: w.Operand) => w.Tensor;
  y(a: number, b: number): number;
  da?(a: number, b: number): number;
  db?(a: number, b: number): number;
  /** f16: products that are rounded before they are summed. */
  roundings?: number;
  /** Which side may be a number. */
  numbers: 'both' | 'b' | 'none';
}

/** PyTorch's share of a gradient: all but for the loser, half for each of two equals; beside a NaN both have all. */
const share = (loses: boolean, equal: boolean) => (equal ? 0.5 : Number(!loses));

const formulas = {
  add: { op: w.add, y: (a, b) => a + b, da: () => 1, db: () => 1, numbers: 'both' },
  sub: { op: w.sub, y: (a, b) => a - b, da: () => 1, db: () => -1, numbers: 'both' },
  mul: { op: w.mul, y: (a, b) => a * b, da: (_, b) => b, db: (a) => a, numbers: 'both', roundings: 1 },
  div: { op: w.div, y: (a, b) => a / b, da: (_, b) => 1 / b, db: (a, b) => -a / b / b, numbers: 'both', roundings: 3 },
  maximum: {
    op: w.maximum as Formula['op'],
    y: Math.max,
    da: (a, b) => share(a < b, a === b),
    db: (a, b) => share(b < a, a === b),
    numbers: 'none',
  },
  minimum: {
    op: w.minimum as Formula['op'],
    y: Math.min,
    da: (a, b) => share(a > b, a === b),
    db: (a, b) => share(b > a, a === b),
    numbers: 'none',
  },
  eq: { op: w.eq as Formula['op'], y: (a, b) => Number(a === b), numbers: 'b' },
  ne: { op: w.ne as Formula['op'], y: (a, b) => Number(a !== b), numbers: 'b' },
  gt: { op: w.gt as Formula['op'], y: (a, b) => Number(a > b), numbers: 'b' },
  ge: { op: w.ge as Formula['op'], y: (a, b) => Number(a >= b), numbers: 'b' },
  lt: { op: w.lt as Formula['op'], y: (a, b) => Number(a < b), numbers: 'b' },
  le: { op: w.le as Formula['op'], y: (a, b) => Number(a <= b), numbers: 'b' },
} satisfies Record<string, Formula>;

const ownShape = ({ shape, ones, skips }: Case, i: 0 | 1) =>
  shape.map((n, d) => (ones[i] & (1 << d) ? 1 : n)).slice(skips[i]);

async function check({ op, y: f, da, db, numbers, roundings }: Formula, c: Case): Promise<void> {
  const aNumber = c.number === 'a' && numbers === 'both';
  const bNumber = c.number === 'b' && numbers !== 'none';
  const shapes = [aNumber ? [] : ownShape(c, 0), bNumber ? [] : ownShape(c, 1)];
  const [a, b] = shapes.map((shape, which): Input => ({ shape, data: valuesOf(sizeOf(shape), c.setting, which) }));
  if (aNumber) a.data[0] = c.value;
  if (bNumber) b.data[0] = c.value;
  const shape = broadcastShape(a.shape, b.shape);
  const from = ({ shape: own }: Input) =>
    Uint32Array.from({ length: sizeOf(shape) }, (_, i) => broadcastIndex(i, shape, own));
  const [fromA, fromB] = [from(a), from(b)];
  // A number is a double that becomes f32 on its way; a tensor's elements are f32.
  const y = new Sums(shape);
  fromA.forEach((at, i) => {
    y.add(i, f(a.data[at], b.data[fromB[i]]));
  });
  const gradients = (dy: Float32Array) => {
    const [ga, gb] = [new Sums(a.shape), new Sums(b.shape)];
    fromA.forEach((at, i) => {
      const [va, vb] = [a.data[at], b.data[fromB[i]]];
      addSlope(ga, at, dy[i], da!(va, vb));
      addSlope(gb, fromB[i], dy[i], db!(va, vb));
    });
    return aNumber ? [gb] : bNumber ? [ga] : [ga, gb];
  };
  const inputs = aNumber ? [b] : bNumber ? [a] : [a, b];
  const call = (...t: w.Tensor[]) => (aNumber ? op(c.value, t[0]) : bNumber ? op(t[0], c.value) : op(t[0], t[1]));
  await compare(call, inputs, da && db ? { y, gradients, roundings } : { y }, c.setting);
}

/** The condition is any f32: what is not 0 chooses a. */
async function checkWhere(c: Case): Promise<void> {
  const condition: Input = { shape: c.shape, data: valuesOf(sizeOf(c.shape), { ...c.setting, values: 'whole' }, 2) };
  const [aNumber, bNumber] = [c.number === 'a', c.number === 'b'];
  const [a, b] = [aNumber ? [] : ownShape(c, 0), bNumber ? [] : ownShape(c, 1)].map(
    (shape, which): Input => ({ shape, data: valuesOf(sizeOf(shape), c.setting, which) }),
  );
  if (aNumber) a.data[0] = c.value;
  if (bNumber) b.data[0] = c.value;
  const y = new Sums(broadcastShape(broadcastShape(c.shape, a.shape), b.shape));
  const chosen = (i: number) => condition.data[broadcastIndex(i, y.shape, c.shape)] !== 0;
  const each = (visit: (side: Input, at: number, i: number) => void) => {
    for (let i = 0; i < y.size; i++) {
      const side = chosen(i) ? a : b;
      visit(side, broadcastIndex(i, y.shape, side.shape), i);
    }
  };
  each((side, at, i) => y.add(i, side.data[at]));
  const inputs = [a, b].filter((side) => !(side === a ? aNumber : bNumber));
  const gradients = (dy: Float32Array) => {
    const sums = new Map([a, b].map((side) => [side, new Sums(side.shape)]));
    each((side, at, i) => sums.get(side)!.add(at, dy[i]));
    return inputs.map((side) => sums.get(side)!);
  };
  const op = (...t: w.Tensor[]) => {
    const choose = w.tensor(condition.data, { shape: condition.shape });
    return w.where(choose, aNumber ? c.value : t[0], bNumber ? c.value : t[aNumber ? 0 : 1]);
  };
  await compare(op, inputs, { y, gradients }, c.setting);
}

const FEW = { few: 12, share: 2 };

const property = (name: string, formula: Formula): Property<Case> => {
  return { covers: [name], cases: casesOf(settings({ tiny: DENORMALS })), check: (c) => check(formula, c), ...FEW };
};

export const arithmetic = {
  ...Object.fromEntries(Object.entries<Formula>(formulas).map(([name, formula]) => [name, property(name, formula)])),
  where: { covers: ['where'], cases: casesOf(settings()), check: checkWhere, ...FEW } as Property<Case>,
};
