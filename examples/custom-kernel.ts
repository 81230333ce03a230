// Kernels of your own as ops: checked, differentiated and profiled like the library's. `npm run example examples/custom-kernel.ts`
import {
  add,
  features,
  gradcheck,
  init,
  localResponseNorm,
  profile,
  profileTable,
  randn,
  relu,
  reshape,
  sync,
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
const step = (way: () => Tensor) => {
  maps.grad = bias.grad = null;
  way().backward(dy);
};
const time = async (way: () => Tensor) => {
  await sync();
  const start = performance.now();
  step(way);
  await sync();
  return performance.now() - start;
};

for (const [name, way] of Object.entries(ways)) {
  await time(way); // compiles
  console.log(`Bias, normalization and ReLU as ${name}, forward and backward:`);
  const hasClock = features().has('timestamp-query');
  console.log(hasClock ? `${profileTable(await profile(() => step(way)))}\n` : '(this device has no timestamps)\n');
}
const ratios: number[] = [];
for (let i = 0; i < 15; i++) ratios.push((await time(ways['three ops'])) / (await time(ways['one kernel'])));
const median = ratios.sort((a, b) => a - b)[ratios.length >> 1];
console.log(`One kernel is ${median.toFixed(2)} times as fast as three ops (median of ${ratios.length} pairs).`);
