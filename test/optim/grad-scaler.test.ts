// GradScaler: the scale's history is PyTorch's, a skipped step changes no bit, and what follows is as if it had never been.
import * as assert from 'uvu/assert';
import {
  Adagrad,
  Adam,
  AdamW,
  clipGradNorm,
  clipGradValue,
  GradScaler,
  LAMB,
  LARS,
  Lion,
  Optimizer,
  parameter,
  RMSprop,
  SGD,
  scope,
  square,
  sum,
  type Tensor,
  tensor,
} from '../../src/index.js';
import { readCheckpoint, restoreRun, takeSnapshot, writeCheckpoint } from '../../src/train/index.js';
import { useDevice, withBindingLimit } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('optim/grad-scaler');
test.before(useDevice);

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

const rules: Record<string, (params: Tensor[]) => Optimizer> = {
  sgd: (p) => new SGD(p, { lr: 0.1, weightDecay: 0.05 }),
  'sgd momentum': (p) => new SGD(p, { lr: 0.1, momentum: 0.9, weightDecay: 0.05 }),
  'sgd dampening': (p) => new SGD(p, { lr: 0.1, momentum: 0.9, dampening: 0.4 }),
  'sgd rate in velocity': (p) => new SGD(p, { lr: 0.1, momentum: 0.9, dampening: 0.4, rateInVelocity: true }),
  adam: (p) => new Adam(p, { lr: 0.1, weightDecay: 0.05 }),
  'adam without means': (p) => new Adam(p, { lr: 0.1, betas: [0, 0] }),
  adamw: (p) => new AdamW(p, { lr: 0.1, betas: [0.5, 0.9999], weightDecay: 0.3 }),
  rmsprop: (p) => new RMSprop(p, { lr: 0.05, momentum: 0.7, weightDecay: 0.05 }),
  adagrad: (p) => new Adagrad(p, { lr: 0.1, weightDecay: 0.05 }),
  'adagrad decaying': (p) => new Adagrad(p, { lr: 0.1, lrDecay: 0.5, initialAccumulatorValue: 0.1 }),
  lion: (p) => new Lion(p, { lr: 0.01, weightDecay: 0.1 }),
  lars: (p) => new LARS(p, { lr: 0.1, momentum: 0.9, weightDecay: 0.05 }),
  'lars not adapting': (p) => new LARS(p, { lr: 0.1, momentum: 0.9, weightDecay: 0.05, adapt: false }),
  lamb: (p) => new LAMB(p, { lr: 0.1 }),
  'lamb not adapting': (p) => new LAMB(p, { lr: 0.1, adapt: false }),
};

/** Gradients of seven weights by step, and whether one of them is not finite. */
const script = [false, true, false, true, true, false, false, false, true, false];
const first = [true, true, false, false, true]; // overflows from the first step on
const gradientOf = (t: number) => seeded(7, 100 + t);
const weights = () => parameter(tensor(seeded(7, 3)));

function scaledGradient(t: number, scale: number, overflows: boolean): Float32Array {
  const values = gradientOf(t).map((v) => v * scale);
  if (overflows) values[t % 7] = [INF, -INF, NAN][t % 3];
  return values;
}

/** All that a step may change, bit by bit. */
async function bitsOf(rule: Optimizer, params: Tensor[]): Promise<Record<string, number[]>> {
  const named = { ...Object.fromEntries(params.map((p, i) => [`param ${i}`, p])), ...rule.stateTensors() };
  const entries = Object.entries(named).map(async ([name, t]): Promise<[string, number[]]> => {
    return [name, [...new Uint32Array((await t.data()).slice().buffer)]];
  });
  return Object.fromEntries(await Promise.all(entries));
}

const withoutCounts = (bits: Record<string, number[]>) =>
  Object.fromEntries(Object.entries(bits).filter(([name]) => !name.endsWith('.skipped')));

for (const [name, make] of Object.entries(rules)) {
  for (const steps of [script, first]) {
    test(`${name}: skipped steps change no bit and leave no trace: ${steps.map(Number).join('')}`, async () => {
      const [own, other] = [weights(), weights()];
      const [rule, reference] = [make([own]), make([other])];
      const scaler = new GradScaler({ initScale: 1024, growthInterval: 100 });
      let scale = 1024;
      for (const [t, overflows] of steps.entries()) {
        own.grad = tensor(scaledGradient(t, scale, overflows));
        const before = await bitsOf(rule, [own]);
        scaler.step(rule);
        scaler.update();
        if (overflows) {
          const after = withoutCounts(await bitsOf(rule, [own]));
          const begun = Object.fromEntries(Object.keys(after).map((key) => [key, before[key] ?? initialOf(rule, own)]));
          assert.equal(after, begun);
          scale /= 2;
        } else {
          other.grad = tensor(gradientOf(t));
          reference.step();
        }
        assertClose(await own.data(), await other.data(), { terms: 4 });
      }
      assert.is(await scaler.skipped(), steps.filter(Boolean).length);
      assert.is(await scaler.scaleValue(), scale);
    });
  }
}

