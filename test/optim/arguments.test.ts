// What optimizers, schedules and clipping are given, as JavaScript may call them.
import * as assert from 'uvu/assert';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('optim/arguments');
test.before(useDevice);

const all = { ...w };

const model = () => new w.Linear(2, 2);
let net: w.Linear;
test.before(() => {
  net = model();
});

const refuses = (body: () => unknown, name: string, message: RegExp) =>
  assert.throws(
    body,
    (e: unknown) => e instanceof w.UsageError && e.message.startsWith(`${name}: `) && message.test(e.message),
    String(message),
  );

type Made = new (...args: unknown[]) => w.Optimizer;
const optimizers = ['SGD', 'Adam', 'AdamW', 'RMSprop', 'Adagrad', 'Lion', 'LARS', 'LAMB'] as const;

for (const name of optimizers) {
  const make = all[name] as unknown as Made;
  test(`${name}: parameters`, () => {
    const lr = { lr: 0.1 };
    for (const [params, message] of [
      [undefined, /takes a list of tensors, such as model.parameters\(\), got undefined/],
      [net, /takes a list of tensors, such as model.parameters\(\), got a Linear/],
      [net.weight, /takes a list of tensors.*, got a tensor \[2, 2\]/],
      [[], /no parameters to optimize/],
      [[1, 2], /takes tensors, number 0 is 1; take model.parameters\(\)/],
      [
        net.namedParameters(),
        /takes tensors, number 0 is \['weight', .*; take model.parameters\(\), which has no names/,
      ],
      [[net.weight, null], /number 1 is null/],
      [[w.zeros([2])], /never required a gradient, number 0; make it with parameter\(\)/],
      [[w.mul(net.weight, 2)], /was computed, only what was made can be trained; number 0/],
      [[net.weight, net.bias, net.weight], /a parameter is given twice/],
      [[{ params: [net.weight] }, { params: [net.weight] }], /a parameter is given twice/],
      [[{ params: net.weight }], /groups\[0\]: params is a list of tensors, got a tensor/],
      [[{ params: [net.weight] }, net.bias], /groups\[1\]: params is a list of tensors, got undefined/],
      [
        [{ params: [net.weight], weight_decay: 1 }],
        /groups\[0\]: there is no option 'weight_decay'; did you mean 'weightDecay'/,
      ],
      [[{ params: [net.weight], lr: -1 }], /groups\[0\]: lr is a finite number, 0 or more, got -1/],
      [[{ params: [] }], /no parameters to optimize/],
    ] as const) {
      refuses(() => new make(params, lr), name, message);
    }
  });

  test(`${name}: settings`, () => {
    for (const [options, message] of [
      [3, /takes options \{ lr, .*\}, got 3/],
      [null, /takes options/],
      [{ lr: Number.NaN }, /lr is a finite number, 0 or more, got NaN/],
      [{ lr: -0.1 }, /lr is a finite number, 0 or more, got -0.1/],
      [{ lr: '0.1' }, /lr is .*, got '0.1'/],
      [{ lr: Number.POSITIVE_INFINITY }, /lr is .*, got Infinity/],
      [{ lr: 0.1, weight_decay: 0.1 }, /there is no option 'weight_decay'; did you mean 'weightDecay'/],
      [{ lr: 0.1, weightDecay: -1 }, /weightDecay is a finite number, 0 or more, got -1/],
      [{ learningRate: 0.1 }, /there is no option 'learningRate'/],
    ] as const) {
      refuses(() => new make(net.parameters(), options), name, message);
    }
    const rule = new make([{ params: [net.weight] }, { params: [net.bias], lr: undefined }], { lr: 0.25 });
    assert.equal(
      rule.groups.map((g) => g.lr),
      [0.25, 0.25],
    );
  });

  test(`${name}: a rate that was changed to NaN is refused before anything is updated`, async () => {
    const own = model();
    const rule = new make(own.parameters(), { lr: 0.1 });
    w.scope(() => w.sum(own.forward(w.ones([1, 2]))).backward());
    const before = await own.weight.data();
    rule.lr = Number.NaN;
    refuses(() => rule.step(), name, /groups\[0\]: lr is a finite number, 0 or more, got NaN/);
    assert.equal(await own.weight.data(), before);
    assert.is(rule.steps, 0);
    rule.lr = 0;
    rule.step();
    assert.equal(await own.weight.data(), before);
    rule.dispose();
    own.dispose();
  });
}

test('undefined stands for the default', () => {
  const rule = new w.AdamW(net.parameters(), { weightDecay: undefined, lr: undefined });
  assert.equal(rule.settings().groups, new w.AdamW(net.parameters()).settings().groups);
  assert.is((rule.groups[0] as { weightDecay: number }).weightDecay, 0.01);
});

test('what each optimizer has of its own', () => {
  for (const [name, options, message] of [
    ['SGD', undefined, /takes options \{ lr, /],
    ['SGD', {}, /lr is missing; it is a finite number, 0 or more/],
    ['SGD', { lr: 1, momentum: -0.1 }, /momentum is a finite number, 0 or more/],
    ['SGD', { lr: 1, nesterov: 1 }, /nesterov is true or false, got 1/],
    ['SGD', { lr: 1, dampening: Number.NaN }, /dampening is a finite number/],
    ['Adam', { betas: [0.9, 1] }, /betas is two numbers from 0 to below 1, got \[0.9, 1\]/],
    ['Adam', { betas: 0.9 }, /betas is two numbers/],
    ['AdamW', { betas: [0.9] }, /betas is two numbers/],
    ['Adam', { beta1: 0.9 }, /there is no option 'beta1'; /],
    ['Adam', { eps: -1 }, /eps is a finite number, 0 or more/],
    ['AdamW', { momentum: 0.9 }, /there is no option 'momentum'/],
    ['RMSprop', { alpha: 2 }, /alpha is a number from 0 to 1/],
    ['RMSprop', { centered: true }, /there is no option 'centered'/],
    ['Adagrad', { lr_decay: 0.1 }, /there is no option 'lr_decay'; did you mean 'lrDecay'\?/],
    ['Adagrad', { initialAccumulatorValue: -1 }, /initialAccumulatorValue is a finite number, 0 or more, got -1/],
    ['Lion', { betas: [0.9] }, /betas is two numbers from 0 to below 1, got \[0.9\]/],
    ['Lion', { eps: 1e-8 }, /there is no option 'eps'/],
    ['LARS', {}, /lr is missing; it is a finite number, 0 or more/],
    ['LARS', { lr: 1, trustCoefficient: Number.NaN }, /trustCoefficient is a finite number, 0 or more, got NaN/],
    ['LARS', { lr: 1, adapt: 0 }, /adapt is true or false, got 0/],
    ['LAMB', { adapt: 'no' }, /adapt is true or false, got 'no'/],
    ['LAMB', { betas: [1, 0.9] }, /betas is two numbers/],
  ] as const) {
    refuses(() => new (all[name] as unknown as Made)(net.parameters(), options), name, message);
  }
  const nested = [{ params: [net.weight], momentum: 0 }];
  refuses(
    () => new w.SGD(nested, { lr: 1, momentum: 0.9, nesterov: true }),
    'SGD',
    /nesterov needs a momentum above 0/,
  );
});

test('a frozen parameter is taken', () => {
  const own = model();
  w.freeze(own);
  const rule = new w.SGD(own.parameters(), { lr: 0.1 });
  rule.step();
  assert.equal(rule.settings().updates, [0, 0]);
  own.dispose();
});

test('state of another optimizer is refused, and nothing is changed', () => {
  const rule = new w.SGD(net.parameters(), { lr: 0.1, momentum: 0.9 });
  const { steps, updates, groups, lrScale } = rule.settings();
  const [four, two] = [new Float32Array(4), new Float32Array(2)];
  for (const [saved, tensors, message] of [
    [undefined, {}, /cannot go on from this state: it is not what settings\(\) gave/],
    [{ steps, groups }, {}, /it is not what settings\(\) gave/],
    [{ steps, updates: [1], groups }, {}, /it is of 1 groups and 1 parameters, there are 1 and 2/],
    [{ steps, updates, groups: [] }, {}, /it is of 0 groups and 2 parameters/],
    [{ steps, updates: [1, -1], groups }, {}, /its steps and updates are whole numbers/],
    [{ steps: 7, updates, groups: [{ lr: 0.5, betas: [0, 0] }] }, {}, /saved groups\[0\]: there is no option 'betas'/],
    [
      { steps: 7, updates, groups: [{ lr: null }] },
      {},
      /saved groups\[0\]: lr is a finite number, 0 or more, got null/,
    ],
    [{ steps: 7, updates, groups, lrScale: -1 }, {}, /its lrScale is a finite number, 0 or more, got -1/],
    [{ steps: 7, updates, groups }, { '2.velocity': two }, /it has '2.velocity', there are 2 parameters/],
    [{ steps: 7, updates, groups }, { velocity: two }, /it has 'velocity'/],
    [
      { steps: 7, updates, groups },
      { '0.velocity': four, '1.velocity': four },
      /'1.velocity' has 4 values, the parameter 2/,
    ],
  ] as const) {
    refuses(() => rule.restore(saved as never, tensors as never), 'SGD', message);
    assert.equal([rule.settings(), rule.stateTensors()], [{ steps, updates, groups, lrScale }, {}]);
  }
  rule.restore({ steps: 7, updates: [7, 3], groups }, { '0.velocity': four, '1.velocity': two });
  assert.equal([rule.steps, Object.keys(rule.stateTensors())], [7, ['0.velocity', '1.velocity']]);
  rule.dispose();
});

test('state of another schedule is refused', () => {
  const rule = new w.SGD(net.parameters(), { lr: 0.1 });
  const step = new w.StepLR(rule, { stepSize: 3 });
  const plateau = new w.ReduceLROnPlateau(rule);
  const chain = new w.ChainedScheduler([step, plateau]);
  const two = new w.SGD([{ params: [net.weight] }, { params: [net.bias!] }], { lr: 0.1 });
  refuses(
    () => step.restore(undefined as never),
    'StepLR',
    /restore takes what state\(\) gave; a state has base, behind, count/,
  );
  refuses(() => step.restore(plateau.state()), 'StepLR', /a state has base, behind, count, rates, got an Object/);
  refuses(() => step.restore({ ...step.state(), count: Number.NaN }), 'StepLR', /count is a finite number, got NaN/);
  refuses(() => step.restore(new w.StepLR(two, { stepSize: 3 }).state()), 'StepLR', /base has 0, got \[0.1, 0.1\]/);
  refuses(() => plateau.restore(step.state()), 'ReduceLROnPlateau', /a state has bad, behind, best, cooling, rates/);
  refuses(() => chain.restore(step.state()), 'ChainedScheduler', /a state has 0, 1, got/);
  assert.is(rule.lr, 0.1);
  chain.restore(JSON.parse(JSON.stringify(chain.state())));
});

const schedules: [name: keyof typeof w, options: unknown, message: RegExp][] = [
  ['StepLR', undefined, /takes options \{ stepSize, gamma \}, got undefined/],
  ['StepLR', {}, /stepSize is missing; it is a whole number, 1 or more/],
  ['StepLR', { step_size: 3 }, /there is no option 'step_size'; did you mean 'stepSize'\?/],
  ['StepLR', { stepSize: 0 }, /stepSize is a whole number, 1 or more, got 0/],
  ['StepLR', { stepSize: 3, gamma: Number.NaN }, /gamma is a finite number, 0 or more, got NaN/],
  ['MultiStepLR', { milestones: 3 }, /milestones is a list of whole numbers, 0 or more, got 3/],
  ['MultiStepLR', { milestones: [3, 4.5] }, /milestones is a list/],
  ['ExponentialLR', {}, /gamma is missing/],
  ['ExponentialLR', { gamma: '0.9' }, /gamma is a finite number/],
  ['CosineAnnealingLR', { T_max: 10 }, /there is no option 'T_max'; did you mean 'tMax'\?/],
  ['CosineAnnealingLR', { tMax: 0 }, /tMax is a whole number, 1 or more, got 0/],
  ['CosineAnnealingLR', { tMax: 10, eta_min: 0 }, /did you mean 'etaMin'\?/],
  ['LinearWarmup', { steps: 0 }, /steps is a whole number, 1 or more, got 0/],
  ['LinearWarmup', { total_iters: 5 }, /there is no option 'total_iters'/],
  ['LinearWarmup', { steps: 5, startFactor: 2 }, /startFactor is a number from 0 to 1, got 2/],
  ['LinearLR', { steps: 5 }, /there is no option 'steps'; known are startFactor, endFactor, totalIters/],
  ['LinearLR', { startFactor: -0.1 }, /startFactor is a number from 0 to 1, got -0.1/],
  ['LinearLR', { endFactor: 1.5 }, /endFactor is a number from 0 to 1, got 1.5/],
  ['LinearLR', { total_iters: 0 }, /did you mean 'totalIters'\?/],
  ['ConstantLR', { factor: 3 }, /factor is a number from 0 to 1, got 3/],
  ['ConstantLR', { totalIters: 0 }, /totalIters is a whole number, 1 or more, got 0/],
  ['PolynomialLR', { totalIters: 2.5 }, /totalIters is a whole number, 1 or more, got 2.5/],
  ['PolynomialLR', { power: -1 }, /power is a finite number, 0 or more, got -1/],
  ['CosineAnnealingWarmRestarts', {}, /t0 is missing; it is a whole number, 1 or more/],
  ['CosineAnnealingWarmRestarts', { T_0: 5 }, /there is no option 'T_0'; did you mean 't0'\?/],
  ['CosineAnnealingWarmRestarts', { t0: 5, tMult: 1.5 }, /tMult is a whole number, 1 or more, got 1.5/],
  ['LambdaLR', 0.5, /factor is a function, got 0.5/],
  ['LambdaLR', () => Number.NaN, /factor\(0\) is a finite number, 0 or more, it gave NaN/],
  ['OneCycleLR', { maxLr: 0.1 }, /totalSteps is missing/],
  ['OneCycleLR', { max_lr: 0.1, totalSteps: 5 }, /did you mean 'maxLr'\?/],
  ['OneCycleLR', { maxLr: [0.1, 0], totalSteps: 5 }, /maxLr is a finite number above 0, or one for each group/],
  ['OneCycleLR', { maxLr: 0.1, totalSteps: 0 }, /totalSteps is a whole number, 1 or more, got 0/],
  ['OneCycleLR', { maxLr: 0.1, totalSteps: 5, pctStart: 30 }, /pctStart is a number from 0 to 1, got 30/],
  ['OneCycleLR', { maxLr: 0.1, totalSteps: 5, baseMomentum: 1 }, /baseMomentum is a number from 0 to below 1/],
  ['ReduceLROnPlateau', { mode: 'lowest' }, /mode is 'min' or 'max', got 'lowest'/],
  ['ReduceLROnPlateau', { factor: 1 }, /factor is a number from 0 to below 1, got 1/],
  ['ReduceLROnPlateau', { min_lr: 0 }, /did you mean 'minLr'\?/],
  ['SequentialLR', [], /takes options \{ schedules, milestones \}, got \[\]/],
  ['SequentialLR', { schedules: [], milestones: [] }, /schedules is a list of two or more schedules that count steps/],
];

type MadeSchedule = new (...args: unknown[]) => w.Schedule;
for (const [name, options, message] of schedules) {
  test(`new ${name}(optimizer, ${w.showValue(options)}): ${message.source}`, () => {
    const rule = new w.SGD(net.parameters(), { lr: 0.1 });
    const make = all[name] as unknown as MadeSchedule;
    refuses(() => new make(rule, options), name, message);
    assert.is(rule.lr, 0.1);
    for (const wrong of [undefined, net, net.parameters(), 0.1]) {
      refuses(() => new make(wrong, options), name, /takes an optimizer, such as an SGD, got /);
    }
  });
}

test('combined schedules', () => {
  const [a, b] = [new w.SGD(net.parameters(), { lr: 0.1 }), new w.SGD(net.parameters(), { lr: 0.1 })];
  const of = (o: w.Optimizer) => new w.ExponentialLR(o, { gamma: 0.9 });
  const make = (schedules: unknown, milestones: unknown) => () =>
    new w.SequentialLR(a, { schedules, milestones } as never);
  refuses(make([of(a), of(b)], [3]), 'SequentialLR', /a schedule was made around another optimizer/);
  refuses(make([of(a), of(a)], []), 'SequentialLR', /2 schedules need 1 milestones, got 0/);
  refuses(
    make([of(a), of(a), of(a)], [4, 4]),
    'SequentialLR',
    /milestones is a list of rising whole numbers, 1 or more/,
  );
  refuses(
    make([of(a), new w.ReduceLROnPlateau(a)], [4]),
    'SequentialLR',
    /schedules is a list of two or more schedules/,
  );
  refuses(
    () => w.withWarmup(new w.ReduceLROnPlateau(a), { steps: 5 }),
    'withWarmup',
    /takes a schedule that counts steps, got a ReduceLROnPlateau; put others into new ChainedScheduler\(\[new LinearWarmup/,
  );
  refuses(() => w.withWarmup(a as never, { steps: 5 }), 'withWarmup', /counts steps, got an? SGD$/);
  refuses(() => w.withWarmup(of(a), {} as never), 'withWarmup', /steps is missing/);
  refuses(() => w.withWarmup(of(a), { steps: 5, totalIters: 5 } as never), 'withWarmup', /no option 'totalIters'/);
  for (const wrong of [[], undefined, of(a), [of(a), null], [a]]) {
    refuses(() => new w.ChainedScheduler(wrong as never), 'ChainedScheduler', /takes a list of schedules, got /);
  }
});

test('a plateau needs a number; an optimizer without momentum has none to cycle', () => {
  const rule = new w.SGD(net.parameters(), { lr: 0.1 });
  const plateau = new w.ReduceLROnPlateau(rule);
  refuses(() => plateau.step(), 'ReduceLROnPlateau', /step\(metric\) needs the metric to watch, got undefined/);
  refuses(() => plateau.step('0.3' as never), 'ReduceLROnPlateau', /got '0.3'/);
  class Plain extends w.Optimizer {
    protected update(): void {}
  }
  const plain = new Plain(net.parameters(), { lr: 0.1, weightDecay: 0 });
  refuses(() => new w.OneCycleLR(plain, { maxLr: 1, totalSteps: 5 }), 'OneCycleLR', /no momentum to cycle/);
  new w.OneCycleLR(plain, { maxLr: 1, totalSteps: 5, cycleMomentum: false });
  const each = { maxLr: [1, 0.1], totalSteps: 5, cycleMomentum: false };
  refuses(() => new w.OneCycleLR(plain, each), 'OneCycleLR', /maxLr has 2 rates, the optimizer 1 group$/);
  const group = { params: [net.weight], rate: 1 };
  refuses(
    () => new Plain([group as never], { lr: 1, weightDecay: 0 }),
    'Plain',
    /groups\[0\]: there is no option 'rate'/,
  );
});

test('a cycle that only rises, or only falls, has no NaN in it', () => {
  for (const [pctStart, totalSteps] of [
    [0, 5],
    [1, 5],
    [0.1, 10],
    [0.3, 1],
    [0.5, 2],
  ]) {
    const rule = new w.SGD(net.parameters(), { lr: 0.1, momentum: 0.9 });
    const schedule = new w.OneCycleLR(rule, { maxLr: 1, totalSteps, pctStart });
    for (let t = 0; t < totalSteps; t++) {
      const { lr, momentum } = rule.groups[0];
      assert.ok(
        lr > 0 && lr <= 1 && momentum >= 0.85 && momentum <= 0.95,
        `${pctStart}, step ${t}: ${lr}, ${momentum}`,
      );
      schedule.step();
    }
    if (pctStart === 1) assert.is(rule.lr, 1);
  }
});

test('clipping', async () => {
  const name = ['clipGradNorm', 'clipGradValue'] as const;
  for (const op of name) {
    for (const [args, message] of [
      [[], /takes a list of tensors, such as model.parameters\(\), got undefined/],
      [[net.weight, 1], /takes a list of tensors/],
      [[[1], 1], /takes a tensor, got 1/],
      [[net.parameters()], /(maxNorm|limit) is missing/],
      [[net.parameters(), Number.NaN], /(maxNorm|limit) is a number, 0 or more, or Infinity, got NaN/],
      [[net.parameters(), -1], /got -1/],
    ] as const) {
      refuses(() => (all[op] as (...args: unknown[]) => unknown)(...args), op, message);
    }
  }
  // torch: clip_grad_norm_ of [3, 4] to 1, 0, inf; of [nan, 1] and [1]; clip_grad_value_ of [nan, inf, -3] to 1
  using _ = w.scope();
  const [a, b] = [w.parameter(w.zeros([2])), w.parameter(w.zeros([1]))];
  for (const [limit, expected] of [
    [1, [0.6, 0.8]],
    [0, [0, 0]],
    [Number.POSITIVE_INFINITY, [3, 4]],
  ] as const) {
    a.grad = w.tensor([3, 4]);
    assert.is(await w.clipGradNorm([a, b], limit).item(), 5);
    const found = [...(await a.grad.data())];
    for (const [i, value] of expected.entries()) assert.ok(Math.abs(found[i] - value) < 1e-6, `${limit}: ${found}`);
  }
  a.grad = w.tensor([Number.NaN, 1]);
  b.grad = w.tensor([1]);
  assert.ok(Number.isNaN(await w.clipGradNorm([a, b], 1).item()));
  assert.equal([...(await a.grad.data()), ...(await b.grad.data())], [Number.NaN, Number.NaN, Number.NaN]);
  b.grad = w.tensor([Number.NaN]);
  w.clipGradValue([a, b], 1);
  assert.equal([...(await b.grad.data())], [Number.NaN]);
  a.grad = w.tensor([Number.POSITIVE_INFINITY, -3]);
  w.clipGradValue([a], 1);
  assert.equal([...(await a.grad.data())], [1, -1]);
  for (const p of [a, b]) p.dispose();
});

test.run();
