// Ops that move elements: the place in the input that each element of the result comes from.
import fc from 'fast-check';
import {
  bincount,
  broadcastTo,
  cast,
  concat,
  flatten,
  oneHot,
  pad,
  permute,
  type Range,
  reshape,
  slice,
  squeeze,
  stack,
  type Tensor,
  tensor,
  transpose,
  unsqueeze,
} from '../../../src/index.js';
import { seeded } from '../random.js';
import { broadcastIndex, ravel, sizeOf, unravel } from './indexing.js';
import type { Property } from './property.js';
import { Sums } from './sums.js';
import { compare, type Input, type Setting, settings, valuesOf } from './trial.js';

const side = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 7 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 17, 65) },
);
const shapeUpTo = (maxLength: number, minLength = 0) =>
  fc.array(side, { minLength, maxLength }).filter((shape) => sizeOf(shape) <= 20_000);

interface Moves {
  shape: number[];
  /** Decides what the op does. */
  choice: number;
  /** Further choices, one for each dimension. */
  choices: number[];
  setting: Setting;
}

/** An op that makes element i of `shape` from element from(i) of one of its inputs. */
interface Move {
  op: (...inputs: Tensor[]) => Tensor;
  inputs?: number[][];
  shape: number[];
  from: (i: number) => { input: number; at: number } | number | null;
  /** Where `from` is null. */
  fill?: number;
}

async function checkMove(c: Moves, move: Move): Promise<void> {
  const inputs = (move.inputs ?? [c.shape]).map((shape, which): Input => {
    return { shape, data: valuesOf(sizeOf(shape), c.setting, which % 5) };
  });
  const sources = Array.from({ length: sizeOf(move.shape) }, (_, i) => {
    const from = move.from(i);
    return typeof from === 'number' ? { input: 0, at: from } : from;
  });
  const y = Sums.of(
    move.shape,
    sources.map((from) => (from ? inputs[from.input].data[from.at] : (move.fill ?? 0))),
  );
  const gradients = (dy: Float32Array) => {
    const all = inputs.map(({ shape }) => new Sums(shape));
    sources.forEach((from, i) => {
      if (from) all[from.input].add(from.at, dy[i]);
    });
    return all;
  };
  await compare(move.op, inputs, { y, gradients }, c.setting);
}

const movesOf = (shapes: fc.Arbitrary<number[]>): fc.Arbitrary<Moves> =>
  fc.record({
    shape: shapes,
    choice: fc.nat(1000),
    choices: fc.array(fc.nat(1000), { minLength: 6, maxLength: 6 }),
    setting: settings(),
  });

function property(name: string, shapes: fc.Arbitrary<number[]>, plan: (c: Moves) => Move): Property<Moves> {
  return { covers: [name], cases: movesOf(shapes), check: (c) => checkMove(c, plan(c)), few: 8, share: 2 };
}

/** A dimension counted from the front or the back. */
const named = (dim: number, rank: number, choice: number) => (choice % 2 === 0 ? dim : dim - rank);

function permuted(c: Moves, order: number[], op: Move['op']): Move {
  const shape = order.map((d) => c.shape[d]);
  const from = (i: number) => {
    const places = unravel(i, shape);
    return ravel(
      c.shape.map((_, d) => places[order.indexOf(d)]),
      c.shape,
    );
  };
  return { op, shape, from };
}

const same = (i: number) => i;

function planReshape({ shape, choice, choices }: Moves): Move {
  // The same elements, their factors shuffled, one size perhaps left to the op.
  const size = sizeOf(shape);
  const divisors = Array.from({ length: Math.min(size, 64) }, (_, i) => i + 1).filter((n) => size % n === 0);
  const divisor = size === 0 ? 1 : divisors[choices[0] % divisors.length];
  const to = size === 0 ? [0, 3] : [divisor, 1, size / divisor];
  const asked = size > 0 && choice % 3 === 0 ? to.with(2, -1) : to;
  return { op: (x) => reshape(x, asked), shape: to, from: same };
}

function planSlice({ shape, choices }: Moves): Move {
  const ranges: Range[] = shape.map((n, i) => {
    const a = choices[i];
    if (a % 5 === 0) return null;
    const start = (a % (2 * n + 3)) - n - 1;
    const end = a % 3 === 0 ? undefined : (Math.floor(a / 7) % (2 * n + 3)) - n - 1;
    return [start, end, [1, 2, -1, 3, -2][Math.floor(a / 11) % 5]];
  });
  const picked = shape.map((n, i) => python(ranges[i], n));
  const to = picked.map((list) => list.length);
  const from = (i: number) =>
    ravel(
      unravel(i, to).map((place, d) => picked[d][place]),
      shape,
    );
  return { op: (x) => slice(x, ...ranges), shape: to, from };
}

