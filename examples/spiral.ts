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

// What the network says of every place between -1 and 1: the arms wind around each other.
const [columns, rows] = [64, 28];
const grid = Float32Array.from({ length: columns * rows * 2 }, (_, i) => {
  const place = Math.floor(i / 2);
  return i % 2 === 0 ? ((place % columns) / (columns - 1)) * 2 - 1 : (Math.floor(place / columns) / (rows - 1)) * 2 - 1;
});
const arm = await noGrad(() => argmax(model.forward(tensor(grid, { shape: [columns * rows, 2] })), 1)).data();
for (let row = 0; row < rows; row++) {
  console.log(Array.from(arm.subarray(row * columns, (row + 1) * columns), (which) => '·#'[which]).join(''));
}
