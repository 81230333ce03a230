// Every op against PyTorch's values, forward and backward, of f32 and of f16. The tables say how a case's arguments become a call, and how
// its values are judged.
import * as assert from 'uvu/assert';
import * as ops from '../../src/autograd/ops/index.js';
import { scope, type Tensor, tensor } from '../../src/index.js';
import type { StoredTensor } from '../../src/io/safetensors.js';
import { type GoldenCase, goldenCases } from './golden.js';
import type { Suite } from './suite.js';
import { assertClose, channelScale, largest } from './tolerance.js';
import { useVariant, variantsOf } from './variants.js';

type Args = Record<string, never>;
type Call = (c: GoldenCase, x: Record<string, Tensor>, args: Args) => Tensor;

/** PyTorch's argument names to ours: kernel_size to kernelSize. */
function camel(args: Record<string, unknown>): Args {
  const rename = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(args).map(([k, v]) => [rename(k), v])) as Args;
}

const anyOp = ops as unknown as Record<string, (...args: unknown[]) => Tensor>;

/** 'log_softmax_rows' is logSoftmax: the case's name without what tells it from others of the op. */
const pointwiseName = (name: string) => Object.keys(camel({ [name.replace(/_(rows|channels)$/, '')]: 0 }))[0];

const calls: Record<string, Call> = {
  conv2d: (_, { x, weight, bias }, args) => ops.conv2d(x, weight, bias ?? null, args),
  linear: (_, { x, weight, bias }) => ops.linear(x, weight, bias),
  matmul: (_, { a, b }) => ops.matmul(a, b),
  max_pool2d: (_, { x }, args) => ops.maxPool2d(x, args as never),
  avg_pool2d: (_, { x }, args) => ops.avgPool2d(x, args as never),
  adaptive_avg_pool2d: (_, { x }, args) => ops.adaptiveAvgPool2d(x, args.outputSize),
  local_response_norm: (_, { x }, args) => ops.localResponseNorm(x, args as never),
  pointwise: ({ name }, { x }, args) => anyOp[pointwiseName(name)](x, ...Object.values(args)),
  broadcast: (c, { a, b }) => anyOp[c.args.op as string](a, b),
  reduce: (c, { x }, args) => anyOp[c.args.op as string](x, args.dim, args.keepdim),
  cross_entropy: (_, { logits, target }, args) => ops.crossEntropy(logits, target, args),
  mse_loss: (_, { x, target }, args) => ops.mseLoss(x, target, args),
  l1_loss: (_, { x, target }, args) => ops.l1Loss(x, target, args),
  binary_cross_entropy_with_logits: (_, { x, target }, args) => ops.binaryCrossEntropyWithLogits(x, target, args),
};

/** How a value is judged: the terms of its sum, and the dimension whose places (channels) have magnitudes of their own. */
interface Judged {
  terms: number;
  channel: number;
}

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
/** Each element by itself, after a few roundings. */
const itself = (terms = 16): Judged => ({ terms, channel: -1 });

/** What is summed up for the result, 'y', and for each gradient; `shape` finds a tensor's. */
const sums: Record<string, (key: string, shape: (name: string) => readonly number[]) => Judged> = {
  conv2d: (key, shape) => {
    const [outChannels, perGroup, ...kernel] = shape('weight');
    const groups = shape('x')[1] / perGroup;
    const places = shape('y')[0] * count(shape('y').slice(2));
    if (key === 'weight' || key === 'bias') return { terms: places, channel: 0 };
    const taps = count(kernel);
    return { terms: key === 'y' ? perGroup * taps : (outChannels / groups) * taps, channel: 1 };
  },
  linear: (key, shape) => {
    const [out, features] = shape('weight');
    if (key === 'weight' || key === 'bias') return { terms: shape('x')[0], channel: 0 };
    return { terms: key === 'y' ? features : out, channel: 1 };
  },
  matmul: (key, shape) => {
    const [rows, columns, inner] = [shape('a').at(-2)!, shape('b').at(-1)!, shape('a').at(-1)!];
    const batch = key === 'b' ? count(shape('y').slice(0, -2)) / count(shape('b').slice(0, -2)) : 1;
    return { terms: key === 'y' ? inner : key === 'a' ? columns : rows * batch, channel: shape(key).length - 1 };
  },
  // A pixel's windows overlap, at most all of them.
  max_pool2d: () => itself(),
  avg_pool2d: () => ({ terms: 9, channel: 1 }),
  adaptive_avg_pool2d: (_, shape) => ({ terms: count(shape('x').slice(2)), channel: 1 }),
  local_response_norm: () => ({ terms: 2 * 7, channel: 1 }),
  pointwise: () => itself(64),
  broadcast: (key, shape) => ({ terms: Math.max(16, count(shape('y')) / count(shape(key))), channel: -1 }),
  reduce: (_, shape) => ({ terms: count(shape('x')) / count(shape('y')), channel: -1 }),
  cross_entropy: (key, shape) => itself(key === 'y' ? count(shape('logits')) : 64),
  mse_loss: (key, shape) => itself(key === 'y' ? count(shape('x')) : 16),
  l1_loss: (key, shape) => itself(key === 'y' ? count(shape('x')) : 16),
  binary_cross_entropy_with_logits: (key, shape) => itself(key === 'y' ? count(shape('x')) : 64),
};