/** The indices of Python's range(n)[start:end:step], one by one. */
function python(range: Range, n: number): number[] {
  const all = Array.from({ length: n }, (_, i) => i);
  if (!range) return all;
  const [start, end, step = 1] = range;
  const clip = (v: number) => Math.max(step > 0 ? 0 : -1, Math.min(v < 0 ? v + n : v, step > 0 ? n : n - 1));
  const picked: number[] = [];
  const stop = end === undefined ? (step > 0 ? n : -1) : clip(end);
  for (let i = clip(start); step > 0 ? i < stop : i > stop; i += step) picked.push(i);
  return picked;
}

function planConcat({ shape, choice, choices }: Moves): Move {
  const dim = choice % shape.length;
  const lengths = choices.slice(0, 1 + (choices[5] % 4)).map((n) => n % 5);
  const inputs = lengths.map((n) => shape.with(dim, n));
  const to = shape.with(
    dim,
    lengths.reduce((a, b) => a + b, 0),
  );
  const from = (i: number) => {
    const places = unravel(i, to);
    let input = 0;
    while (places[dim] >= lengths[input]) places[dim] -= lengths[input++];
    return { input, at: ravel(places, inputs[input]) };
  };
  return { op: (...all) => concat(all, named(dim, shape.length, choices[4])), inputs, shape: to, from };
}

function planStack({ shape, choice, choices }: Moves): Move {
  const dim = choice % (shape.length + 1);
  const inputs = choices.slice(0, 1 + (choices[5] % 4)).map(() => shape);
  const to = shape.toSpliced(dim, 0, inputs.length);
  const from = (i: number) => {
    const places = unravel(i, to);
    return { input: places[dim], at: ravel(places.toSpliced(dim, 1), shape) };
  };
  return { op: (...all) => stack(all, named(dim, shape.length + 1, choices[4])), inputs, shape: to, from };
}

function planPad({ shape, choice, choices }: Moves): Move {
  const dims = shape.length === 0 ? 0 : choice % (shape.length + 1);
  const amounts = shape.map((_, i): [number, number] =>
    i < shape.length - dims ? [0, 0] : [choices[i] % 4, Math.floor(choices[i] / 4) % 4],
  );
  const to = shape.map((n, i) => n + amounts[i][0] + amounts[i][1]);
  const fill = [0, 1.5, -2][choices[5] % 3];
  const from = (i: number) => {
    const places = unravel(i, to).map((place, d) => place - amounts[d][0]);
    return places.every((place, d) => place >= 0 && place < shape[d]) ? ravel(places, shape) : null;
  };
  return { op: (x) => pad(x, amounts.slice(shape.length - dims), fill), shape: to, from, fill };
}

function planBroadcast({ shape, choices }: Moves): Move {
  const own = shape.map((n, i) => (choices[i] % 3 === 0 ? 1 : n));
  const leading = choices[5] % (shape.length + 1);
  const input = own.slice(own.slice(0, leading).every((n) => n === 1) ? leading : 0);
  return {
    op: (x) => broadcastTo(x, shape),
    inputs: [input],
    shape,
    from: (i) => broadcastIndex(i, shape, input),
  };
}

function planFlatten({ shape, choice, choices }: Moves): Move {
  const rank = Math.max(shape.length, 1);
  const [a, b] = [choice % rank, choices[0] % rank].sort((p, q) => p - q);
  const to = [...shape.slice(0, a), sizeOf(shape.slice(a, b + 1)), ...shape.slice(b + 1)];
  return { op: (x) => flatten(x, named(a, rank, choices[1]), named(b, rank, choices[2])), shape: to, from: same };
}

function planSqueeze({ shape, choice, choices }: Moves): Move {
  const all = choice % 3 === 0 || shape.length === 0;
  const dim = shape.length === 0 ? 0 : choice % shape.length;
  const ones = shape.map((n, i) => (choices[i] % 2 === 0 ? 1 : n));
  return {
    op: (x) => (all ? squeeze(x) : squeeze(x, named(dim, shape.length, choices[5]))),
    inputs: [ones],
    shape: ones.filter((n, i) => n !== 1 || (!all && i !== dim)),
    from: same,
  };
}

function planPermute(c: Moves): Move {
  const order = c.shape.map((_, i) => i).sort((a, b) => c.choices[a] - c.choices[b] || a - b);
  return permuted(c, order, (x) =>
    permute(
      x,
      order.map((d) => named(d, c.shape.length, c.choice)),
    ),
  );
}

