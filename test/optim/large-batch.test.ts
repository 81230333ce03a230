// LARS and LAMB need norms of whole parameters: at sizes that fill no vec4, no workgroup and more than all threads at once, and in
// windows, against float64. Small parameters over many steps are in golden-stepped.
import * as assert from 'uvu/assert';
import { LAMB, LARS, Lion, memory, type Optimizer, parameter, type Tensor, tensor } from '../../src/index.js';
import { useDevice, withBindingLimit } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('optim/large-batch');
test.before(useDevice);

type Values = ArrayLike<number>;
const norm = (x: Values) => Math.sqrt(Array.from(x).reduce((sum, v) => sum + v * v, 0));
const map = (x: Values, f: (v: number, i: number) => number) => Float64Array.from(x, f);

const larsStep = { lr: 3, momentum: 0.9, weightDecay: 0.1, trustCoefficient: 0.02 };
const lambStep = { lr: 0.02, betas: [0.8, 0.9] as const, eps: 1e-4, weightDecay: 0.1 };

/** Two steps of each in float64, from the same gradient. */
const references: Record<
  string,
  { make: (p: Tensor[]) => Optimizer; expected: (w: Values, g: Values) => Float64Array }
> = {
  LARS: {
    make: (p) => new LARS(p, larsStep),
    expected(start, g) {
      const { lr, momentum, weightDecay, trustCoefficient } = larsStep;
      let [w, v] = [map(start, (x) => x), map(start, () => 0)];
      for (let t = 0; t < 2; t++) {
        const trust = (trustCoefficient * norm(w)) / (norm(g) + weightDecay * norm(w));
        v = map(v, (x, i) => momentum * x + lr * trust * (g[i] + weightDecay * w[i]));
        w = map(w, (x, i) => x - v[i]);
      }
      return w;
    },
  },
  LAMB: {
    make: (p) => new LAMB(p, lambStep),
    expected(start, g) {
      const { lr, eps, weightDecay } = lambStep;
      let w = map(start, (x) => x);
      for (let t = 0; t < 2; t++) {
        // The corrected means of a gradient that stays are the gradient and its square.
        const u = map(g, (x, i) => x / (Math.abs(x) + eps) + weightDecay * w[i]);
        const trust = norm(w) / norm(u);
        w = map(w, (x, i) => x - lr * trust * u[i]);
      }
      return w;
    },
  },
};

async function twoSteps(make: (p: Tensor[]) => Optimizer, start: Float32Array, g: Float32Array): Promise<Values> {
  const p = parameter(tensor(start));
  const optimizer = make([p]);
  p.grad = tensor(g);
  optimizer.step();
  const { liveBuffers } = memory();
  optimizer.step();
  assert.is(memory().liveBuffers, liveBuffers, 'partial sums are given back');
  const values = await p.data();
  optimizer.dispose();
  p.dispose();
  return values;
}

const SIZES = [1, 2, 3, 5, 255, 257, 1023, 1025, 70_001, 300_003];

for (const [name, { make, expected }] of Object.entries(references)) {
  for (const size of SIZES) {
    test(`${name}: ${size} elements`, async () => {
      const [start, g] = [seeded(size, 3, 2), seeded(size, 5, 0.3)];
      assertClose(await twoSteps(make, start, g), expected(start, g), { terms: 16 });
    });
  }

  test(`${name}: in windows as whole`, async () => {
    const [start, g] = [seeded(5003, 3, 2), seeded(5003, 5, 0.3)];
    const found = await withBindingLimit(4096, () => twoSteps(make, start, g)); // 896 elements a window
    assertClose(found, expected(start, g), { terms: 16 });
  });

  test(`${name}: a NaN or an infinity in one gradient is in every weight`, async () => {
    const start = seeded(1000, 3);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const g = seeded(1000, 5);
      g[777] = bad;
      const values = await twoSteps(make, start, g);
      assert.ok(Number.isNaN(values[777]), `${bad}: ${values[777]}`);
      if (Number.isNaN(bad)) assert.ok(Array.from(values).every(Number.isNaN));
    }
  });
}

test('Lion: a gradient of NaN is seen, one of 0 moves nothing, and others move by lr', async () => {
  const g = Float32Array.of(Number.NaN, 0, 1e-30, -1e30, Number.POSITIVE_INFINITY);
  const values = await twoSteps((p) => new Lion(p, { lr: 0.25 }), new Float32Array(5), g);
  assert.equal([...Array.from(values)], [Number.NaN, 0, -0.5, 0.5, -0.5]);
});

test.run();
