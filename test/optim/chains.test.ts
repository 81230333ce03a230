// Several schedules on one optimizer, step by step as PyTorch has them (pytorch.py), and resumed at every step.
import * as assert from 'uvu/assert';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';
import { CHAINS, CYCLED } from './pytorch.js';

const test = suite('optim/chains');
test.before(useDevice);

const newOptimizer = () => {
  const param = () => [w.parameter(w.tensor([0]))];
  return new w.SGD([{ params: param() }, { params: param(), lr: 0.5 }], { lr: 0.1, momentum: 0.9 });
};

const linear = (o: w.Optimizer, steps = 8, startFactor = 0.25) => new w.LinearWarmup(o, { steps, startFactor });
const cosine = (o: w.Optimizer, tMax: number, etaMin = 0) => new w.CosineAnnealingLR(o, { tMax, etaMin });
const exponential = (o: w.Optimizer, gamma: number) => new w.ExponentialLR(o, { gamma });
const step = (o: w.Optimizer, stepSize: number, gamma: number) => new w.StepLR(o, { stepSize, gamma });
const milestones = (o: w.Optimizer, list: number[], gamma: number) => new w.MultiStepLR(o, { milestones: list, gamma });
const falling = (o: w.Optimizer) => new w.LambdaLR(o, (n) => 1 / (1 + n));
const sequential = (o: w.Optimizer, schedules: w.Schedule[], ...at: number[]) =>
  new w.SequentialLR(o, { schedules, milestones: at });

const chains: Record<string, (o: w.Optimizer) => w.Schedule[]> = {
  'warmup and cosine': (o) => [linear(o), cosine(o, 20, 0.01)],
  'cosine and warmup': (o) => [cosine(o, 6), linear(o, 5)],
  'step and exponential': (o) => [step(o, 3, 0.5), exponential(o, 0.9)],
  'milestones and cosine': (o) => [milestones(o, [0, 4, 4, 9], 0.5), cosine(o, 12)],
  'warmup, milestones, exponential': (o) => [linear(o, 3, 1 / 3), milestones(o, [5, 30], 0.1), exponential(o, 0.95)],
  'cosine and plateau': (o) => [cosine(o, 30), new w.ReduceLROnPlateau(o, { patience: 2, factor: 0.5 })],
  'lambda and exponential': (o) => [falling(o), exponential(o, 0.9)],
  'one cycle and exponential': (o) => [new w.OneCycleLR(o, { maxLr: 0.3, totalSteps: 40 }), exponential(o, 0.9)],
  'exponential and one cycle': (o) => [
    exponential(o, 0.9),
    new w.OneCycleLR(o, { maxLr: 0.3, totalSteps: 40, pctStart: 0.2, divFactor: 10, finalDivFactor: 50 }),
  ],
  chained: (o) => [new w.ChainedScheduler([linear(o, 4, 0.1), step(o, 7, 0.3)])],
  'warmup, then cosine': (o) => [sequential(o, [linear(o, 5), cosine(o, 20)], 5)],
  'exponential, then step, then cosine': (o) => [
    sequential(o, [exponential(o, 0.8), step(o, 4, 0.5), cosine(o, 7, 0.02)], 6, 15),
  ],
  'cosine, then milestones, then lambda': (o) => [
    sequential(o, [cosine(o, 9), milestones(o, [2, 5], 0.5), falling(o)], 1, 20),
  ],
  'plateau of a metric that is NaN': (o) => [
    new w.ReduceLROnPlateau(o, { patience: 1, factor: 0.3, cooldown: 2, mode: 'max' }),
  ],
  'plateau with a floor': (o) => [
    new w.ReduceLROnPlateau(o, { patience: 1, factor: 0.4, threshold: 0.2, cooldown: 1, minLr: 0.012 }),
  ],
  'plateau of a metric that stays': (o) => [new w.ReduceLROnPlateau(o, { patience: 3, factor: 0.5 })],
  'plateau of a metric that hardly falls': (o) => [
    new w.ReduceLROnPlateau(o, { patience: 5, factor: 0.5, threshold: 1e-3 }),
  ],
  'plateau down to nothing': (o) => [new w.ReduceLROnPlateau(o, { patience: 0, factor: 0.1 })],
};

function metric(name: string, t: number): number {
  if (name.includes('NaN')) return t % 5 === 2 ? Number.NaN : Math.sin(t / 4);
  if (name.includes('stays')) return 2;
  if (name.includes('hardly')) return 2 - 5e-4 * t;
  return t < 12 ? Math.cos(t / 3) + 1 : 0.7;
}

/** To nine digits, as they are in the table. */
function assertSame(found: number[], expected: number[], what: string): void {
  assert.is(found.length, expected.length, what);
  for (const [i, value] of expected.entries()) {
    const holds = Math.abs(found[i] - value) <= 1e-8 * Math.abs(value) + 1e-15;
    assert.ok(holds, `${what}: ${found[i]}, expected ${value}`);
  }
}

const rates = (o: w.Optimizer) => o.groups.map((group) => group.lr);

