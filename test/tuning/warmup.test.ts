// Warming up compiles and changes nothing.
import * as assert from 'uvu/assert';
import { activeRecorder } from '../../src/device/commands.js';
import {
  activity,
  add,
  alexnet,
  crossEntropy,
  features,
  flush,
  keep,
  kernel,
  Linear,
  Module,
  manualSeed,
  memory,
  mul,
  neg,
  ones,
  randn,
  reshape,
  Sequential,
  scope,
  setDetectAnomaly,
  sum,
  sync,
  Tanh,
  type Tensor,
  tanh,
  tensor,
} from '../../src/index.js';
import { forgetTuned } from '../../src/kernels/tuned.js';
import { tune, warmup } from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { thrownBy } from '../support/faults.js';
import { seeded } from '../support/random.js';
import { Skip, suite } from '../support/suite.js';

const test = suite('tuning/warmup');
test.before(useDevice);

for (const variant of ['paper', 'dogcat'] as const) {
  test(`${variant}: weights, gradients, statistics and the random stream stay; the first step compiles nothing`, async () => {
    const model = alexnet({ variant, width: 0.1, imageSize: 67, numClasses: 3 });
    const state = async () => Promise.all(Object.values(model.stateDict()).map((t) => t.data()));
    const step = () => {
      const kept = scope();
      const x = tensor(seeded(2 * 3 * 67 * 67, 1), { shape: [2, 3, 67, 67] });
      const loss = crossEntropy(model.forward(x), tensor(Int32Array.of(0, 2)));
      loss.backward();
      const value = loss.item();
      kept.close();
      return value;
    };
    const [held] = model.parameters();
    held.grad = ones(held.shape);
    const before = await state();
    const live = memory().liveBuffers;
    const seen: number[][] = [];
    await warmup(model, [2, 3, 67, 67], { onProgress: (done, all) => void seen.push([done, all]) });
    assert.equal(await state(), before);
    assert.is(memory().liveBuffers, live);
    assert.equal(new Set(await held.grad!.data()), new Set([1]));
    assert.is(seen.at(-1)![0], seen.at(-1)![1]);
    assert.ok(seen.length > 10, `${seen.length} kernels`);

    held.grad!.dispose();
    held.grad = null;
    const { pipelines } = activity();
    await step();
    await sync();
    assert.is(activity().pipelines, pipelines);
    model.dispose();
  });
}

test('a model of several inputs and outputs is warmed up by their shapes', async () => {
  class Two extends Module<[Tensor, Tensor], { scores: Tensor; rest: Tensor[] }> {
    readonly a = new Linear(3, 4);
    readonly b = new Linear(5, 4);
    forward(x: Tensor, y: Tensor): { scores: Tensor; rest: Tensor[] } {
      return { scores: this.a.forward(x), rest: [tanh(reshape(this.b.forward(y), [2, 2, 2]))] };
    }
  }
  const model = new Two();
  const inputs = (): [Tensor, Tensor] => [ones([2, 3]), ones([2, 5])];
  const step = () => {
    using _ = scope();
    const { scores, rest } = model.forward(...inputs());
    add(crossEntropy(scores, tensor(Int32Array.of(0, 2))), sum(rest[0])).backward();
  };
  await warmup(model, [
    [2, 3],
    [2, 5],
  ]);
  assert.ok(model.parameters().every(({ grad }) => grad === null));
  const { pipelines } = activity();
  step();
  assert.is(activity().pipelines, pipelines);
  assert.ok(model.parameters().every(({ grad }) => grad));
  await warmup(model.eval(), [
    [2, 3],
    [2, 5],
  ]);
  const wrong = [
    [2, 3],
    [2, -5],
  ];
  assert.match(String(await thrownBy(() => warmup(model, wrong))), /warmup: \[2, -5\] is not a shape/);
  model.dispose();
});

test('evaluation mode needs the forward kernels only', async () => {
  const model = alexnet({ variant: 'dogcat', width: 0.1, imageSize: 75, numClasses: 3 }).eval();
  let all = 0;
  await warmup(model, [1, 3, 75, 75], {
    onProgress(_, count) {
      all = count;
    },
  });
  assert.ok(all > 3 && all < 16, `${all} kernels`);
  model.dispose();
});

