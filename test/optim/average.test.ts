// ExponentialMovingAverage: PyTorch's values, weights exchanged bit by bit, and what a checkpoint keeps.
import * as assert from 'uvu/assert';
import { readCheckpoint, restoreRun, writeCheckpoint } from '../../src/checkpoint/index.js';
import {
  BatchNorm2d,
  CheckpointError,
  Conv2d,
  CosineAnnealingLR,
  ExponentialMovingAverage,
  LAMB,
  Linear,
  mean,
  memory,
  ReLU,
  Sequential,
  scope,
  square,
  tensor,
  UsageError,
  withWarmup,
} from '../../src/index.js';
import type { StoredTensor } from '../../src/io/index.js';
import { useDevice } from '../support/device.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('optim/average');
test.before(useDevice);

const newModel = () => new Sequential(new Conv2d(2, 3, 3), new BatchNorm2d(3));
const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** What a checkpoint would hold, by way of JSON. */
async function saved(
  ema: ExponentialMovingAverage,
): Promise<[ReturnType<typeof ema.state>, Record<string, StoredTensor>]> {
  const entries = Object.entries(ema.tensors()).map(async ([name, t]) => {
    return [name, { shape: t.shape, data: await t.data() }] as const;
  });
  return [JSON.parse(JSON.stringify(ema.state())), Object.fromEntries(await Promise.all(entries))];
}

/** The averages after every update, compared with PyTorch's; from update `resumeAt` on by a second average, restored. */
async function follow(c: GoldenCase, resumeAt = -1): Promise<unknown[]> {
  const model = newModel();
  const state = model.stateDict();
  let ema = new ExponentialMovingAverage(model, c.args);
  const [given, expected] = [c.keys('input.'), c.keys('output.')];
  assert.equal(Object.keys(ema.tensors()), expected.map(camel));
  const values: unknown[] = [];
  for (let n = 0; n < c.raw(`input.${given[0]}`).shape[0]; n++) {
    const at = ({ data }: StoredTensor, size: number) => data.slice(n * size, (n + 1) * size);
    for (const name of given) {
      const own = state[camel(name)];
      own.set(at(c.raw(`input.${name}`), own.size));
    }
    if (n === resumeAt) {
      const other = new ExponentialMovingAverage(model, c.args);
      other.restore(...(await saved(ema)));
      ema.dispose();
      ema = other;
    }
    ema.update();
    for (const name of expected) {
      const average = ema.tensors()[camel(name)];
      const found = await average.data();
      assertClose(found, at(c.output(name), average.size), { what: `${name} after update ${n}`, terms: n + 1 });
      values.push(found);
    }
  }
  assert.is(ema.updates, 22);
  ema.dispose();
  model.dispose();
  return values;
}

for (const c of goldenCases('averaged')) {
  test(`${c.name}: PyTorch’s values; saved and restored, the same bits`, async () => {
    const values = await follow(c);
    for (const at of [1, 9]) assert.equal(await follow(c, at), values);
  });
}

const contents = (model: Sequential) =>
  Promise.all(Object.values(model.stateDict()).map(async (t) => [...new Uint32Array((await t.data()).buffer)]));

/** A model with weights of any bits, and an average that differs. */
function apart() {
  const model = newModel();
  const ema = new ExponentialMovingAverage(model, { decay: 0.5 });
  ema.update();
  const odd = [Number.NaN, Number.NEGATIVE_INFINITY, -0, 3.4e38, 1e-38];
  model.stateDict()['0.weight'].set(Float32Array.from(seeded(54, 1), (v, i) => odd[i] ?? v));
  return { model, ema };
}

test('apply evaluates with the averages and puts the weights back, to the bit, also when body throws', async () => {
  const { model, ema } = apart();
  const own = await contents(model);
  const averages = await Promise.all(Object.values(ema.tensors()).map((t) => t.data()));
  const inside = await ema.apply(async () => Promise.all(model.parameters().map((p) => p.data())));
  assert.equal(inside, averages);
  assert.equal(await contents(model), own);
  assert.is(await ema.apply(() => 7), 7);
  const failure = new Error('body');
  const throws = (): never => {
    throw failure;
  };
  for (const body of [() => Promise.reject(failure), throws]) {
    assert.is(await ema.apply(body).catch((error: unknown) => error), failure);
    assert.equal(await contents(model), own);
  }
  ema.swap();
  assert.equal(await Promise.all(model.parameters().map((p) => p.data())), averages);
  ema.swap();
  assert.equal(await contents(model), own);
});

test('while the weights are swapped nothing is averaged, copied or saved', async () => {
  const { ema } = apart();
  ema.swap();
  const message = /: the model has the averaged weights now; swap\(\) them back first$/;
  for (const method of ['update', 'state', 'copyTo'] as const) {
    assert.throws(
      () => ema[method](),
      (e: Error) =>
        e instanceof UsageError &&
        e.message.startsWith(`ExponentialMovingAverage.${method}: `) &&
        message.test(e.message),
    );
  }
  const refused = await ema.apply(() => 1).catch((error: Error) => error);
  assert.ok(refused instanceof UsageError && message.test(refused.message));
  ema.swap();
  ema.update();
  assert.is(ema.updates, 2);
});

