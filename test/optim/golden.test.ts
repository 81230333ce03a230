// Optimizers and schedules against PyTorch's, step by step.
import * as assert from 'uvu/assert';
import { parameter, tensor } from '../../src/index.js';
import * as optim from '../../src/optim/index.js';
import { useDevice } from '../support/device.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('optim/golden');
test.before(useDevice);

type Numbers = Record<string, number> & { betas?: [number, number]; nesterov?: boolean };

function makeOptimizer(c: GoldenCase, params: ReturnType<typeof parameter>[]): optim.Optimizer {
  const { weight_decay: weightDecay, ...args } = c.args as Numbers;
  const options = { weightDecay, ...args } as unknown as { lr: number };
  if (c.name.startsWith('sgd')) return new optim.SGD(params, options);
  if (c.name === 'adamw') return new optim.AdamW(params, options);
  if (c.name.startsWith('adam')) return new optim.Adam(params, options);
  return new optim.RMSprop(params, options);
}

for (const c of goldenCases('optim')) {
  test(c.name, async () => {
    const params = ['p0', 'p1'].map((name) => parameter(c.input(name, false)));
    const optimizer = makeOptimizer(c, params);
    const steps = c.raw('input.grads0').shape[0];
    for (let t = 0; t < steps; t++) {
      for (const [i, p] of params.entries()) {
        const all = c.raw(`input.grads${i}`).data;
        p.grad = tensor(all.slice(t * p.size, (t + 1) * p.size), { shape: p.shape });
      }
      optimizer.step();
      optimizer.zeroGrad();
      for (const [i, p] of params.entries()) {
        const expected = c.output(`p${i}`).data.slice(t * p.size, (t + 1) * p.size);
        assertClose(await p.data(), expected, { what: `p${i} after step ${t}`, terms: steps });
      }
    }
  });
}

function makeSchedule(c: GoldenCase, o: optim.Optimizer): optim.Schedule {
  const a = c.args as Record<string, never>;
  const rules: Record<string, () => optim.Schedule> = {
    step: () => new optim.StepLR(o, { stepSize: a.step_size, gamma: a.gamma }),
    multi_step: () => new optim.MultiStepLR(o, { milestones: a.milestones, gamma: a.gamma }),
    exponential: () => new optim.ExponentialLR(o, { gamma: a.gamma }),
    cosine: () => new optim.CosineAnnealingLR(o, { tMax: a.T_max, etaMin: a.eta_min }),
    one_cycle: () => new optim.OneCycleLR(o, { maxLr: a.max_lr, totalSteps: a.total_steps }),
    plateau: () => new optim.ReduceLROnPlateau(o, { factor: a.factor, patience: a.patience }),
  };
  return rules[c.name]();
}

for (const c of goldenCases('schedule')) {
  for (const resumeAt of [-1, 17]) {
    test(`${c.name}${resumeAt < 0 ? '' : `, resumed at step ${resumeAt}`}`, () => {
      const make = () => new optim.SGD([parameter(tensor([0]))], { lr: 0.1, momentum: 0.9 });
      let optimizer = make();
      let schedule = makeSchedule(c, optimizer);
      const rates = [...c.output('lr').data].map((_, t) => {
        if (t === resumeAt) {
          const state = JSON.parse(JSON.stringify(schedule.state()));
          optimizer = make();
          schedule = makeSchedule(c, optimizer);
          schedule.restore(state);
        }
        const rate = optimizer.lr;
        schedule.step(t < 12 ? Math.cos(t / 3) + 1 : 0.7);
        return rate;
      });
      assertClose(rates, c.output('lr').data);
      assert.ok(new Set(rates).size > 1);
    });
  }
}

test.run();
