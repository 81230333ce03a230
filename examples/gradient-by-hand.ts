// Gradients three ways: a derivative of your own beside an op of your own, the library's against one worked out on paper
// for a small network, and what happens when a derivative is wrong.
import {
  add,
  amax,
  exp,
  gradcheck,
  init,
  log,
  manualSeed,
  matmul,
  mean,
  mul,
  neg,
  noGrad,
  parameter,
  randn,
  record,
  softmax,
  square,
  squeeze,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  UsageError,
  unsqueeze,
} from '../src/index.js';

await init();
manualSeed(3);
const show = (values: ArrayLike<number>) => Array.from(values, (v) => v.toFixed(4).padStart(8)).join(' ');

// 1. An op with its own derivative. The log of the sum of exp(x), row by row: computed without recording, because its
// gradient has a short form of its own, the softmax of the row.
function logSumExp(x: Tensor): Tensor {
  const y = noGrad(() => {
    const top = amax(x, 1, true);
    return squeeze(add(log(sum(exp(sub(x, top)), 1, true)), top), 1);
  });
  return record('logSumExp', y, [x], (dy) => [() => mul(softmax(x, 1), unsqueeze(dy, 1))]);
}

const x = tensor(
  [
    [1, 2, 3],
    [1000, 1000, 1000],
  ],
  { requiresGrad: true },
);
const y = logSumExp(x);
sum(y).backward();
console.log('logSumExp of [1, 2, 3] and of [1000, 1000, 1000]');
console.log(`  values    ${show(await y.data())}`);
console.log(`  gradient  ${show(await x.grad!.data())}`);
await gradcheck(logSumExp, [parameter(randn([4, 5]))]);
console.log('  gradcheck: agrees with finite differences');

// 2. A network of two layers, and its gradient worked out on paper and computed in plain loops, in float64.
//      h = tanh(x W + b)     y = h v     loss = mean((y - t)²)
const [ROWS, INPUTS, HIDDEN] = [64, 3, 8];
const data = randn([ROWS, INPUTS]);
const target = randn([ROWS, 1]);
const W = parameter(randn([INPUTS, HIDDEN]));
const b = parameter(randn([HIDDEN]));
const v = parameter(randn([HIDDEN, 1]));
mean(square(sub(matmul(tanh(add(matmul(data, W), b)), v), target))).backward();

async function onPaper(): Promise<Record<string, Float64Array>> {
  const [xs, ts, Ws, bs, vs] = await Promise.all([data, target, W, b, v].map(async (t) => Array.from(await t.data())));
  const [dW, db, dv] = [W, b, v].map((t) => new Float64Array(t.size));
  for (let row = 0; row < ROWS; row++) {
    const input = xs.slice(row * INPUTS, (row + 1) * INPUTS);
    const h = Array.from(bs, (bias, j) => Math.tanh(input.reduce((z, xk, k) => z + xk * Ws[k * HIDDEN + j], bias)));
    const y = h.reduce((total, hj, j) => total + hj * vs[j], 0);
    const dy = (2 * (y - ts[row])) / ROWS; // through the mean and the square
    for (let j = 0; j < HIDDEN; j++) {
      const dz = dy * vs[j] * (1 - h[j] ** 2); // through v, and through tanh: its derivative is 1 - tanh²
      dv[j] += dy * h[j];
      db[j] += dz;
      for (let k = 0; k < INPUTS; k++) dW[k * HIDDEN + j] += input[k] * dz;
    }
  }
  return { W: dW, b: db, v: dv };
}

const paper = await onPaper();
console.log('\nloss = mean((tanh(x W + b) v - t)²): the tape beside the paper');
for (const [name, p] of Object.entries({ W, b, v })) {
  const tape = await p.grad!.data();
  const difference = Math.max(...tape.map((g, i) => Math.abs(g - paper[name][i])));
  console.log(`  d${name}  ${show(tape.slice(0, 4))} ...   largest difference ${difference.toExponential(0)}`);
}

// 3. A wrong derivative is found: this one has lost its sign.
function wrong(t: Tensor): Tensor {
  const value = noGrad(() => exp(neg(t)));
  return record('wrong', value, [t], (dy) => [() => mul(dy, value)]);
}
await gradcheck(wrong, [tensor([0.5, 1], { requiresGrad: true })]).catch((error) => {
  if (!(error instanceof UsageError)) throw error;
  console.log(`\na derivative without its sign:\n  ${error.message}`);
});