function planTranspose(c: Moves): Move {
  const rank = c.shape.length;
  const [a, b] = c.choice % 4 === 0 ? [rank - 2, rank - 1] : [c.choices[0] % rank, c.choices[1] % rank];
  const order = c.shape.map((_, i) => (i === a ? b : i === b ? a : i));
  const op = (x: Tensor) =>
    c.choice % 4 === 0 ? transpose(x) : transpose(x, named(a, rank, c.choices[2]), named(b, rank, c.choices[3]));
  return permuted(c, order, op);
}

function planUnsqueeze({ shape, choice, choices }: Moves): Move {
  const dim = choice % (shape.length + 1);
  const op = (x: Tensor) => unsqueeze(x, named(dim, shape.length + 1, choices[0]));
  return { op, shape: shape.toSpliced(dim, 0, 1), from: same };
}

interface CastCase {
  shape: number[];
  from: 'f32' | 'i32' | 'u8';
  to: 'f32' | 'i32';
  classes: number;
  setting: Setting;
}

const castCases: fc.Arbitrary<CastCase> = fc
  .record({
    shape: shapeUpTo(4),
    from: fc.constantFrom<CastCase['from']>('f32', 'i32', 'u8'),
    to: fc.constantFrom<CastCase['to']>('f32', 'i32'),
    classes: fc.integer({ min: 1, max: 9 }),
    setting: settings(),
  })
  .filter(({ from, to }) => from !== 'u8' || to === 'f32');

/** f32 to i32 rounds towards zero; the values are those that both can hold: PyTorch promises nothing of the others. */
async function checkCast({ shape, from, to, setting }: CastCase): Promise<void> {
  const scale = setting.seed % 2 === 0 ? 200 : 2 ** 31 - 128;
  const drawn = seeded(sizeOf(shape), setting.seed + 1, from === 'u8' ? 200 : scale);
  const any = from === 'f32' && to === 'f32' && setting.seed % 3 === 0 ? valuesOf(drawn.length, setting) : drawn;
  const held = from === 'f32' ? any : from === 'i32' ? Int32Array.from(drawn) : Uint8Array.from(drawn.map(Math.abs));
  const values = Array.from(held, (v) => (to === 'i32' ? Math.trunc(v) : v));
  const y = Sums.of(shape, values);
  await compare(() => cast(tensor(held, { shape }), to), [], { y }, setting);
}

/** Labels are classes; test/ops/classes.test.ts has others. */
async function checkOneHot({ shape, from, classes, setting }: CastCase): Promise<void> {
  const drawn = seeded(sizeOf(shape), setting.seed + 1, classes).map((v) => Math.abs(Math.trunc(v)));
  const labels = from === 'u8' ? Uint8Array.from(drawn) : Int32Array.from(drawn);
  const y = new Sums([...shape, classes]);
  labels.forEach((label, i) => {
    y.add(i * classes + label, 1);
  });
  await compare(() => oneHot(tensor(labels, { shape }), classes), [], { y }, setting);
}

/** Labels, some of them beyond both ends. */
async function checkBincount({ shape, classes, setting }: CastCase): Promise<void> {
  const values = seeded(sizeOf(shape), setting.seed + 6);
  const labels = Int32Array.from(values, (v) => Math.floor((v * 0.7 + 0.5) * classes));
  const y = new Sums([classes]);
  for (const label of labels) if (label >= 0 && label < classes) y.add(label, 1);
  await compare(() => bincount(tensor(labels, { shape }), classes), [], { y }, setting);
}

const few = { few: 8, share: 2 };

export const shapes = {
  reshape: property('reshape', shapeUpTo(5), planReshape),
  flatten: property('flatten', shapeUpTo(5), planFlatten),
  unsqueeze: property('unsqueeze', shapeUpTo(5), planUnsqueeze),
  squeeze: property('squeeze', shapeUpTo(5), planSqueeze),
  permute: property('permute', shapeUpTo(6), planPermute),
  transpose: property('transpose', shapeUpTo(6, 2), planTranspose),
  slice: property('slice', shapeUpTo(6), planSlice),
  concat: property('concat', shapeUpTo(5, 1), planConcat),
  stack: property('stack', shapeUpTo(5), planStack),
  pad: property('pad', shapeUpTo(6), planPad),
  broadcastTo: property('broadcastTo', shapeUpTo(6), planBroadcast),
  cast: { covers: ['cast'], cases: castCases, check: checkCast, ...few } as Property<CastCase>,
  bincount: { covers: ['bincount'], cases: castCases, check: checkBincount, ...few } as Property<CastCase>,
  oneHot: { covers: ['oneHot'], cases: castCases, check: checkOneHot, ...few } as Property<CastCase>,
};
