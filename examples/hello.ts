// The smallest training loop: three weights learned from 64 points. README.md shows it.
import { init, matmul, mean, parameter, randn, SGD, scope, square, sub, tensor } from '../src/index.js';

await init(); // Dawn in Node, navigator.gpu in a browser
const x = randn([64, 3]);
const y = matmul(x, tensor([[1], [-2], [3]]));
const w = parameter(randn([3, 1]));
const optimizer = new SGD([w], { lr: 0.1, momentum: 0.8 });

for (let i = 0; i < 300; i++) {
  using _step = scope(); // what is made inside goes with it
  const loss = mean(square(sub(matmul(x, w), y)));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
console.log(await w.data()); // Float32Array [1, -2, 3]
