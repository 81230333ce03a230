// Two networks with an optimizer each: one makes points of a ring out of noise, the other tells them from real ones. A loop of its own, with
// the trainer's checkpoints and recovery. Goodfellow et al. 2014, with the least-squares loss of Mao et al. 2017.
//   npm run example examples/gan.ts                  about a minute on a machine without a GPU
//   npm run example examples/gan.ts -- --resume      goes on where it was stopped, to the same bits
import * as wg from '../src/index.js';
import { TrainingRun } from '../src/node/index.js';
import type { EpochFigures } from '../src/report/index.js';
import { withRecovery } from '../src/train/index.js';
import { readArguments } from './support/arguments.js';

const { folder, resume, epochs } = readArguments('runs/gan', 12);
const [batch, noise, stepsAnEpoch] = [128, 8, 50];

const network = (from: number, to: number) =>
  new wg.Sequential(
    ...[new wg.Linear(from, 64), new wg.ReLU(), new wg.Linear(64, 64), new wg.ReLU(), new wg.Linear(64, to)],
  );

/** Points of a ring, a little beside it. */
function real(): wg.Tensor {
  const angles = wg.uniform([batch], 0, 2 * Math.PI);
  return wg.add(wg.stack([wg.cos(angles), wg.sin(angles)], 1), wg.mul(wg.randn([batch, 2]), 0.05));
}

function build() {
  wg.manualSeed(1);
  const [generator, critic] = [network(noise, 2), network(2, 1)];
  const settings = { lr: 1e-3, betas: [0.5, 0.99] } as const;
  const makerSteps = new wg.Adam(generator.parameters(), settings);
  const criticSteps = new wg.Adam(critic.parameters(), settings);
  return { generator, critic, makerSteps, criticSteps };
}
const away = (x: wg.Tensor, from: number) => wg.mean(wg.square(wg.sub(x, from)));

/** A step of each; the promises of their losses, and of the mean distance of made points from the ring. */
function step({ generator, critic, makerSteps, criticSteps }: ReturnType<typeof build>): Promise<number>[] {
  using _step = wg.scope();
  const made = generator.forward(wg.randn([batch, noise]));
  const criticLoss = wg.add(away(critic.forward(real()), 1), away(critic.forward(made.detach()), 0));
  criticSteps.zeroGrad();
  criticLoss.backward();
  criticSteps.step();
  const makerLoss = away(critic.forward(made), 1);
  makerSteps.zeroGrad();
  makerLoss.backward();
  makerSteps.step();
  const distance = wg.noGrad(() => wg.mean(wg.abs(wg.sub(wg.norm(made, 1), 1))));
  return [criticLoss.item(), makerLoss.item(), distance.item()];
}

await wg.init();
const run = { keep: build(), position: { step: 0, seconds: 0, history: [] as EpochFigures[] } };
const summary = 'A generator learns a ring from a critic. An epoch is fifty steps.';
const kept = new TrainingRun(folder, {
  facts: { title: 'Points on a ring', summary, configuration: { epochs, batch, noise } },
});
if (resume && kept.resume(run)) console.log(`Going on at step ${run.position.step}.`);
const rebuild = async () => {
  await wg.init();
  run.keep = build();
};
await withRecovery(run, { save: kept.save, rebuild }, async ({ save }) => {
  while (run.position.step < epochs * stepsAnEpoch) {
    const began = performance.now();
    const losses = step(run.keep);
    run.position.step++;
    if (run.position.step % stepsAnEpoch === 0) {
      const [critic, generator, distance] = await Promise.all(losses);
      const [epoch, { seconds }] = [run.position.history.length + 1, run.position];
      const metrics = { critic, generator, distance };
      run.position.history.push({ epoch, step: run.position.step, learningRate: 1e-3, seconds, metrics });
      console.log(
        `step ${run.position.step}: critic ${critic.toFixed(3)}, generator ${generator.toFixed(3)}, ${distance.toFixed(3)} from the ring`,
      );
    } else await wg.sync(2); // the host stays two steps ahead
    run.position.seconds += (performance.now() - began) / 1000;
    if (run.position.step % stepsAnEpoch === 0) await save();
  }
});
console.log(`Report: ${kept.report(run.position.history)}`);
