// Cases of true size: tensors above 128 MiB, WebGPU's guaranteed binding, and grids above 65,535 workgroups. They take
// seconds and gigabytes, so only soak runs try them. Values are small whole numbers, so that sums are exact, and what is
// compared is exact as well.
import * as w from '../../../src/index.js';

/** Above 128 MiB of f32, and a multiple of nothing that a tile likes. */
const MANY = 33_554_432 + 77;

/** Element i of what `filled` makes. */
const valueAt = (i: number) => (i % 7) - 3;

function filled(shape: readonly number[], requiresGrad = false): w.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = valueAt(i);
  return w.tensor(values, { shape, requiresGrad });
}

/** Compares every element. */
async function expectEach(what: string, t: w.Tensor, wanted: (i: number) => number): Promise<void> {
  const data = await t.data();
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== wanted(i)) throw new Error(`${what}: element ${i} is ${data[i]}, expected ${wanted(i)}`);
  }
}

/** Value and gradient of an op of one tensor. */
async function both(
  shape: readonly number[],
  op: (x: w.Tensor) => w.Tensor,
  y: (i: number) => number,
  dx: (i: number) => number,
): Promise<void> {
  using _ = w.scope();
  const x = filled(shape, true);
  const result = op(x);
  await expectEach('y', result, y);
  result.backward(w.ones(result.shape));
  await expectEach('dx', x.grad!, dx);
  x.grad!.dispose();
}

const HALF = MANY / 2 + 0.5; // MANY is odd

/** What is tried, by name. */
export const largeCases: Record<string, () => Promise<void>> = {
  'relu of 128 MiB': () =>
    both(
      [MANY],
      w.relu,
      (i) => Math.max(valueAt(i), 0),
      (i) => Number(valueAt(i) > 0),
    ),
  'add of a row to 128 MiB': () =>
    both(
      [3, 12_000_001],
      (x) => w.add(x, filled([12_000_001])),
      (i) => valueAt(i) + valueAt(i % 12_000_001),
      () => 1,
    ),
  'sum of all of 128 MiB': () =>
    both(
      [MANY],
      (x) => w.sum(x),
      () => sumOf(valueAt),
      () => 1,
    ),
  'sum over the first of two dimensions': () =>
    both(
      [2, HALF],
      (x) => w.sum(x, 0),
      (i) => valueAt(i) + valueAt(i + HALF),
      () => 1,
    ),
  'sum over the last of two dimensions': () =>
    both(
      [2, HALF],
      (x) => w.sum(w.square(w.sub(x, x.detach())), 1),
      () => 0,
      () => 0,
    ),
  'transpose of 128 MiB': () =>
    both(
      [5801, 5801],
      (x) => w.transpose(x),
      (i) => valueAt((i % 5801) * 5801 + Math.floor(i / 5801)),
      () => 1,
    ),
  'every second element of 128 MiB, backwards': () =>
    both(
      [MANY],
      (x) => w.slice(x, [MANY, undefined, -2]),
      (i) => valueAt(MANY - 1 - 2 * i),
      (i) => Number(i % 2 === 0),
    ),
  'concat of two that are 128 MiB together': () =>
    both(
      [HALF],
      (x) => w.concat([x, x]),
      (i) => valueAt(i % HALF),
      () => 2,
    ),
  'max pool with more rows than workgroups a side': () =>
    both(
      [70_001, 1, 2, 2],
      (x) => w.maxPool2d(x, { kernelSize: 2 }),
      (i) => Math.max(...[0, 1, 2, 3].map((k) => valueAt(4 * i + k))),
      firstOfWindow,
    ),
};

function sumOf(f: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < MANY; i++) sum += f(i);
  return Math.fround(sum);
}

/** 1 at the first largest of each run of four. */
function firstOfWindow(i: number): number {
  const four = [0, 1, 2, 3].map((k) => valueAt(i - (i % 4) + k));
  return Number(four.indexOf(Math.max(...four)) === i % 4);
}
