// Optimizers and schedules against PyTorch where parameters go without gradients, groups differ and rates change, alone and in
// chains, and against their papers' algorithms where PyTorch has none: test/golden/stepped.py has a line for each run. Parameters, rates
// and momenta are compared at every step; a second run, saved and resumed on the way, has the same bits.

import * as assert from 'uvu/assert';
import { parameter, type Tensor, type TypedArray, tensor } from '../../src/index.js';
import * as optim from '../../src/optim/index.js';
import { useDevice } from '../support/device.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('optim/golden-stepped');
test.before(useDevice);

type Spec = [name: string, args: { schedules?: Spec[]; milestones?: number[] }];

const SCHEDULES = optim as unknown as Record<string, new (o: optim.Optimizer, options: object) => optim.Schedule>;
const { SGD, Adam, AdamW, RMSprop, Adagrad, Lion, LARS, LAMB } = optim;
const OPTIMIZERS = { SGD, Adam, AdamW, RMSprop, Adagrad, Lion, LARS, LAMB };

interface Args {
  run: keyof typeof OPTIMIZERS;
  args: object;
  groups: { params: number[] }[];
  /** Steps without a gradient, by parameter. */
  missing: Record<string, number[]>;
  /** Under our names, with PyTorch's arguments. */
  schedules: Spec[];
  /** Rates given to all groups before a step. */
  byHand: Record<string, number>;
  /** What a plateau sees; null is NaN. */
  metrics: (number | null)[];
}

/** PyTorch's names to ours: T_max to tMax. */
function camel(args: object): object {
  const named = (name: string) =>
    name.replace(/^T_/, 't_').replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [named(name), value]));
}

function scheduleOf(optimizer: optim.Optimizer, [name, args]: Spec): optim.Schedule {
  const parts = args.schedules?.map((part) => scheduleOf(optimizer, part)) ?? [];
  const { start_factor: startFactor, total_iters: steps } = args as Record<string, number>;
  if (name === 'LinearWarmup') return new optim.LinearWarmup(optimizer, { startFactor, steps });
  if (name === 'withWarmup') return optim.withWarmup(parts[0], { startFactor, steps });
  if (name === 'ChainedScheduler') return new optim.ChainedScheduler(parts);
  if (name === 'LambdaLR') return new optim.LambdaLR(optimizer, (count) => 1 / (1 + count / 10));
  return new SCHEDULES[name](optimizer, { ...camel(args), ...(parts.length > 0 ? { schedules: parts } : {}) });
}

interface Run {
  params: Tensor[];
  optimizer: optim.Optimizer;
  rules: optim.Schedule[];
}

function begin({ run, args, groups, schedules }: Args, values: Tensor[]): Run {
  const params = values.map((value) => parameter(value));
  const given = groups.map((group) => ({ ...camel(group), params: group.params.map((i) => params[i]) }));
  const optimizer = new OPTIMIZERS[run](given as never, camel(args) as never) as optim.Optimizer;
  return { params, optimizer, rules: schedules.map((spec) => scheduleOf(optimizer, spec)) };
}

/** A run of its own that goes on from what would be in a file. */
async function resumed(args: Args, { params, optimizer, rules }: Run): Promise<Run> {
  const [settings, states] = JSON.parse(JSON.stringify([optimizer.settings(), rules.map((rule) => rule.state())]));
  const stored = Object.entries(optimizer.stateTensors()).map(async ([key, t]) => [key, await t.data()] as const);
  const tensors = Object.fromEntries(await Promise.all(stored)) as Record<string, Float32Array>;
  const values = params.map(async (p) => tensor(await p.data(), { shape: p.shape }));
  const other = begin(args, await Promise.all(values));
  other.optimizer.restore(settings, tensors);
  other.rules.forEach((rule, i) => {
    rule.restore(states[i]);
  });
  optimizer.dispose();
  return other;
}

/** Compares each step with what is in the file; returns the parameters' values of every step. */
async function follow(c: GoldenCase, resumeAt: number[] = []): Promise<TypedArray[]> {
  const args = c.args as unknown as Args;
  const { groups, missing, byHand, metrics } = args;
  let { params, optimizer, rules } = begin(args, [c.input('p0', false), c.input('p1', false)]);
  const rates = c.output('rates');
  const width = groups.length;
  const values: TypedArray[] = [];
  for (let t = 0; t < rates.shape[0]; t++) {
    if (resumeAt.includes(t)) ({ params, optimizer, rules } = await resumed(args, { params, optimizer, rules }));
    if (byHand[t] !== undefined) optimizer.lr = byHand[t];
    const at = (key: string) => [...c.output(key).data.slice(t * width, (t + 1) * width)];
    const set = optimizer.groups as { lr: number; momentum?: number; betas?: readonly [number, number] }[];
    // Rates are doubles that PyTorch's file rounded to f32.
    assertClose(
      set.map(({ lr }) => lr),
      at('rates'),
      { what: `rates of step ${t}`, scale: at('rates') },
    );
    const momenta = set.map(({ betas, momentum = 0 }) => betas?.[0] ?? momentum);
    assertClose(momenta, at('momenta'), { what: `momenta of step ${t}`, scale: at('momenta') });
    for (const [i, p] of params.entries()) {
      const all = c.raw(`input.grads${i}`).data;
      p.grad = missing[i]?.includes(t) ? null : tensor(all.slice(t * p.size, (t + 1) * p.size), { shape: p.shape });
    }
    optimizer.step();
    for (const [i, p] of params.entries()) {
      const expected = c.output(`p${i}`).data.slice(t * p.size, (t + 1) * p.size);
      const found = await p.data();
      assertClose(found, expected, { what: `p${i} after step ${t}`, terms: t + 1 });
      values.push(found);
    }
    for (const rule of rules) rule.step(metrics[t] ?? Number.NaN);
  }
  optimizer.dispose();
  return values;
}

for (const c of goldenCases('stepped')) {
  test(c.name, async () => {
    const values = await follow(c);
    assert.equal(await follow(c, [1, 6, 7, 12]), values, 'saved and restored: the same bits');
  });
}

test.run();
