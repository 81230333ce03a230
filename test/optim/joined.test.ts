// Small parameters that are updated by one launch: every bit is that of launches of their own, whatever joins and parts them.
import * as assert from 'uvu/assert';
import {
  Adagrad,
  Adam,
  AdamW,
  activity,
  add,
  ExponentialMovingAverage,
  GradScaler,
  LAMB,
  LARS,
  Lion,
  Module,
  memory,
  mul,
  type Optimizer,
  parameter,
  RMSprop,
  SGD,
  sum,
  sync,
  type Tensor,
  tensor,
} from '../../src/index.js';
import { useDevice, withBindingLimit } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('optim/joined');
test.before(useDevice);

type Params = readonly Tensor[] | readonly { params: readonly Tensor[] }[];

/** With an `update` of its own, an optimizer is given parameters one by one. */
class AloneSGD extends SGD {
  protected override update(...args: Parameters<SGD['update']>): void {
    super.update(...args);
  }
}
class AloneAdam extends Adam {
  protected override update(...args: Parameters<Adam['update']>): void {
    super.update(...args);
  }
}
class AloneAdamW extends AdamW {
  protected override update(...args: Parameters<AdamW['update']>): void {
    super.update(...args);
  }
}
class AloneRMSprop extends RMSprop {
  protected override update(...args: Parameters<RMSprop['update']>): void {
    super.update(...args);
  }
}
class AloneAdagrad extends Adagrad {
  protected override update(...args: Parameters<Adagrad['update']>): void {
    super.update(...args);
  }
}
class AloneLion extends Lion {
  protected override update(...args: Parameters<Lion['update']>): void {
    super.update(...args);
  }
}
class AloneLARS extends LARS {
  protected override update(...args: Parameters<LARS['update']>): void {
    super.update(...args);
  }
}
class AloneLAMB extends LAMB {
  protected override update(...args: Parameters<LAMB['update']>): void {
    super.update(...args);
  }
}

const damped = { lr: 0.1, momentum: 0.9, dampening: 0.4, weightDecay: 0.05 };
const nesterov = { lr: 0.1, momentum: 0.9, nesterov: true };
const plain = { lr: 0.1, momentum: 0, weightDecay: 0.05 };
const norms = { lr: 0.5, adapt: false, weightDecay: 0.01 };
const rms = { lr: 0.05, momentum: 0.7 };
const fading = { lr: 0.1, lrDecay: 0.1, initialAccumulatorValue: 0.2 };
const rules: Record<string, ((alone: boolean, p: Params) => Optimizer) | undefined> = {
  'sgd plain': (alone, p) => new (alone ? AloneSGD : SGD)(p as Tensor[], plain),
  'sgd dampening': (alone, p) => new (alone ? AloneSGD : SGD)(p as Tensor[], damped),
  'sgd nesterov': (alone, p) => new (alone ? AloneSGD : SGD)(p as Tensor[], nesterov),
  adam: (alone, p) => new (alone ? AloneAdam : Adam)(p as Tensor[], { lr: 0.1, weightDecay: 0.05 }),
  adamw: (alone, p) => new (alone ? AloneAdamW : AdamW)(p as Tensor[], { lr: 0.1 }),
  rmsprop: (alone, p) => new (alone ? AloneRMSprop : RMSprop)(p as Tensor[], rms),
  adagrad: (alone, p) => new (alone ? AloneAdagrad : Adagrad)(p as Tensor[], fading),
  lion: (alone, p) => new (alone ? AloneLion : Lion)(p as Tensor[], { lr: 0.1, weightDecay: 0.05 }),
  'lars, not adapted': (alone, p) => new (alone ? AloneLARS : LARS)(p as Tensor[], norms),
  'lamb, not adapted': (alone, p) => new (alone ? AloneLAMB : LAMB)(p as Tensor[], norms),
  lamb: (alone, p) => new (alone ? AloneLAMB : LAMB)(p as Tensor[], { lr: 0.1 }),
};

const SIZES = [1, 3, 4, 5, 63, 64, 65, 127, 128, 129, 257, 2, 1000, 65536, 65537, 64, 7];
const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e-40, 3e38, 0];

const values = (size: number, seed: number) => seeded(size, seed + 1);
const fresh = () => SIZES.map((size, i) => parameter(tensor(values(size, i + 1))));

