// What transforms leave to chance: its range, how often each value comes, and where torchvision's own draws say it, the value.
import * as assert from 'uvu/assert';
import { Random } from '../../../src/data/random.js';
import * as t from '../../../src/data/transforms/index.js';
import { goldenCases } from '../../support/golden.js';
import { suite } from '../../support/suite.js';

const test = suite('transforms, draws');

const SIZE = { width: 40, height: 30 };

/** Draws with the keys 0, 1, 2, ... */
function draws<D>(transform: t.Transform, count: number, size: t.Size = SIZE): D[] {
  return Array.from({ length: count }, (_, key) => t.drawTransform(transform, size, new Random(key)) as D);
}

/** How often each value comes. */
function counts(values: readonly unknown[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const value of values) found.set(JSON.stringify(value), (found.get(JSON.stringify(value)) ?? 0) + 1);
  return found;
}

/** Each of `kinds` values about as often: within five standard deviations. */
function evenly(values: readonly unknown[], kinds: number): void {
  const found = counts(values);
  assert.is(found.size, kinds);
  const expected = values.length / kinds;
  const slack = 5 * Math.sqrt(expected);
  const numbers = [...found.values()];
  assert.ok(
    numbers.every((n) => Math.abs(n - expected) < slack),
    `${expected} of each expected: ${numbers.join(' ')}`,
  );
}

/** Numbers from low to high, the ends nearly reached, half of them in each half. */
function fills(values: readonly number[], low: number, high: number): void {
  const [least, most, width] = [Math.min(...values), Math.max(...values), high - low];
  assert.ok(least >= low && least < low + 0.02 * width, `from ${low}: ${least}`);
  assert.ok(most <= high && most > high - 0.02 * width, `to ${high}: ${most}`);
  const upper = values.filter((value) => value > (low + high) / 2).length / values.length;
  assert.ok(Math.abs(upper - 0.5) < 2.5 / Math.sqrt(values.length), `${upper} of them in the upper half`);
}

test('randomResizedCrop: parts lie inside; areas evenly, ratios evenly by their logarithm', () => {
  const size = { width: 4000, height: 3000 }; // so large that rounding does not show
  const boxes = draws<t.Box>(t.randomResizedCrop(10, { scale: [0.1, 0.5], ratio: [0.5, 1.2] }), 3000, size);
  for (const { top, left, width, height } of boxes) {
    assert.ok(top >= 0 && left >= 0 && top + height <= size.height && left + width <= size.width);
  }
  const areas = boxes.map(({ width, height }) => (width * height) / (4000 * 3000));
  fills(areas, 0.0999, 0.5001);
  const ratios = boxes.map(({ width, height }) => Math.log(width / height));
  fills(ratios, Math.log(0.5) - 1e-3, Math.log(1.2) + 1e-3);
});

test('randomResizedCrop: each place as likely', () => {
  const boxes = draws<t.Box>(t.randomResizedCrop(3, { scale: [4 / 9, 4 / 9], ratio: [1, 1] }), 4000, {
    width: 6,
    height: 6,
  });
  assert.ok(boxes.every(({ width, height }) => width === 4 && height === 4));
  evenly(boxes, 9);
});

test('randomResizedCrop takes torchvision’s middle where nothing fits', () => {
  for (const name of ['RandomResizedCrop.middle', 'RandomResizedCrop.upright']) {
    const { args } = goldenCases('transforms').find((one) => one.name === name)!;
    for (const [size, expected] of Object.entries(args.drawn as Record<string, t.Box>)) {
      const [width, height] = size.split('x').map(Number);
      assert.equal(t.drawTransform(args.transform as t.Transform, { width, height }, new Random(1)), expected);
    }
  }
});

test('randomResizedCrop tries ten times', () => {
  const tries = [0.99, 1].map((last) => {
    // A part of ratio 4 never fits a square unless it is small: nine large ones, then one that depends.
    const units = [...Array(9).fill([0.9, 0.5]).flat(), last === 1 ? 0.9 : 0, 0.5, 0, 0];
    const random = new Random(0);
    let asked = 0;
    random.word = () => Math.floor((units[asked++] ?? 0) * 2 ** 32);
    const drawn = t.drawTransform(
      t.randomResizedCrop(8, { scale: [0.04, 1], ratio: [4, 4] }),
      { width: 100, height: 100 },
      random,
    );
    return [drawn, asked];
  });
  assert.equal(tries[0], [{ top: 0, left: 0, width: 40, height: 10 }, 22]);
  assert.equal(tries[1], [{ top: 37, left: 0, width: 100, height: 25 }, 20]);
});

test('randomCrop: each place as likely, of the picture with what is put around it', () => {
  evenly(draws(t.randomCrop([28, 38]), 3000), 9);
  evenly(draws(t.randomCrop([30, 40], { padding: [1, 0, 0, 2] }), 3000), 6);
  assert.equal(draws(t.randomCrop([40, 40], { padIfNeeded: true }), 300).length, 300);
  evenly(draws(t.randomCrop([32, 40], { padIfNeeded: true }), 1500), 3);
});

test('flips come half of the time, or as often as they should', () => {
  for (const flip of [t.randomHorizontalFlip, t.randomVerticalFlip]) {
    evenly(draws(flip(), 2000), 2);
    assert.equal(counts(draws(flip({ p: 0 }), 100)), new Map([['{"flip":false}', 100]]));
    assert.equal(counts(draws(flip({ p: 1 }), 100)), new Map([['{"flip":true}', 100]]));
    const quarter = counts(draws(flip({ p: 0.25 }), 2000)).get('{"flip":true}')!;
    assert.ok(Math.abs(quarter - 500) < 100, `${quarter}`);
  }
});

