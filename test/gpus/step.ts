// Runs under one GPU's compiler (run.ts): a training step of AlexNet and one of the quick preset, each as a line of JSON.
import { alexnet, crossEntropy, deviceInfo, init, SGD, scope, tensor } from '../../src/index.js';
import { MARK, NETWORKS, type Step } from './steps.js';

const SHAPES = {
  'paper, batch 128': { options: { variant: 'paper' }, batch: 128, side: 227, classes: 1000 },
  'quick, batch 32': { options: { variant: 'dogcat', width: 0.25, imageSize: 115 }, batch: 32, side: 115, classes: 2 },
} as const;

/** One step up to the read of its loss, which throws what was refused on the way. Nothing is computed here, so any number will do. */
async function step(network: (typeof NETWORKS)[number]): Promise<void> {
  const { options, batch, side, classes } = SHAPES[network];
  using _ = scope();
  const model = alexnet(options);
  const optimizer = new SGD(model.parameters(), { lr: 0.01, momentum: 0.9, weightDecay: 5e-4 });
  const x = tensor(new Float32Array(batch * 3 * side * side), { shape: [batch, 3, side, side] });
  const target = tensor(Int32Array.from({ length: batch }, (_, i) => i % classes));
  const loss = crossEntropy(model.forward(x), target);
  loss.backward();
  optimizer.step();
  await loss.item();
  optimizer.dispose();
  model.dispose();
}

await init();
const { description: adapter, software } = deviceInfo();
for (const network of NETWORKS) {
  const error = await step(network).then(
    () => undefined,
    (thrown: Error) => thrown.message,
  );
  console.log(`${MARK}${JSON.stringify({ network, adapter, software, error } satisfies Step)}`);
}
process.exit(0);