/** A state that began in a skipped step. */
function initialOf(rule: Optimizer, param: Tensor): number[] {
  const { initialAccumulatorValue = 0 } = rule.groups[0] as { initialAccumulatorValue?: number };
  return [...new Uint32Array(Float32Array.from({ length: param.size }, () => initialAccumulatorValue).buffer)];
}

test('the scale goes PyTorch’s way', async () => {
  const param = weights();
  const rule = new SGD([param], { lr: 0 });
  const scaler = new GradScaler({ initScale: 3 * 2 ** 11, growthFactor: 4, backoffFactor: 0.25, growthInterval: 3 });
  const overflows = [...'0000100010000000110010000000'].map(Number);
  let [scale, tracker] = [3 * 2 ** 11, 0]; // _amp_update_scale_
  for (const [t, found] of overflows.entries()) {
    assert.is(await scaler.scaleValue(), scale, `before step ${t}`);
    param.grad = tensor(scaledGradient(t, scale, found === 1));
    scaler.step(rule);
    if (!found) assertClose(await param.grad.data(), gradientOf(t));
    scaler.update();
    if (found) [scale, tracker] = [scale * 0.25, 0];
    else if (++tracker === 3) [scale, tracker] = [scale * 4, 0];
  }
  assert.is(await scaler.skipped(), overflows.filter(Boolean).length);
});

test('the scale stays where more would be too much', async () => {
  const param = weights();
  const rule = new SGD([param], { lr: 0 });
  const scaler = new GradScaler({ initScale: 2 ** 124, growthInterval: 1 });
  for (let t = 0; t < 4; t++) {
    param.grad = tensor(new Float32Array(7));
    scaler.step(rule);
    scaler.update();
  }
  assert.is(await scaler.scaleValue(), 2 ** 126);
});

/** Kingma and Ba's algorithm 1 in float64, of the steps that are not skipped. */
function adam64(x: number[], steps: readonly boolean[], lr: number, [b1, b2]: number[], eps: number): number[] {
  const [m, v] = [x.map(() => 0), x.map(() => 0)];
  let t = 0;
  for (const [step, skipped] of steps.entries()) {
    if (skipped) continue;
    t++;
    for (const [i, g] of gradientOf(step).entries()) {
      m[i] = b1 * m[i] + (1 - b1) * g;
      v[i] = b2 * v[i] + (1 - b2) * g * g;
      x[i] -= (lr * (m[i] / (1 - b1 ** t))) / (Math.sqrt(v[i] / (1 - b2 ** t)) + eps);
    }
  }
  return x;
}

for (const betas of [
  [0.9, 0.999],
  [0.2, 0.99999],
  [0, 0.5],
] as const) {
  test(`Adam’s corrections count what was not skipped: betas ${betas}`, async () => {
    const steps = Array.from({ length: 60 }, (_, t) => t % 7 === 0 || t % 11 === 3);
    const param = weights();
    const rule = new Adam([param], { lr: 0.02, betas });
    const scaler = new GradScaler({ initScale: 2, backoffFactor: 0.5, growthInterval: 1000 });
    let scale = 2;
    for (const [t, skipped] of steps.entries()) {
      param.grad = tensor(scaledGradient(t, scale, skipped));
      scaler.step(rule);
      scaler.update();
      if (skipped) scale /= 2;
    }
    const expected = adam64([...seeded(7, 3)], steps, 0.02, [...betas], 1e-8);
    assertClose(await param.data(), expected, { terms: 16 });
  });
}

test('a gradient that comes late has its own count', async () => {
  const [a, b, c] = [weights(), weights(), weights()];
  const rule = new Adam([a, b], { lr: 0.1 });
  const alone = new Adam([c], { lr: 0.1 });
  const scaler = new GradScaler({ initScale: 4 });
  let scale = 4;
  for (const [t, [overflows, late]] of [
    [true, false],
    [false, false],
    [true, true],
    [false, true],
    [false, true],
  ].entries()) {
    a.grad = tensor(scaledGradient(t, scale, overflows));
    b.grad = late ? tensor(gradientOf(t).map((v) => v * scale)) : null;
    scaler.step(rule);
    scaler.update();
    if (overflows) scale /= 2;
    else if (late) {
      c.grad = tensor(gradientOf(t));
      alone.step();
    }
  }
  assertClose(await b.data(), await c.data(), { terms: 4 });
});

