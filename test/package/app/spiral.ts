import {
  AdamW,
  argmax,
  crossEntropy,
  type DeviceInfo,
  deviceInfo,
  init,
  Linear,
  ReLU,
  Sequential,
  scope,
  type Tensor,
  tensor,
} from 'wgrad';
import { DataLoader, drawnStandIns } from 'wgrad/data';
import { readSafetensors } from 'wgrad/io';
import { loadImageFolder } from 'wgrad/node';
import { Trainer, type TrainerParts, writeWeights } from 'wgrad/train';

/** The names of every sub-path resolve, with their types. */
export type { DeviceInfo, TrainerParts };
export const used: unknown[] = [DataLoader, drawnStandIns, loadImageFolder, readSafetensors, Trainer, writeWeights];

await init({ limits: 'default' });
const adapter: DeviceInfo = deviceInfo();
const point = (i: number): number[] =>
  [Math.cos, Math.sin].map((f) => (i / 400) * f((i / 400) * 9 + (i % 2) * Math.PI));
const x: Tensor = tensor(Array.from({ length: 400 }, (_, i) => point(i)));
const arms = tensor(Int32Array.from({ length: 400 }, (_, i) => i % 2));
const model = new Sequential(new Linear(2, 64), new ReLU(), new Linear(64, 64), new ReLU(), new Linear(64, 2));
const optimizer = new AdamW(model.parameters(), { lr: 0.01 });

for (let step = 0; step < 300; step++) {
  using _step = scope();
  const loss = crossEntropy(model.forward(x), arms);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
const named = await argmax(model.forward(x), 1).data();
console.log(`accuracy ${named.filter((arm, i) => arm === i % 2).length / 4} % (limits: ${adapter.limits})`);