/** The rates before each of `count` steps; with `resumed`, made anew and restored before each. */
function follow(name: string, make: (o: w.Optimizer) => w.Schedule[], count: number, resumed: boolean): number[][] {
  let optimizer = newOptimizer();
  let schedules = make(optimizer);
  return Array.from({ length: count }, (_, t) => {
    if (resumed) {
      const [states, settings] = JSON.parse(JSON.stringify([schedules.map((s) => s.state()), optimizer.settings()]));
      optimizer = newOptimizer();
      schedules = make(optimizer);
      optimizer.restore(settings, {});
      schedules.forEach((s, i) => {
        s.restore(states[i]);
      });
    }
    const before = rates(optimizer);
    for (const s of schedules) s.step(metric(name, t));
    return before;
  });
}

test('every chain is one of PyTorch’s cases', () => {
  assert.equal([...Object.keys(chains), 'a second phase'], Object.keys(CHAINS));
});

for (const [name, make] of Object.entries(chains)) {
  test(name, () => {
    const found = follow(name, make, 40, false);
    for (const [t, row] of found.entries()) assertSame(row, CHAINS[name][t], `step ${t}`);
    assert.equal(follow(name, make, 40, true), found); // to the bit
  });
}

test('a chain hands the metric on: the rates are those of its schedules stepped one by one', () => {
  for (const name of ['cosine and plateau', 'plateau with a floor', 'warmup, milestones, exponential']) {
    const chained = (o: w.Optimizer) => [new w.ChainedScheduler(chains[name](o))];
    const found = follow(name, chained, 40, false);
    for (const [t, row] of found.entries()) assertSame(row, CHAINS[name][t], `${name} step ${t}`);
    assert.equal(follow(name, chained, 40, true), found);
  }
});

test('a warmup before a schedule that watches a metric', () => {
  const make = (o: w.Optimizer) => [
    new w.ChainedScheduler([
      new w.LinearWarmup(o, { steps: 4 }),
      new w.ReduceLROnPlateau(o, { patience: 0, factor: 0.5 }),
    ]),
  ];
  const found = follow('stays', make, 8, false); // from the second step on the metric is no better
  const factors = Array.from({ length: 8 }, (_, t) => Math.min(t / 4, 1) * 0.5 ** Math.max(0, t - 1));
  for (const [t, row] of found.entries()) assertSame(row, [0.1 * factors[t], 0.5 * factors[t]], `step ${t}`);
  assert.equal(follow('stays', make, 8, true), found);
});

test('a schedule goes on from a rate that was set by hand', () => {
  const optimizer = newOptimizer();
  let schedule: w.Schedule = exponential(optimizer, 0.5);
  for (const [t, row] of CHAINS['a second phase'].entries()) {
    if (t === 4) {
      optimizer.lr = 0.02;
      schedule = cosine(optimizer, 3);
    }
    assertSame(rates(optimizer), row, `step ${t}`);
    schedule.step();
  }
});

test('a warmup from 0 holds back what other schedules do meanwhile', () => {
  const factor = (t: number) => Math.min(t / 4, 1) * 0.9 ** t * ((1 + Math.cos((Math.PI * t) / 30)) / 2);
  const orders: ((o: w.Optimizer) => w.Schedule[])[] = [
    (o) => [new w.LinearWarmup(o, { steps: 4 }), cosine(o, 30), exponential(o, 0.9)],
    (o) => [cosine(o, 30), exponential(o, 0.9), new w.LinearWarmup(o, { steps: 4 })],
    (o) => [new w.ChainedScheduler([cosine(o, 30), new w.LinearWarmup(o, { steps: 4 }), exponential(o, 0.9)])],
  ];
  for (const make of orders) {
    const found = follow('', make, 25, false);
    for (const [t, row] of found.entries()) assertSame(row, [0.1 * factor(t), 0.5 * factor(t)], `step ${t}`);
    assert.equal(follow('', make, 25, true), found);
  }
  const then = (o: w.Optimizer) => [sequential(o, [new w.LinearWarmup(o, { steps: 4 }), exponential(o, 0.5)], 1)];
  const found = follow('', then, 3, false);
  assert.equal(found, [
    [0, 0],
    [0.1, 0.5],
    [0.05, 0.25],
  ]);
  assert.equal(follow('', then, 3, true), found);
});

test('one cycle sets momentum, Adam’s first beta, and RMSprop’s momentum', () => {
  const params = () => [w.parameter(w.tensor([0]))];
  const makers: Record<string, () => w.Optimizer> = {
    sgd: () => new w.SGD(params(), { lr: 0.1, momentum: 0.9 }),
    adam: () => new w.Adam(params()),
    rmsprop: () => new w.RMSprop(params()),
  };
  assert.equal(Object.keys(makers), Object.keys(CYCLED));
  for (const [name, make] of Object.entries(makers)) {
    let optimizer = make();
    let schedule = new w.OneCycleLR(optimizer, { maxLr: 0.3, totalSteps: 12 });
    for (const [t, row] of CYCLED[name].entries()) {
      if (t === 7) {
        const state = JSON.parse(JSON.stringify(schedule.state()));
        optimizer = make();
        schedule = new w.OneCycleLR(optimizer, { maxLr: 0.3, totalSteps: 12 });
        schedule.restore(state);
      }
      const { lr, momentum, betas } = optimizer.groups[0] as { lr: number; momentum?: number; betas?: number[] };
      assertSame([lr, ...(betas ?? [momentum!])], row, `${name} step ${t}`);
      schedule.step();
    }
  }
});

test.run();