for (const size of [1, 3, 4, 5, 255, 256, 257, 1031]) {
  test(`one element of ${size} that is not finite is found, and nothing beside them`, async () => {
    const param = parameter(tensor(new Float32Array(size)));
    const rule = new SGD([param], { lr: 1 });
    const scaler = new GradScaler({ initScale: 8 });
    for (const place of [-1, 0, size >> 1, size - 1]) {
      const values = new Float32Array(size).fill(8);
      if (place >= 0) values[place] = INF;
      using _ = scope();
      tensor(new Float32Array(size + 3).fill(NAN)); // what the padding may hold
      const before = await scaler.skipped();
      param.set(new Float32Array(size));
      param.grad = tensor(values.map((v) => (v * (8 / 2 ** before)) / 8));
      scaler.step(rule);
      scaler.update();
      assert.is(await scaler.skipped(), before + Number(place >= 0));
      assert.equal(await param.data(), new Float32Array(size).fill(place < 0 ? -1 : 0));
    }
  });
}

test('tensors above the binding limit are walked in windows', async () => {
  await withBindingLimit(4096, async () => {
    const size = 2500;
    const param = parameter(tensor(new Float32Array(size)));
    const rule = new Adam([param], { lr: 1 });
    const scaler = new GradScaler({ initScale: 8 });
    for (const [values, expected, skipped] of [
      [[...new Array(size - 1).fill(8), INF], 0, 1],
      [new Array(size).fill(4), -1, 1],
    ] as const) {
      param.grad = tensor(values as number[]);
      scaler.step(rule);
      scaler.update();
      assertClose(await param.data(), new Float32Array(size).fill(expected), { terms: 4 });
      assert.is(await rule.stateTensors()['0.skipped'].item(), skipped, 'once, however many windows');
    }
  });
});

test('several optimizers: each skips by its own gradients, the scale by all', async () => {
  const [a, b] = [weights(), weights()];
  const [of, ob] = [new SGD([a], { lr: 1 }), new SGD([b], { lr: 1 })];
  const scaler = new GradScaler({ initScale: 16 });
  a.grad = tensor(scaledGradient(0, 16, true));
  b.grad = tensor(scaledGradient(0, 16, false));
  scaler.step(of);
  scaler.step(ob);
  scaler.update();
  assert.equal(await a.data(), seeded(7, 3));
  assertClose(
    await b.data(),
    seeded(7, 3).map((w, i) => w - gradientOf(0)[i]),
    { terms: 4 },
  );
  assert.is(await scaler.scaleValue(), 8);
  assert.is(await scaler.skipped(), 1);
});

test('what lies behind a gradient in its memory is not looked at', async () => {
  using _ = scope();
  const w = parameter(tensor([1, 2, 3]));
  tensor([NAN, NAN, NAN, NAN]).dispose(); // its memory is the next one's of its size
  w.grad = tensor([1, 1, 1]);
  const scaler = new GradScaler({ initScale: 1 });
  scaler.step(new SGD([w], { lr: 1 }));
  scaler.update();
  assert.is(await scaler.skipped(), 0);
  assert.equal([...(await w.data())], [0, 1, 2]);
  w.dispose();
});

test('from a loss to clipped gradients, gathered over two batches', async () => {
  const [own, other] = [weights(), weights()];
  const [rule, reference] = [new SGD([own], { lr: 0.1 }), new SGD([other], { lr: 0.1 })];
  const scaler = new GradScaler();
  for (let k = 0; k < 2; k++) {
    scaler.scale(sum(square(own))).backward();
    sum(square(other)).backward();
  }
  scaler.unscale(rule);
  assert.equal(await own.grad!.data(), await other.grad!.data(), 'a power of 2 costs no bit');
  for (const params of [[own], [other]]) {
    clipGradNorm(params, 1);
    clipGradValue(params, 0.4);
  }
  scaler.step(rule);
  scaler.update();
  reference.step();
  assert.equal(await own.data(), await other.data());
});

