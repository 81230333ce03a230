// What a training step of AlexNet takes of the GPU's memory: in f32, in mixed precision, and with its convolutional part in checkpoints.
//   node scripts/run.mjs bench/memory.ts [--batch 128] [--only NAME]
// Each way runs one step in a process of its own, because the peak is counted from the start of one.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import {
  alexnet,
  autocast,
  checkpoint,
  crossEntropy,
  init,
  manualSeed,
  memory,
  randn,
  SGD,
  scope,
  shutdown,
  type Tensor,
  zeros,
} from '../src/index.js';

const WAYS = ['f32', 'f32, checkpoints', 'f16', 'f16, checkpoints'];
const SIDE = 227;

const { values } = parseArgs({ options: { batch: { type: 'string' }, only: { type: 'string' } } });
const batch = Number(values.batch ?? 128);

/** Bytes of parameters, of the optimizer's state, and what a step takes beyond both and its images. */
interface Taken {
  kept: number;
  step: number;
}

/** Layers by name, in pieces whose ends are kept: each begins at one of these. */
const PIECES = ['conv1', 'norm1', 'conv2', 'norm2', 'conv3', 'flatten'];

async function oneStep(way: string): Promise<Taken> {
  await init();
  manualSeed(1);
  const model = alexnet();
  const layers = Object.entries(model.layers);
  const starts = PIECES.map((name) => layers.findIndex(([layer]) => layer === name));
  const piece = (from: number, to?: number) => (x: Tensor) =>
    layers.slice(from, to).reduce((y, [, layer]) => layer.forward(y), x);
  const inPieces = (x: Tensor) => {
    const features = starts.slice(1).reduce((y, end, i) => checkpoint(piece(starts[i], end), y), x);
    return piece(starts.at(-1)!)(features);
  };
  const optimizer = new SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  const [images, labels] = [randn([batch, 3, SIDE, SIDE]), zeros([batch], { dtype: 'i32' })];
  const before = memory().liveBytes;
  const loss = scope(() => {
    const forward = () => crossEntropy(way.includes('checkpoints') ? inPieces(images) : model.forward(images), labels);
    const value = way.startsWith('f16') ? autocast('f16', forward) : forward();
    value.backward();
    return value.item();
  });
  const taken = memory().peakBytes - before;
  optimizer.step();
  if (!Number.isFinite(await loss)) throw new Error(`${way}: the loss is ${await loss}`);
  const parameters = model.parameters().reduce((bytes, p) => bytes + 4 * p.size, 0);
  await shutdown();
  return { kept: 2 * parameters, step: taken };
}

function inProcess(way: string): Taken {
  const run = spawnSync(process.execPath, [process.argv[1], '--batch', String(batch), '--only', way], {
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`${way}: ${run.stderr}`);
  return JSON.parse(run.stdout) as Taken;
}

const MIB = 2 ** 20;

if (values.only !== undefined) console.log(JSON.stringify(await oneStep(values.only)));
else {
  console.log(`A training step of AlexNet at batch ${batch}, MiB by memory()\n`);
  console.log(
    '| | the step: activations and gradients, at their peak | of f32 | with parameters and momentum | of f32 |',
  );
  console.log('| --- | --- | --- | --- | --- |');
  let first: Taken | undefined;
  for (const way of WAYS) {
    const taken = inProcess(way);
    first ??= taken;
    const all = ({ kept, step }: Taken) => kept + step;
    const share = (part: number, of: number) => `${((100 * part) / of).toFixed(0)} %`;
    console.log(
      `| ${way} | ${(taken.step / MIB).toFixed(0)} | ${share(taken.step, first.step)} ` +
        `| ${(all(taken) / MIB).toFixed(0)} | ${share(all(taken), all(first))} |`,
    );
  }
}