type Floats = 'f32' | 'f16';

/**
 * Numbers that are rounded to f16 on the way to a gradient, by their op: a result that the gradient is computed from, or products
 * before they are summed. PyTorch rounds the same ones.
 */
const roundings: Record<string, (terms: number) => number> = {
  sigmoid: () => 1,
  tanh: () => 2,
  reciprocal: () => 2,
  softmax: () => 2,
  logSoftmax: () => 2,
  mul: Math.sqrt,
  div: (terms) => 3 * Math.sqrt(terms),
};

/** Compares with the magnitude of each value's channel. */
async function compare(op: string, c: GoldenCase, key: string, t: Tensor, floats: Floats): Promise<void> {
  const name = key.replace(/^\w+\./, '');
  const shapeOf = (of: string) => c.raw(of === 'y' ? 'output.y' : `input.${of}`).shape;
  const { terms, channel } = sums[op](name, shapeOf);
  const { data, shape } = c.raw(key);
  const row = /softmax/.test(c.name) && key === 'grad.x'; // a difference of terms of its row's magnitude
  let scale = row ? channelScale(data, shape, 0) : scaleOf(data, shape, channel);
  const rounded = floats === 'f16' && key.startsWith('grad.') ? roundings[opOf(c)]?.(terms) : undefined;
  if (rounded && !row) scale = scale.map((v) => Math.max(v, largest(c.raw('dy.y').data)));
  assert.is(t.dtype, floats, key);
  assert.equal(t.shape, shape);
  assertClose(await t.data(), data, { what: key, terms, scale, shape, dtype: floats, roundings: rounded });
}

/** The largest of each value's channel; where a channel is one sum, what such sums are by chance. */
function scaleOf(data: ArrayLike<number>, shape: readonly number[], channel: number): Float64Array {
  if (channel < 0 || shape.length === 0) return Float64Array.from(data, Math.abs);
  const typical = Math.sqrt(
    Float64Array.from(data, (v) => v * v).reduce((a, b) => a + b, 0) / Math.max(data.length, 1),
  );
  return channelScale(data, shape, channel).map((largest) => Math.max(largest, typical));
}

async function check(op: string, c: GoldenCase, floats: Floats): Promise<void> {
  const names = ['x', 'a', 'b', 'weight', 'bias', 'logits', 'target'].filter((n) => c.has(`input.${n}`));
  const inputs = Object.fromEntries(names.map((n) => [n, c.input(n, undefined, floats)]));
  using _ = scope();
  const y = calls[op](c, inputs, camel(c.args));
  y.backward(c.dy('y', floats));
  await compare(op, c, 'output.y', y, floats);
  for (const [name, t] of Object.entries(inputs)) {
    if (!c.has(`grad.${name}`)) continue;
    await compare(op, c, `grad.${name}`, t.grad!, floats);
    t.grad!.dispose();
  }
}

/** The op of a case: its folder's, or what the case says. */
function opOf(c: GoldenCase): string {
  const op = c.op.replace('half/', '');
  if (op === 'pointwise') return pointwiseName(c.name);
  return (c.args.op as string | undefined) ?? Object.keys(camel({ [op]: 0 }))[0];
}

/** Parameters and statistics are f32, whatever x is. */
async function checkBatchNorm(c: GoldenCase, floats: Floats): Promise<void> {
  const args = camel(c.args) as unknown as {
    training: boolean;
    momentum: number;
    eps: number;
    runningMean: number[];
    runningVar: number[];
  };
  using _ = scope();
  const [x, weight, bias] = [c.input('x', undefined, floats), c.input('weight'), c.input('bias')];
  const [mean, variance] = [tensor(args.runningMean), tensor(args.runningVar)];
  const { training, momentum, eps } = args;
  const y = ops.batchNorm(x, mean, variance, weight, bias, { training, momentum, eps });
  y.backward(c.dy('y', floats));
  const terms = x.size / x.shape[1];
  const judge = async (what: string, t: Tensor, { data, shape }: StoredTensor, dtype: Floats) => {
    assert.is(t.dtype, dtype, what);
    assert.equal(t.shape, shape);
    const scale = scaleOf(data, shape, shape.length > 1 ? 1 : 0);
    assertClose(await t.data(), data, { what, terms, scale, shape, dtype });
  };
  await judge('y', y, c.output(), floats);
  assertClose(await mean.data(), c.output('running_mean').data, { what: 'running mean', terms });
  assertClose(await variance.data(), c.output('running_var').data, { what: 'running variance', terms });
  for (const [name, t] of Object.entries({ x, weight, bias })) {
    await judge(`d${name}`, t.grad!, c.grad(name), name === 'x' ? floats : 'f32');
    t.grad!.dispose();
  }
}

/** A test of each case and of each variant of its kernels. */
export function goldenTests(test: Suite, floats: Floats): void {
  for (const op of [...Object.keys(calls), 'batch_norm']) {
    for (const c of goldenCases(floats === 'f16' ? `half/${op}` : op)) {
      for (const variant of variantsOf(opOf(c))) {
        test(`${op}/${c.name}${variant ? ` (${variant})` : ''}`, async () => {
          useVariant(variant);
          await (op === 'batch_norm' ? checkBatchNorm(c, floats) : check(op, c, floats));
        });
      }
    }
  }
}