test('a run goes on from a checkpoint to the same bits', async () => {
  const begin = () => {
    const param = weights();
    const optimizer = new AdamW([param], { lr: 0.1 });
    const scaler = new GradScaler({ initScale: 256, growthInterval: 2 });
    return { param, optimizer, scaler };
  };
  const go = (run: ReturnType<typeof begin>, from: number, to: number) => {
    for (let t = from; t < to; t++) {
      run.param.grad = tensor(scaledGradient(t, 2, script[t]));
      run.scaler.step(run.optimizer);
      run.scaler.update();
    }
  };
  const keepOf = ({ optimizer, scaler }: ReturnType<typeof begin>) => ({
    keep: { optimizer, scaler },
    position: { step: 0 },
  });
  const [whole, resumed] = [begin(), begin()];
  go(whole, 0, 4);
  const values = await whole.param.data();
  const file = await writeCheckpoint(await takeSnapshot(keepOf(whole)));
  go(whole, 4, 10);
  restoreRun(await readCheckpoint(file, 'run'), keepOf(resumed));
  resumed.param.set(values);
  go(resumed, 4, 10);
  assert.equal(await bitsOf(resumed.optimizer, [resumed.param]), await bitsOf(whole.optimizer, [whole.param]));
  assert.is(await resumed.scaler.scaleValue(), await whole.scaler.scaleValue());
  assert.is(await resumed.scaler.skipped(), await whole.scaler.skipped());
  const saved = { shape: [], data: new Float32Array([0]) };
  const counts = { shape: [3], data: new Int32Array(3) };
  assert.throws(
    () => whole.scaler.restore({}, { scale: saved, tracker: counts }),
    /'scale' is a number above 0, got 0/,
  );
  assert.throws(() => whole.scaler.restore({}, { tracker: counts }), /it has no 'scale'/);
});

test('without a scaler again, corrections go on from what was skipped', async () => {
  const [own, other] = [weights(), weights()];
  const [rule, reference] = [new Adam([own], { lr: 0.1 }), new Adam([other], { lr: 0.1 })];
  const scaler = new GradScaler({ initScale: 1 });
  for (const [t, overflows] of [true, false, false].entries()) {
    own.grad = tensor(scaledGradient(t, 1, overflows));
    if (t < 2) {
      if (t === 1) own.grad = tensor(scaledGradient(t, 0.5, false));
      scaler.step(rule);
      scaler.update();
    } else rule.step();
    if (overflows) continue;
    other.grad = tensor(gradientOf(t));
    reference.step();
  }
  assertClose(await own.data(), await other.data(), { terms: 4 });
});

test('switched off, it is not there', async () => {
  const param = weights();
  const rule = new SGD([param], { lr: 1 });
  const scaler = new GradScaler({ enabled: false });
  const loss = sum(param);
  assert.is(scaler.scale(loss), loss);
  param.grad = tensor(gradientOf(0));
  scaler.unscale(rule);
  scaler.step(rule);
  scaler.update();
  assertClose(
    await param.data(),
    seeded(7, 3).map((w, i) => w - gradientOf(0)[i]),
    { terms: 4 },
  );
  assert.is(await scaler.scaleValue(), 1);
});

test('what is called in another order, or with something else, says so', () => {
  const param = weights();
  const rule = new SGD([param], { lr: 1 });
  const scaler = new GradScaler();
  assert.throws(() => scaler.update(), /GradScaler.update: no gradients were looked at; call step\(optimizer\) before/);
  assert.throws(() => scaler.step(rule), /GradScaler.step: no parameter has a gradient/);
  param.grad = tensor(gradientOf(0));
  scaler.unscale(rule);
  assert.throws(() => scaler.unscale(rule), /unscale: unscale\(\) was called already since the last update/);
  scaler.step(rule);
  assert.throws(() => scaler.unscale(rule), /unscale: step\(\) was called already/);
  assert.throws(() => scaler.step(rule), /step: was called already/);
  scaler.update();
  scaler.unscale(rule);
  assert.throws(() => scaler.scale(3 as unknown as Tensor), /scale: takes a tensor, got 3/);
  assert.throws(() => scaler.step({} as unknown as Optimizer), /step: takes an optimizer/);
  assert.throws(() => new GradScaler({ backoffFactor: 1 }), /backoffFactor is a number between 0 and 1, got 1/);
  assert.throws(() => new GradScaler({ growthFactor: 1 }), /growthFactor is a number above 1, got 1/);
  assert.throws(() => new GradScaler({ init_scale: 1 } as object), /initScale/);
  class Own extends Optimizer {
    protected update() {}
  }
  const own = new Own([param], { lr: 1, weightDecay: 0 });
  assert.throws(() => new GradScaler().step(own), /Own is an optimizer of your own, whose update the GPU cannot skip/);
});

test.run();
