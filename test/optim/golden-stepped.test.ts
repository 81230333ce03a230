// Optimizers and schedules against PyTorch where parameters go without gradients, groups differ and rates change, alone and in
// chains: test/golden/stepped.py has a line for each run. Parameters, rates and momenta are compared at every step.

import { parameter, tensor } from '../../src/index.js';
import * as optim from '../../src/optim/index.js';
import { useDevice } from '../support/device.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('optim/golden-stepped');
test.before(useDevice);

type Spec = [name: string, args: { schedules?: Spec[]; milestones?: number[] }];

const SCHEDULES = optim as unknown as Record<string, new (o: optim.Optimizer, options: object) => optim.Schedule>;
const OPTIMIZERS = { SGD: optim.SGD, Adam: optim.Adam, AdamW: optim.AdamW, RMSprop: optim.RMSprop };

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

/** PyTorch's names to ours: T_max to tMax, and what LinearLR calls otherwise. */
function camel(args: object): object {
  const named = (name: string) =>
    name === 'total_iters'
      ? 'steps'
      : name.replace(/^T_/, 't_').replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [named(name), value]));
}

function scheduleOf(optimizer: optim.Optimizer, [name, args]: Spec): optim.Schedule {
  const parts = args.schedules?.map((part) => scheduleOf(optimizer, part)) ?? [];
  if (name === 'ChainedScheduler') return new optim.ChainedScheduler(parts);
  if (name === 'LambdaLR') return new optim.LambdaLR(optimizer, (count) => 1 / (1 + count / 10));
  return new SCHEDULES[name](optimizer, { ...camel(args), ...(parts.length > 0 ? { schedules: parts } : {}) });
}

async function follow(c: GoldenCase): Promise<void> {
  const { run, args, groups, missing, byHand, metrics, schedules } = c.args as unknown as Args;
  const params = ['p0', 'p1'].map((name) => parameter(c.input(name, false)));
  const given = groups.map((group) => ({ ...camel(group), params: group.params.map((i) => params[i]) }));
  const optimizer = new OPTIMIZERS[run](given as never, camel(args) as never) as optim.Optimizer;
  const rules = schedules.map((spec) => scheduleOf(optimizer, spec));
  const rates = c.output('rates');
  const width = groups.length;
  for (let t = 0; t < rates.shape[0]; t++) {
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
      assertClose(await p.data(), expected, { what: `p${i} after step ${t}`, terms: t + 1 });
    }
    for (const rule of rules) rule.step(metrics[t] ?? Number.NaN);
  }
  optimizer.dispose();
}

for (const c of goldenCases('stepped')) test(c.name, () => follow(c));

test.run();