test('a body that uploads in its middle, or throws, leaves nothing to be launched', async () => {
  const model = alexnet({ variant: 'dogcat', width: 0.1, imageSize: 67, numClasses: 3 });
  const state = async () => Promise.all(Object.values(model.stateDict()).map((t) => t.data()));
  const before = await state();
  const { submits, dispatches } = activity();
  const twice = () => {
    for (let i = 0; i < 2; i++) {
      using _ = scope();
      const x = tensor(seeded(2 * 3 * 67 * 67, 1), { shape: [2, 3, 67, 67] }); // its buffer was used in the turn before
      model.forward(x);
    }
  };
  await activeRecorder().rehearse(twice);
  assert.equal(await state(), before);
  await warmup(model, [2, 3, 20, 20]).then(
    () => assert.unreachable('the image is too small'),
    () => {},
  );
  await sync();
  assert.equal(await state(), before);
  assert.ok(activity().submits > submits && activity().dispatches > dispatches);
  model.dispose();
});

test('what others record while a warmup waits is computed, with its own numbers', async () => {
  const x = tensor([1, 2, 3]);
  await neg(x).data(); // compiled: it need not wait
  const model = new Sequential(new Linear(3, 5), new Tanh(), new Linear(5, 2));
  const warm = warmup(model, [2, 3]);
  const results = [neg(x)];
  const again = warmup(model, [4, 3], { onProgress: () => void results.push(mul(x, results.length)) });
  await Promise.all([warm, again]);
  assert.ok(results.length > 3);
  for (const [i, y] of results.entries()) {
    assert.equal(
      [...(await y.data())],
      [1, 2, 3].map((v) => v * (i === 0 ? -1 : i)),
    );
    y.dispose();
  }
  x.dispose();
  model.dispose();
});

test('the random stream, gradients and kernels of others go on as they were while a warmup waits', async () => {
  const model = new Sequential(new Linear(3, 6), new Tanh(), new Linear(6, 2));
  const [weight] = model.parameters();
  const counter = kernel(counting);
  const n = tensor([0]);
  manualSeed(4);
  const warm = warmup(model, [5, 3]);
  const first = randn([4]);
  scope(() => sum(mul(weight, 3)).backward());
  await warm;
  const second = randn([4]);
  assert.not.equal(await second.data(), await first.data());
  assert.equal(new Set(await weight.grad!.data()), new Set([3]));
  await activeRecorder().rehearse(() => counter.run({ n }, {}, { groups: 1 }));
  assert.is(await n.item(), 0);
  for (const t of [first, second, n, weight.grad!]) t.dispose();
  weight.grad = null;
  model.dispose();
});

test('with the search for bad numbers on, a warmup finds none in what it never computed', async () => {
  const model = alexnet({ variant: 'dogcat', width: 0.1, imageSize: 67, numClasses: 3 });
  const { liveBuffers } = memory();
  setDetectAnomaly(true);
  try {
    await warmup(model, [2, 3, 67, 67]);
    const y = scope(() => keep(sum(model.forward(tensor(seeded(2 * 3 * 67 * 67, 1), { shape: [2, 3, 67, 67] })))));
    assert.ok(Number.isFinite(await y.item()));
    y.dispose();
  } finally {
    setDetectAnomaly(false);
  }
  assert.is(memory().liveBuffers, liveBuffers);
  model.dispose();
});

test('after tuning, batches that wait side by side keep their own parameters', async () => {
  if (!features().has('timestamp-query')) throw new Skip('the device has no timestamps');
  const model = new Linear(9, 17);
  const { WGRAD_TUNING } = process.env;
  process.env.WGRAD_TUNING = 'off'; // what it finds is not kept
  try {
    await tune(model, [4, 9], { candidates: 1 });
  } finally {
    forgetTuned();
    if (WGRAD_TUNING === undefined) delete process.env.WGRAD_TUNING;
    else process.env.WGRAD_TUNING = WGRAD_TUNING;
  }
  const own = (name: string) => kernel(scaled.replaceAll('NAME', name));
  const x = tensor([1, 2, 3]);
  const results = ['first', 'second', 'third'].map((name, i) => {
    const y = tensor([0, 0, 0]);
    own(name).run({ x, y }, { count: 3, scale: i + 2 }, { groups: 1 }); // nobody compiled it: its batch waits
    flush();
    return y;
  });
  for (const [i, y] of results.entries()) {
    assert.equal(
      [...(await y.data())],
      [1, 2, 3].map((v) => v * (i + 2)),
    );
  }
  for (const t of [x, ...results]) t.dispose();
  model.dispose();
});

const counting = `// counting: n[0] = n[0] + 1.
@group(0) @binding(0) var<storage, read_write> n: array<f32>;
@compute @workgroup_size(1)
fn main() { n[0] += 1.0; }
`;

const scaled = `// NAME: y[i] = scale * x[i].
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params { count: u32, scale: f32 }
@group(1) @binding(0) var<uniform> p: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < p.count) { y[id.x] = p.scale * x[id.x]; }
}
`;

test.run();
