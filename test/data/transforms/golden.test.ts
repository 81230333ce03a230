// torchvision's values, of PIL's pictures: test/golden/transforms.py makes them. Bytes are equal, each of them.
import * as assert from 'uvu/assert';
import * as data from '../../../src/data/index.js';
import { applyTransform, type Picture, type Transform, toTensor } from '../../../src/data/index.js';
import { KINDS } from '../../../src/data/transforms/pipeline.js';
import { drawnPicture } from '../../support/drawn-picture.js';
import { type GoldenCase, goldenCases } from '../../support/golden.js';
import { suite } from '../../support/suite.js';

const test = suite('transforms');

/** How a case is called: a transform with what torchvision drew for each size, or a function of a picture. */
interface Args {
  transform?: Transform;
  drawn?: Record<string, unknown>;
  run?: string;
  with?: unknown[];
}

/** These take what toTensor makes. */
const OF_NUMBERS = ['Normalize', 'RandomErasing', 'ColourShift'];

function resultsOf({ transform, drawn, run, with: rest = [] }: Args, picture: Picture, size: string): Picture[] {
  if (run) return [(data as unknown as Record<string, (...args: unknown[]) => Picture>)[run](picture, ...rest)];
  const [given] = OF_NUMBERS.includes(transform!.name) ? applyTransform(toTensor(), picture) : [picture];
  return applyTransform(transform!, given, drawn?.[size]);
}

function compare(one: GoldenCase, size: string): void {
  const [width, height] = size.split('x').map(Number);
  const picture = drawnPicture(width, height);
  const before = picture.planes.slice();
  const results = resultsOf(one.args as Args, picture, size);
  const { shape, data: expected } = one.output(size);
  const [{ width: columns, height: rows }] = results;
  assert.equal([...(results.length > 1 ? [results.length] : []), 3, rows, columns], [...shape], `${size}: the shape`);
  const actual = results.flatMap(({ planes }) => [...planes]);
  const wrong = actual.findIndex((value, i) => value !== expected[i]);
  const count = actual.filter((value, i) => value !== expected[i]).length;
  const at = wrong % (3 * rows * columns);
  const place = [Math.floor(at / (rows * columns)), Math.floor(at / columns) % rows, at % columns];
  const said = `${size}: ${count} of ${actual.length} differ, first [${place}]: ${actual[wrong]}, not ${expected[wrong]}`;
  assert.is(wrong, -1, said);
  assert.equal(picture.planes, before, 'the picture stays as it is');
}

const cases = goldenCases('transforms');

for (const one of cases) {
  test(`torchvision's ${one.name}`, () => {
    const sizes = one.keys('output.');
    assert.ok(sizes.length > 0);
    for (const size of sizes) compare(one, size);
  });
}

test('every transform has values of torchvision at five sizes', () => {
  const five = new Set(
    cases.filter((one) => one.keys('output.').length >= 5).map(({ args }) => (args as Args).transform?.name),
  );
  const missing = [...KINDS.keys()].filter((name) => !five.has(name));
  assert.equal(missing, []);
});

test.run();
