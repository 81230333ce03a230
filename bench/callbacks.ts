// What callbacks cost: epochs of the quick preset's network with none and with all of them, in turn.
//   node scripts/run.mjs bench/callbacks.ts [--steps 60] [--rounds 5]
import { parseArgs } from 'node:util';
import { AdamW, alexnet, deviceInfo, init, manualSeed } from '../src/index.js';
import { TensorBoardWriter } from '../src/report/index.js';
import {
  type Callback,
  CSVLogger,
  classification,
  EarlyStopping,
  LearningRateScheduler,
  ModelCheckpoint,
  ModelEMA,
  ProgressBar,
  TensorBoard,
  TerminateOnNaN,
  Trainer,
  writeWeights,
} from '../src/train/index.js';
import { numbers } from './case.js';
import { summarize } from './measure.js';

const { values } = parseArgs({ options: { steps: { type: 'string' }, rounds: { type: 'string' } } });
const [steps, rounds] = [Number(values.steps ?? 60), Number(values.rounds ?? 5)];
const [BATCH, SIDE] = [32, 115];

const images = { data: numbers(BATCH * 3 * SIDE * SIDE, 1), shape: [BATCH, 3, SIDE, SIDE] };
const labels = Int32Array.from({ length: BATCH }, (_, i) => i % 2);
const train = {
  length: steps * BATCH,
  async *epoch() {
    for (let i = 0; i < steps; i++) yield { images, labels };
  },
};

function trainer(): Trainer {
  manualSeed(1);
  const model = alexnet({ variant: 'dogcat', width: 0.25, imageSize: SIDE });
  const optimizer = new AdamW(model.parameters(), { lr: 1e-4 });
  return new Trainer({ model, optimizer, task: classification({ classes: ['cat', 'dog'] }), train });
}

let written = 0;
const take = (much: { length: number }): void => {
  written += much.length;
};
const all: Callback[] = [
  new ModelCheckpoint({ save: async ({ model }) => take(await writeWeights(model)) }),
  new EarlyStopping({ patience: 1000 }),
  new LearningRateScheduler((_, rate) => rate),
  new CSVLogger(take),
  new TerminateOnNaN(),
  new ProgressBar({ show: take, say: take }),
  new TensorBoard(new TensorBoardWriter({ write: take }), { lossEvery: 1 }),
  new ModelEMA(),
];

await init();
const runs = { none: { trainer: trainer(), callbacks: [] }, all: { trainer: trainer(), callbacks: all } };
const times: Record<keyof typeof runs, number[]> = { none: [], all: [] };
for (let round = 0; round <= rounds; round++) {
  for (const name of round % 2 === 0 ? (['none', 'all'] as const) : (['all', 'none'] as const)) {
    const start = performance.now();
    const { trainer, callbacks } = runs[name];
    await trainer.fit({ epochs: round + 1, metricsEvery: name === 'all' ? 10 : 0, callbacks });
    if (round > 0) times[name].push((performance.now() - start) / steps); // the first compiles
  }
}
const [none, every] = [summarize(times.none), summarize(times.all)];
console.log(`${deviceInfo().description}: AlexNet (dogcat, width 0.25), batch ${BATCH}, epochs of ${steps} steps`);
console.log(`${(written / 1e6).toFixed(0)} MB were written for people and disks`);
console.log(`without callbacks: ${none.ms.toFixed(1)} ms a step`);
console.log(
  `with all of them:  ${every.ms.toFixed(1)} ms a step, ${(100 * (every.ms / none.ms - 1)).toFixed(1)} % more (medians of ${rounds} epochs each, in turn)`,
);
