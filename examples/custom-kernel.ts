// Kernels of your own as ops: checked, differentiated and profiled like the library's. `npm run example examples/custom-kernel.ts`
import {
  add,
  gradcheck,
  init,
  localResponseNorm,
  profile,
  profileTable,
  randn,
  relu,
  reshape,
  type Tensor,
  tensor,
} from '../src/index.js';
import { biasNormRelu } from './kernels/bias-norm-relu.js';
import { swish } from './kernels/swish.js';

await init();
const x = tensor([-2, -1, 0, 1, 2], { requiresGrad: true });
console.log('swish of -2 .. 2:', Array.from(await swish(x).data(), (v) => v.toFixed(4)).join('  '));
await gradcheck(swish, [x]);
console.log('Its gradient agrees with finite differences.\n');

const maps = randn([8, 96, 27, 27], { requiresGrad: true }); // what conv1 of AlexNet gives for eight pictures
const bias = randn([96], { requiresGrad: true });
const norm = { size: 5, alpha: 5e-4, k: 2 };
const ways = {
  'three ops': () => relu(localResponseNorm(add(maps, reshape(bias, [1, 96, 1, 1])), norm)),
  'one kernel': () => biasNormRelu(maps, bias, norm),
};
const dy = randn(maps.shape);
const step = async (way: () => Tensor) => {
  maps.grad = bias.grad = null;
  return profile(() => way().backward(dy));
};
const rounds: number[][] = [];
for (let i = 0; i < 12; i++) {
  const measured = [await step(ways['three ops']), await step(ways['one kernel'])];
  rounds.push(measured.map(({ spans }) => spans.reduce((ms, { start, end }) => ms + (end - start) / 1e6, 0)));
}
for (const [name, way] of Object.entries(ways)) {
  console.log(`Bias, normalization and ReLU as ${name}, forward and backward:\n${profileTable(await step(way))}\n`);
}
const ratios = rounds.slice(2).map(([three, one]) => three / one); // the first two compile and warm up
ratios.sort((a, b) => a - b);
const median = ratios[ratios.length >> 1];
console.log(`One kernel is ${median.toFixed(2)} times as fast as three ops (median of ${ratios.length}).`);