/** What a parameter's gradient is in a step; none now and then, and some numbers that are none. */
function gradientOf(size: number, place: number, step: number): Tensor | null {
  if ((step === 2 && place % 5 === 1) || (step === 4 && place > 9) || (step < 3 && place === 15)) return null;
  const own = values(size, 1000 * step + place);
  if (place === 6 || place === 10) own.set(SPECIAL.slice(0, size), step);
  return tensor(own);
}

const bitsOf = async (t: Tensor) => new Uint32Array((await t.data()).slice().buffer);

async function assertSame(params: readonly Tensor[], others: readonly Tensor[], what: string): Promise<void> {
  const [all, expected] = await Promise.all([params, others].map((list) => Promise.all(list.map(bitsOf))));
  for (const [i, bits] of all.entries()) assert.equal(bits, expected[i], `${what}: parameter ${i} of ${SIZES[i]}`);
}

async function assertSameState(rule: Optimizer, other: Optimizer, what: string): Promise<void> {
  const [all, expected] = [rule.stateTensors(), other.stateTensors()];
  assert.equal(Object.keys(all).sort(), Object.keys(expected).sort(), what);
  for (const name of Object.keys(all))
    assert.equal(await bitsOf(all[name]), await bitsOf(expected[name]), `${what}: ${name}`);
}

function giveGradients(step: number, ...sets: readonly (readonly Tensor[])[]): void {
  for (const params of sets) for (const [i, p] of params.entries()) p.grad = gradientOf(p.size, i, step);
}

for (const [name, rule] of Object.entries(rules)) {
  test(`${name}: the bits of launches of their own, also where gradients are missing, and in windows`, async () => {
    for (const limit of [undefined, 65536]) {
      const follow = async () => {
        const [params, others] = [fresh(), fresh()];
        const [one, other] = [rule!(false, params), rule!(true, others)];
        for (let step = 0; step < 6; step++) {
          giveGradients(step, params, others);
          one.step();
          other.step();
          await assertSame(params, others, `step ${step}`);
        }
        await assertSameState(one, other, 'at the end');
        assert.equal(one.settings(), other.settings());
        for (const t of [...params, ...others]) t.dispose();
        one.dispose();
        other.dispose();
      };
      await (limit ? withBindingLimit(limit, follow) : follow());
    }
  });
}

for (const name of ['adam', 'sgd dampening', 'adagrad', 'lamb, not adapted']) {
  test(`${name}: with a scaler that skips steps, the same, through a restore as well`, async () => {
    const [params, others] = [fresh(), fresh()];
    const halves = (p: Tensor[]) => [{ params: p.slice(0, 8) }, { params: p.slice(8), lr: 0.02 }];
    const [one, other] = [rules[name]!(false, halves(params)), rules[name]!(true, halves(others))];
    const [scaler, its] = [new GradScaler(), new GradScaler()];
    for (let step = 0; step < 8; step++) {
      giveGradients(step, params, others);
      for (const p of [...params, ...others]) {
        if (p.grad) p.grad.set((await p.grad.data()).map((v) => (Number.isFinite(v) || step === 3 ? v : 1)));
      }
      scaler.step(one);
      its.step(other);
      scaler.update();
      its.update();
      await assertSame(params, others, `step ${step}`);
      await assertSameState(one, other, `step ${step}`);
      if (step === 5) {
        const saved: Record<string, Float32Array> = {};
        for (const [key, t] of Object.entries(one.stateTensors())) saved[key] = (await t.data()).slice();
        one.restore(one.settings(), saved);
        other.restore(other.settings(), saved);
      }
    }
    assert.is(await scaler.skipped(), await its.skipped());
    assert.ok((await scaler.skipped()) > 0);
  });
}

test('many small parameters are one update, and seven gradients one launch', async () => {
  const params = Array.from({ length: 30 }, (_, i) => parameter(tensor(values(100 + i, i))));
  const rule = new Adam(params);
  for (let step = 0; step < 3; step++) {
    for (const p of params) p.grad = tensor(values(p.size, step));
    const before = activity().dispatches;
    rule.step();
    if (step > 0) assert.is(activity().dispatches - before, Math.ceil(30 / 7) + 1);
  }
  for (const p of params) p.grad = tensor(values(p.size, 9));
  const scaler = new GradScaler();
  scaler.unscale(rule);
  scaler.step(rule);
  scaler.update();
  const { bindGroups } = activity();
  for (let step = 0; step < 3; step++) {
    for (const p of params) p.grad = tensor(values(p.size, step));
    const before = activity().dispatches;
    scaler.step(rule);
    // unscale's fill and launch; the count of skipped updates, and the update
    if (step > 0) assert.is(activity().dispatches - before, Math.ceil(30 / 7) + 4);
    scaler.update();
    rule.zeroGrad();
  }
  assert.ok(activity().bindGroups - bindGroups < 100);
});

