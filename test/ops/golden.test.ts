// Every op against PyTorch's values, forward and backward. The table says how a case's arguments become a call.
import * as assert from 'uvu/assert';
import * as ops from '../../src/autograd/ops/index.js';
import { scope, type Tensor, tensor } from '../../src/index.js';
import { forceVariant } from '../../src/kernels/tile.js';
import { useDevice } from '../support/device.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';
import { useVariant, variants } from '../support/variants.js';

type Args = Record<string, never>;
type Call = (c: GoldenCase, x: Record<string, Tensor>, args: Args) => Tensor;

/** PyTorch's argument names to ours: kernel_size to kernelSize. */
function camel(args: Record<string, unknown>): Args {
  const rename = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(args).map(([k, v]) => [rename(k), v])) as Args;
}

const binaryOps = { add: ops.add, sub: ops.sub, mul: ops.mul, div: ops.div };
const reductions = { sum: ops.sum, mean: ops.mean, amax: ops.amax, amin: ops.amin };

function pointwise({ name }: GoldenCase, { x }: Record<string, Tensor>, args: Args): Tensor {
  if (name.startsWith('log_softmax')) return ops.logSoftmax(x, args.dim);
  if (name.startsWith('softmax')) return ops.softmax(x, args.dim);
  if (name === 'leaky_relu') return ops.leakyRelu(x, args.negativeSlope);
  if (name === 'elu') return ops.elu(x, args.alpha);
  if (name === 'clamp') return ops.clamp(x, args.min, args.max);
  return (ops as unknown as Record<string, (x: Tensor) => Tensor>)[name](x);
}

const calls: Record<string, Call> = {
  conv2d: (_, { x, weight, bias }, args) => ops.conv2d(x, weight, bias ?? null, args),
  linear: (_, { x, weight, bias }) => ops.linear(x, weight, bias),
  matmul: (_, { a, b }) => ops.matmul(a, b),
  max_pool2d: (_, { x }, args) => ops.maxPool2d(x, args as never),
  avg_pool2d: (_, { x }, args) => ops.avgPool2d(x, args as never),
  adaptive_avg_pool2d: (_, { x }, args) => ops.adaptiveAvgPool2d(x, args.outputSize),
  local_response_norm: (_, { x }, args) => ops.localResponseNorm(x, args as never),
  pointwise,
  broadcast: (c, { a, b }) => binaryOps[c.args.op as keyof typeof binaryOps](a, b),
  reduce: (c, { x }, args) => reductions[c.args.op as keyof typeof reductions](x, args.dim, args.keepdim),
  cross_entropy: (_, { logits, target }, args) => ops.crossEntropy(logits, target, args),
  mse_loss: (_, { x, target }, args) => ops.mseLoss(x, target, args),
  l1_loss: (_, { x, target }, args) => ops.l1Loss(x, target, args),
  binary_cross_entropy_with_logits: (_, { x, target }, args) => ops.binaryCrossEntropyWithLogits(x, target, args),
};

/** Terms of the longest sum in a case: what rounding grows with. */
function longestSum(inputs: Record<string, Tensor>): number {
  return Math.max(...Object.values(inputs).map((t) => t.size));
}

async function check(op: string, c: GoldenCase): Promise<void> {
  const names = ['x', 'a', 'b', 'weight', 'bias', 'logits', 'target'].filter((n) => c.has(`input.${n}`));
  const inputs = Object.fromEntries(names.map((n) => [n, c.input(n)]));
  const step = scope();
  const y = calls[op](c, inputs, camel(c.args));
  y.backward(c.dy());
  const actual = y.data();
  step.close();
  assert.equal(y.shape, c.output().shape);
  const terms = longestSum(inputs);
  assertClose(await actual, c.output().data, { what: 'y', terms, shape: y.shape });
  for (const [name, t] of Object.entries(inputs)) {
    if (!c.has(`grad.${name}`)) continue;
    const expected = c.grad(name);
    assert.equal(t.grad!.shape, expected.shape);
    assertClose(await t.grad!.data(), expected.data, { what: `d${name}`, terms, shape: expected.shape });
    t.grad!.dispose();
  }
  for (const t of Object.values(inputs)) t.dispose();
}

const test = suite('ops/golden');
test.before(useDevice);
test.after(() => forceVariant(null));

for (const op of Object.keys(calls)) {
  const kernels = ['conv2d', 'linear', 'matmul', 'max_pool2d'].includes(op) ? variants : [null];
  for (const c of goldenCases(op)) {
    for (const variant of kernels) {
      test(`${op}/${c.name}${variant ? ` (${variant})` : ''}`, async () => {
        useVariant(variant);
        await check(op, c);
      });
    }
  }
}

for (const c of goldenCases('batch_norm')) {
  test(`batch_norm/${c.name}`, async () => {
    const args = camel(c.args) as unknown as {
      training: boolean;
      momentum: number;
      eps: number;
      runningMean: number[];
      runningVar: number[];
    };
    const [x, weight, bias] = ['x', 'weight', 'bias'].map((n) => c.input(n));
    const [mean, variance] = [tensor(args.runningMean), tensor(args.runningVar)];
    const step = scope();
    const { training, momentum, eps } = args;
    const y = ops.batchNorm(x, mean, variance, weight, bias, { training, momentum, eps });
    y.backward(c.dy());
    const actual = y.data();
    step.close();
    const terms = x.size / x.shape[1];
    assertClose(await actual, c.output().data, { what: 'y', terms });
    assertClose(await mean.data(), c.output('running_mean').data, { what: 'running mean', terms });
    assertClose(await variance.data(), c.output('running_var').data, { what: 'running variance', terms });
    for (const [name, t] of Object.entries({ x, weight, bias })) {
      assertClose(await t.grad!.data(), c.grad(name).data, { what: `d${name}`, terms });
    }
  });
}

test.run();
