// Every op against a plain float64 reference on random shapes, options and values, forward and in every gradient. A few
// hundred cases with a fixed seed; test/soak/properties.soak.ts draws as many as are asked for.
import * as assert from 'uvu/assert';
import { hasHalf } from '../../src/autograd/autocast.js';
import * as ops from '../../src/autograd/ops/index.js';
import { sin, type Tensor } from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { properties } from '../support/properties/index.js';
import { holds } from '../support/properties/property.js';
import { Sums } from '../support/properties/sums.js';
import { compare, KINDS, settings } from '../support/properties/trial.js';
import { suite } from '../support/suite.js';

const SEED = 1;

const test = suite('ops/properties');
test.before(useDevice);

/** Cases outside of a property's domain, by its name. */
const redrawn = new Map<string, number>();

for (const [name, property] of Object.entries(properties)) {
  test(name, async () => {
    const held = await holds(name, property, { seed: SEED, cases: property.few });
    assert.is(held.cases, property.few);
    redrawn.set(name, held.redrawn);
  });
}

test('few cases lie outside of their domain', () => {
  const most = [...redrawn].filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
  const shown = most.map(([name, count]) => `${name} ${count}`).join(', ');
  console.log(`        drawn again, being outside of a property's domain: ${shown}`);
  const share = hasHalf() ? 1 : 4; // half of all cases are of f16
  for (const [name, count] of most)
    assert.ok(count <= share * properties[name].few, `${name}: ${count} cases drawn again`);
});

test('every op has a property', () => {
  const covered = new Set(Object.values(properties).flatMap(({ covers }) => covers));
  const exported = Object.entries(ops).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  assert.equal(
    exported.filter((name) => !covered.has(name)),
    [],
  );
  assert.equal(
    [...covered].filter((name) => !exported.includes(name)),
    [],
  );
});

const ONLY_UNIT = Object.fromEntries(KINDS.flatMap((kind) => (kind === 'unit' ? [] : [[kind, 'not asked here']])));

/** A property of sin that claims to be about something else. */
const wrong = (claim: { y: (x: number) => number; dy: (x: number) => number }) => ({
  covers: [],
  cases: settings(ONLY_UNIT),
  check: async (setting: Parameters<typeof compare>[3]) => {
    const data = Float32Array.of(0.1, 0.7);
    const expected = {
      y: Sums.of([2], Float64Array.from(data, claim.y)),
      gradients: (dy: Float32Array) => [
        Sums.of(
          [2],
          Float64Array.from(data, (x, i) => dy[i] * claim.dy(x)),
        ),
      ],
    };
    await compare((x: Tensor) => sin(x), [{ shape: [2], data }], expected, setting);
  },
  few: 5,
  share: 1,
});

test('a wrong value and a wrong gradient are noticed, and the case printed can be pasted', async () => {
  const message = (claim: Parameters<typeof wrong>[0]) =>
    holds('sin', wrong(claim), { seed: SEED, cases: 5 }).then(
      () => 'nothing was noticed',
      (error: Error) => error.message,
    );
  assert.is(await message({ y: Math.sin, dy: Math.cos }), 'nothing was noticed');
  assert.match(await message({ y: Math.tan, dy: Math.cos }), /^y: element/);
  const gradient = await message({ y: Math.sin, dy: Math.sin });
  assert.match(gradient, /^gradient of input 0: element/);
  assert.match(gradient, /--seed 1 --path \d/);
  assert.match(gradient, /properties\.sin\.check\({/);
});

test.run();