type Steps = { steps: [string, number][] };

test('colorJitter: every order as often, factors evenly from their ranges', () => {
  const drawn = draws<Steps>(t.colorJitter({ brightness: 0.4, contrast: 2, saturation: [1, 3], hue: 0.1 }), 6000);
  evenly(
    drawn.map(({ steps }) => steps.map(([name]) => name)),
    24,
  );
  const factors = (name: string) => drawn.map(({ steps }) => new Map(steps).get(name)!);
  fills(factors('brightness'), 0.6, 1.4);
  fills(factors('contrast'), 0, 3);
  fills(factors('saturation'), 1, 3);
  fills(factors('hue'), -0.1, 0.1);
});

test('colorJitter: what is off has no step', () => {
  const one = draws<Steps>(t.colorJitter({ saturation: 0.5, brightness: 0, contrast: [1, 1], hue: [0, 0] }), 50);
  assert.ok(one.every(({ steps }) => steps.length === 1 && steps[0][0] === 'saturation'));
  assert.equal(draws<Steps>(t.colorJitter({}), 1), [{ steps: [] }]);
  const ranges = draws<Steps>(t.colorJitter({ hue: [0.2, 0.2], contrast: [0, 0] }), 50);
  assert.ok(
    ranges.every(({ steps }) => steps.length === 2),
    'a range of one factor that changes something is a step',
  );
});

test('randAugment: every op as often, either way, as strong as torchvision’s', () => {
  const cases = goldenCases('transforms').filter(({ name }) => name.startsWith('RandAugment'));
  const ops = new Set<string>();
  for (const { args } of cases) {
    const transform = args.transform as t.Transform;
    for (const [size, { steps }] of Object.entries(args.drawn as Record<string, Steps>)) {
      const [width, height] = size.split('x').map(Number);
      const ours = draws<Steps>(transform, 300, { width, height }).flatMap((drawn) => drawn.steps);
      for (const [op, amount] of steps) {
        ops.add(op);
        const amounts = ours.filter(([name]) => name === op).map(([, value]) => value);
        const near = amounts.filter((value) => Math.abs(value - amount) <= 1e-6 * Math.max(1, Math.abs(amount)));
        assert.ok(near.length > 0, `${op} in ${size}: ${amount} is not among ${[...new Set(amounts)]}`);
      }
    }
  }
  assert.is(ops.size, 14);
  evenly(
    draws<Steps>(t.randAugment(), 4000).flatMap(({ steps }) => steps.map(([op]) => op)),
    14,
  );
  const rotations = draws<Steps>(t.randAugment({ numOps: 9 }), 1000).flatMap(({ steps }) =>
    steps.flatMap(([op, amount]) => (op === 'Rotate' ? [amount] : [])),
  );
  evenly(rotations, 2);
});

type Erased = { part: (t.Box & { values: ArrayLike<number> }) | null };

test('randomErasing: as often as it should, inside, areas and ratios from their ranges', () => {
  const drawn = draws<Erased>(t.randomErasing({ scale: [0.02, 0.2], ratio: [0.3, 2] }), 4000, {
    width: 4000,
    height: 3000,
  });
  evenly(
    drawn.map(({ part }) => part === null),
    2,
  );
  const parts = drawn.flatMap(({ part }) => (part ? [part] : []));
  assert.ok(parts.every(({ top, left, width, height }) => top + height <= 3000 && left + width <= 4000));
  const area = ({ width, height }: t.Box) => (width * height) / (4000 * 3000);
  fills(parts.map(area), 0.0199, 0.2001);
  fills(
    parts.map(({ width, height }) => Math.log(height / width)),
    Math.log(0.3) - 2e-3,
    Math.log(2) + 2e-3,
  );
  assert.equal(parts[0].values, [0, 0, 0]);
  assert.ok(
    draws<Erased>(t.randomErasing({ p: 1, scale: [0.9, 1], ratio: [5, 6] }), 50).every(({ part }) => part === null),
  );
});

test('randomErasing: places evenly, and normal numbers for each pixel', () => {
  const sure = { p: 1, scale: [0.25, 0.25], ratio: [1, 1] } as const;
  const places = draws<Erased>(t.randomErasing(sure), 4000, { width: 4, height: 4 }).map(({ part }) => [
    part!.top,
    part!.left,
  ]);
  evenly(places, 9);
  const noise = draws<Erased>(t.randomErasing({ ...sure, value: 'random' }), 30).flatMap(({ part }) => [
    ...Array.from(part!.values),
  ]);
  assert.is(noise.length, 30 * 3 * 17 * 17);
  moments(noise, 1);
});

/** Mean 0 and this deviation. */
function moments(values: readonly number[], deviation: number): void {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
  assert.ok(Math.abs(mean) < (5 * deviation) / Math.sqrt(values.length), `mean ${mean}`);
  assert.ok(Math.abs(spread / deviation - 1) < 5 / Math.sqrt(values.length), `deviation ${spread}`);
}

test('colourShift: a normal number for each axis', () => {
  const axes = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  const colours = { mean: [1, 2, 3], std: [1, 1, 1], axes, axisStd: [3, 2, 1] };
  const of = (transform: t.Transform) =>
    draws<{ amounts: number[] }>(transform, 1500).flatMap(({ amounts }) => amounts);
  moments(of(t.colourShift(colours)), 0.1);
  moments(of(t.colourShift(colours, { deviation: 0.7 })), 0.7);
});

test.run();