test('an update of a class of a user’s own is given parameters one by one', () => {
  const given: Tensor[] = [];
  class Own extends SGD {
    protected override update(...args: Parameters<SGD['update']>): void {
      given.push(args[0]);
      super.update(...args);
    }
  }
  const params = [1, 2, 3].map((v) => parameter(tensor([v])));
  const rule = new Own(params, { lr: 1 });
  for (const p of params) p.grad = tensor([1]);
  rule.step();
  assert.ok(given.length === 3 && given.every((p, i) => p === params[i]));
});

test('memory is the same after each step, and given back', async () => {
  await sync();
  const before = memory().liveBytes;
  const params = Array.from({ length: 20 }, (_, i) => parameter(tensor(values(64 * i + 1, i))));
  const rule = new Adam(params);
  const live: number[] = [];
  for (let step = 0; step < 5; step++) {
    for (const p of params) p.grad = tensor(values(p.size, step));
    rule.step();
    rule.zeroGrad();
    live.push(memory().liveBytes);
  }
  assert.equal(
    live,
    live.map(() => live[0]),
  );
  for (const p of params) p.dispose();
  rule.dispose();
  assert.is(memory().liveBytes, before);
});

test('joined parameters are tensors as any: set, copied to each other, given back one by one', async () => {
  const params = [1, 2, 3].map((v) => parameter(tensor([v, v, v])));
  const rule = new SGD(params, { lr: 1 });
  const update = () => {
    for (const p of params) p.grad = tensor([1, 1, 1]);
    rule.step();
  };
  update();
  params[0].set([7, 8, 9]);
  params[1].copy(params[0]);
  update();
  params[2].set([0, 0, 0]); // after what was recorded
  assert.equal(await Promise.all(params.map((p) => p.toArray())), [
    [6, 7, 8],
    [6, 7, 8],
    [0, 0, 0],
  ]);
  const others = new Adam([params[1], params[2]], { lr: 0 }); // another optimizer joins two of them anew
  others.step();
  update();
  update();
  params[0].dispose();
  assert.equal(await Promise.all(params.slice(1).map((p) => p.toArray())), [
    [4, 5, 6],
    [-2, -2, -2],
  ]);
});

test('an average of joined parameters has the bits of one of parameters alone', async () => {
  class Many extends Module {
    readonly all = fresh();
    forward(x: Tensor): Tensor {
      return x;
    }
  }
  const [model, other] = [new Many(), new Many()];
  const [rule, its] = [new SGD(model.all, { lr: 0.1 }), new AloneSGD(other.all, { lr: 0.1 })];
  const [average, expected] = [model, other].map((m) => new ExponentialMovingAverage(m, { decay: 0.9 }));
  for (let step = 0; step < 6; step++) {
    giveGradients(step, model.all, other.all);
    rule.step();
    its.step();
    average.update();
    expected.update();
  }
  const [all, single] = [average, expected].map((a) => Object.values(a.tensors()));
  await assertSame(all, single, 'average');
  await average.apply(() => {});
  await assertSame(model.all, other.all, 'weights after apply');
  const before = activity().dispatches;
  average.update();
  assert.is(activity().dispatches - before, 6); // four times several of one past, and two alone
});

test('two parameters of one memory are updated one after the other', async () => {
  const a = parameter(tensor([1, 2, 3, 4]));
  const same = parameter(a.detach());
  const other = parameter(tensor([0]));
  const rule = new SGD([a, same, other], { lr: 1 });
  add(add(sum(a), sum(mul(same, 10))), sum(other)).backward();
  rule.step();
  assert.equal([...(await a.data())], [-10, -9, -8, -7]);
  assert.equal([...(await same.data())], [-10, -9, -8, -7]);
  assert.equal([...(await other.data())], [-1]);
  for (const t of [rule, a, same, other]) t.dispose();
});

test.run();
