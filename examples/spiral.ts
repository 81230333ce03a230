// Two spirals told apart by a small network: layers, AdamW, and accuracy at the end.
import { AdamW, argmax, crossEntropy, init, Linear, noGrad, ReLU, Sequential, scope, tensor } from '../src/index.js';

await init();

/** Two arms of a spiral, half a turn apart: points (count, 2) and their arm. */
function spirals(count: number): { points: Float32Array; arms: Int32Array } {
  const points = new Float32Array(count * 2);
  const arms = Int32Array.from({ length: count }, (_, i) => i % 2);
  for (let i = 0; i < count; i++) {
    const radius = i / count;
    const angle = radius * 9 + arms[i] * Math.PI;
    points.set([radius * Math.cos(angle), radius * Math.sin(angle)], i * 2);
  }
  return { points, arms };
}

const { points, arms } = spirals(400);
const x = tensor(points, { shape: [400, 2] });
const y = tensor(arms);
const model = new Sequential(new Linear(2, 64), new ReLU(), new Linear(64, 64), new ReLU(), new Linear(64, 2));
const optimizer = new AdamW(model.parameters(), { lr: 0.01 });

let reported = Promise.resolve();
for (let step = 1; step <= 300; step++) {
  using _step = scope();
  const loss = crossEntropy(model.forward(x), y);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  if (step % 100 === 0) reported = loss.item().then((value) => console.log(`step ${step}: loss ${value.toFixed(4)}`));
}
await reported;

const predicted = await noGrad(() => argmax(model.forward(x), 1)).data();
const right = arms.filter((arm, i) => predicted[i] === arm).length;
console.log(`accuracy ${((100 * right) / arms.length).toFixed(1)} %`);