test('copyTo overwrites a model of the same parameters; another is refused as it is', async () => {
  const { model, ema } = apart();
  const target = newModel();
  ema.copyTo(target);
  const averages = await Promise.all(Object.values(ema.tensors()).map((t) => t.data()));
  assert.equal(await Promise.all(target.parameters().map((p) => p.data())), averages);
  ema.copyTo();
  assert.equal(await Promise.all(model.parameters().map((p) => p.data())), averages);
  const other = new Sequential(new Conv2d(2, 3, 5), new BatchNorm2d(3));
  const before = await contents(other);
  assert.throws(() => ema.copyTo(other), /0.weight is \[3, 2, 3, 3\] in the state, \[3, 2, 5, 5\] in this model/);
  assert.throws(() => ema.copyTo(new Sequential(new ReLU()) as never), /unknown 0.weight/);
  assert.equal(await contents(other), before);
});

test('a checkpoint keeps it: a resumed run has the same weights and averages, to the bit', async () => {
  const newRun = () => {
    const model = new Linear(3, 2);
    const optimizer = new LAMB(model.parameters(), { lr: 0.1 });
    const schedule = withWarmup(new CosineAnnealingLR(optimizer, { tMax: 6 }), { steps: 3 });
    const ema = new ExponentialMovingAverage(model, { decay: 0.9, warmup: true });
    return { keep: { model, optimizer, schedule, ema }, position: { step: 0 } };
  };
  const steps = ({ keep: { model, optimizer, schedule, ema }, position }: ReturnType<typeof newRun>, to: number) => {
    for (; position.step < to; position.step++) {
      using _ = scope();
      optimizer.zeroGrad();
      mean(square(model.forward(tensor(seeded(12, position.step), { shape: [4, 3] })))).backward();
      optimizer.step();
      schedule.step();
      ema.update();
    }
  };
  const values = ({ keep: { model, ema } }: ReturnType<typeof newRun>) =>
    Promise.all([...model.parameters(), ...Object.values(ema.tensors())].map((t) => t.data()));
  const [run, other] = [newRun(), newRun()];
  steps(run, 5);
  const file = readCheckpoint(await writeCheckpoint(run), 'run.safetensors');
  steps(run, 9);
  steps(other, 2);
  restoreRun(file, other);
  assert.equal([other.position.step, other.keep.ema.updates], [5, 5]);
  steps(other, 9);
  assert.equal(await values(other), await values(run));
  const larger = newRun();
  larger.keep.ema = new ExponentialMovingAverage(new Linear(4, 2));
  assert.throws(
    () => restoreRun(file, larger),
    /^run.safetensors: does not fit this run's ema: 'weight' is \[2, 3\] there, \[2, 4\] here$/,
  );
});

test('a state of another kind is refused, and nothing is changed', async () => {
  const { ema } = apart();
  const [state, tensors] = await saved(ema);
  const { '0.bias': bias, ...rest } = tensors;
  const small = { shape: [2], data: new Float32Array(2) };
  for (const [given, values, message] of [
    [null, tensors, /state\(\) gives \{ updates \}, a whole number; got null$/],
    [{ updates: -1 }, tensors, /state\(\) gives \{ updates \}/],
    [{ updates: 5 }, rest, /it has no '0.bias'$/],
    [{ updates: 5 }, { ...tensors, 'fc.weight': small }, /it has 'fc.weight', which is not averaged here$/],
    [{ updates: 5 }, { ...tensors, '0.bias': small }, /'0.bias' is \[2\] there, \[3\] here$/],
  ] as const) {
    assert.throws(
      () => ema.restore(given, values),
      (e: Error) =>
        e instanceof CheckpointError &&
        e.message.startsWith('ExponentialMovingAverage: cannot go on from this state: ') &&
        message.test(e.message),
    );
  }
  assert.ok(bias);
  assert.equal(await saved(ema), [state, tensors]);
});

test('what it is given is checked', () => {
  const fails = (body: () => unknown, message: RegExp) =>
    assert.throws(body, (e: Error) => e instanceof UsageError && message.test(e.message));
  fails(
    () => new ExponentialMovingAverage(tensor([1]) as never),
    /ExponentialMovingAverage: takes a model, got a tensor/,
  );
  fails(() => new ExponentialMovingAverage(newModel(), { decay: 1 }), /decay is a number from 0 to below 1, got 1/);
  fails(() => new ExponentialMovingAverage(newModel(), { momentum: 1 } as never), /no option 'momentum'/);
});

test('decay is 0.999 unless told, and memory() knows what averages hold', async () => {
  const held = () => memory().holders.find(({ label }) => label === 'average')?.buffers ?? 0;
  const before = held();
  const model = new Linear(3, 2);
  const ema = new ExponentialMovingAverage(model);
  assert.is(held() - before, 2);
  model.weight.set(new Float32Array(6));
  ema.update();
  model.weight.set(new Float32Array(6).fill(1));
  ema.update();
  assertClose(await ema.tensors().weight.data(), new Float32Array(6).fill(0.001), { what: 'weight' });
  ema.dispose();
  assert.is(held(), before);
});

test.run();
