// A training run that takes a moment and touches every phase: convolution, pooling, dropout, momentum.
import {
  Conv2d,
  crossEntropy,
  Dropout,
  Flatten,
  Linear,
  MaxPool2d,
  manualSeed,
  ReLU,
  Sequential,
  SGD,
  scope,
  tensor,
} from '../../src/index.js';
import { seeded } from './random.js';

export const inputShape = [2, 3, 8, 8];

export interface SmallRun {
  model: Sequential;
  optimizer: SGD;
  /** Records one step; the promise is its loss. */
  step(): Promise<number>;
  /** All weights and the optimizer's state, read back. */
  state(): Promise<number[][]>;
  dispose(): void;
}

/** Weights and pictures follow from the seed. `dropout` takes from the one random stream that all models share. */
export function smallRun(seed = 1, { dropout = 0 } = {}): SmallRun {
  manualSeed(seed);
  const model = new Sequential({
    conv: new Conv2d(3, 4, 3, { padding: 1 }),
    relu: new ReLU(),
    pool: new MaxPool2d(2, { stride: 2 }),
    flatten: new Flatten(),
    drop: new Dropout(dropout),
    linear: new Linear(64, 3),
  });
  const optimizer = new SGD(model.parameters(), { lr: 0.05, momentum: 0.9 });
  const images = seeded(2 * 3 * 8 * 8, seed);
  return {
    model,
    optimizer,
    step: () =>
      scope(() => {
        const logits = model.forward(tensor(images, { shape: inputShape }));
        const loss = crossEntropy(logits, tensor(Int32Array.of(0, 2)));
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        return loss.item();
      }),
    async state() {
      const all = [...Object.values(model.stateDict()), ...Object.values(optimizer.stateTensors())];
      return (await Promise.all(all.map((t) => t.data()))).map((values) => [...values]);
    },
    dispose() {
      optimizer.dispose();
      model.dispose();
    },
  };
}

/** Losses and final state of a run of a few steps. */
export async function smallTraining(steps = 3): Promise<number[][]> {
  const run = smallRun(1, { dropout: 0.25 });
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push(await run.step());
  const state = await run.state();
  run.dispose();
  return [losses, ...state];
}
