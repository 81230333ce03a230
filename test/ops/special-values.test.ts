// Every op on the values that formulas and compilers forget - NaN, infinities, zeros, huge and tiny numbers - against PyTorch's
// results and gradients, with upstream gradients that are special themselves. The values are generate.py's `special`.
import * as assert from 'uvu/assert';
import * as ops from '../../src/autograd/ops/index.js';
import { scope, type Tensor, tensor } from '../../src/index.js';
import { forceVariant } from '../../src/kernels/tile.js';
import { useDevice } from '../support/device.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { table } from '../support/ops.js';
import { suite } from '../support/suite.js';
import { useVariant, variantsOf } from '../support/variants.js';

const test = suite('ops/special-values');
test.before(useDevice);
test.after(() => forceVariant(null));

/** Below float32's normal numbers nothing is promised: an adapter may take them for 0. */
const SUBNORMAL = 1.2e-38;
const RELATIVE = 2e-6;

/** A case's name without its constants. */
const nameOf = (c: GoldenCase) => (c.args.op as string) ?? c.name.replace(/_.*/, '');

/** The values that belong to element i of a result, by input; `index` is the element's own among them. */
interface Row {
  values: Record<string, number[]>;
  index: number;
}

/**
 * Where PyTorch multiplies an infinity by a weight of 0 and has NaN, ours chooses: what is expected there. Undefined: PyTorch's.
 */
const chosen: Record<string, (key: string, row: Row) => number | undefined> = {
  amax: (key, row) => notHit(key, row, Math.max),
  amin: (key, row) => notHit(key, row, Math.min),
  crossEntropy: (key, { values }) => {
    if (key === 'grad.logits') return values.target[0] === -1 ? 0 : undefined; // an ignored row, whatever is in it
    const { logits } = values;
    const finite = logits.every((v) => v < Number.POSITIVE_INFINITY) && logits.some(Number.isFinite);
    return finite && logits.includes(Number.NEGATIVE_INFINITY) && values.target[0] !== -1
      ? Number.POSITIVE_INFINITY
      : undefined;
  },
  binaryCrossEntropyWithLogits: (key, { values: { x, target } }) => {
    if (key !== 'output.y' || Math.abs(x[0]) < Number.POSITIVE_INFINITY || Number.isNaN(x[0] + target[0]))
      return undefined;
    return target[0] === Number(x[0] > 0) ? 0 : Number.POSITIVE_INFINITY;
  },
};

/** No gradient goes to what is not the extreme, not even from an infinite one. */
function notHit(key: string, { values: { x, dy }, index }: Row, extreme: typeof Math.max): number | undefined {
  const infinite = key === 'grad.x' && Math.abs(dy[0]) === Number.POSITIVE_INFINITY && !x.some(Number.isNaN);
  return infinite && x[index] !== extreme(...x) ? 0 : undefined;
}

const numbers = (list: unknown) => ((list ?? []) as unknown[]).map((v) => Number(String(v).replace('inf', 'Infinity')));

function call(c: GoldenCase, inputs: Record<string, Tensor>): Tensor {
  const name = nameOf(c);
  const { x, a, b, logits, target, weight, bias } = inputs;
  const each = { reduction: 'none' } as const;
  switch (name) {
    case 'where':
      return ops.where(tensor(Float32Array.from({ length: a.size }, (_, i) => Number(i % 3 === 0))), a, b);
    case 'crossEntropy':
      return ops.crossEntropy(logits, target, {
        ...each,
        ignoreIndex: -1,
        labelSmoothing: c.args.label_smoothing as number,
      });
    case 'batchNorm':
      return ops.batchNorm(x, ops.zeros([8]), ops.ones([8]), weight, bias, { training: c.args.training as boolean });
    case 'localResponseNorm':
      return ops.localResponseNorm(x, { size: 5 });
    case 'maxPool2d':
      return ops.maxPool2d(x, { kernelSize: 2, stride: 1 });
    case 'avgPool2d':
      return ops.avgPool2d(x, { kernelSize: 2, stride: 1 });
    case 'adaptiveAvgPool2d':
      return ops.adaptiveAvgPool2d(x, 2);
    default: {
      const f = (ops as unknown as Record<string, (...args: unknown[]) => Tensor>)[name];
      if (target) return f(x, target, each);
      if (x?.rank === 2) return f(x, 1);
      return f(...numbers(c.args.before), ...[x, a, b].filter(Boolean), ...numbers(c.args.more));
    }
  }
}

/** Compares with PyTorch's float64, or where it has other values with its float32. */
function compare(
  c: GoldenCase,
  key: string,
  actual: ArrayLike<number>,
  given: Record<string, ArrayLike<number>>,
): void {
  const expected = key === 'output.y' ? c.output().data : c.grad(key.slice(5)).data;
  const single = c.has(`float32.${key}`) ? c.raw(`float32.${key}`).data : expected;
  const absolute = SUBNORMAL + (table[nameOf(c)]?.allowed?.[key === 'output.y' ? 'y' : 'grad'] ?? 0);
  const close = (a: number, e: number) =>
    Object.is(a, e) || a === e || Math.abs(a - e) <= absolute + RELATIVE * Math.abs(e);
  const wrong: string[] = [];
  for (let i = 0; i < expected.length; i++) {
    if (close(actual[i], expected[i]) || close(actual[i], single[i])) continue;
    const row = rowOf(i, expected.length, given);
    const ours = Number.isNaN(expected[i]) ? chosen[nameOf(c)]?.(key, row) : undefined;
    if (ours !== undefined && close(actual[i], ours)) continue;
    const at = Object.entries(row.values).map(([name, v]) => `${name} ${v.join(', ')}`);
    wrong.push(`${key}[${i}] is ${actual[i]}, expected ${ours ?? expected[i]} (${at.join('; ')})`);
  }
  if (wrong.length > 0)
    throw new Error(`${wrong.length} of ${expected.length} differ: ${wrong.slice(0, 8).join('\n')}`);
}

function rowOf(i: number, count: number, given: Record<string, ArrayLike<number>>): Row {
  const longest = Math.max(...Object.values(given).map((v) => v.length));
  const rows = Math.min(...Object.values(given).map((v) => v.length));
  const row = Math.floor((i * rows) / count);
  const values = Object.entries(given).map(([name, v]): [string, number[]] => {
    const each = v.length / rows;
    return [name, Array.from(v).slice(row * each, (row + 1) * each)];
  });
  return { values: Object.fromEntries(values), index: i % (longest / rows) };
}

async function check(c: GoldenCase): Promise<void> {
  const names = ['x', 'a', 'b', 'weight', 'bias', 'logits', 'target'].filter((n) => c.has(`input.${n}`));
  const inputs = Object.fromEntries(names.map((n) => [n, c.input(n)]));
  const given: Record<string, ArrayLike<number>> = Object.fromEntries(names.map((n) => [n, c.raw(`input.${n}`).data]));
  const step = scope();
  const y = call(c, inputs);
  if (c.has('dy.y')) {
    given.dy = c.raw('dy.y').data;
    y.backward(c.dy());
  }
  const data = y.data();
  step.close();
  compare(c, 'output.y', await data, given);
  for (const n of names) {
    if (c.has(`grad.${n}`)) compare(c, `grad.${n}`, await inputs[n].grad!.data(), given);
    inputs[n].grad?.dispose();
    inputs[n].dispose();
  }
}

for (const c of goldenCases('special')) {
  if (c.name.startsWith('running')) continue;
  for (const variant of variantsOf(nameOf(c))) {
    test(`${c.name}${variant ? ` (${variant})` : ''}`, async () => {
      useVariant(variant);
      await check(c);
    });
  }
}

const FEW = 19; // values of generate.py's SPECIAL_FEW with their negatives

for (const c of goldenCases('special').filter((c) => c.has('input.b') && c.name !== 'where')) {
  test(`${c.name}, broadcast`, async () => {
    using _ = scope();
    const [a, b] = ['a', 'b'].map((n) => ops.reshape(c.input(n, false), [-1, FEW]));
    const y = call(c, { a: ops.slice(a, null, [0, 1]), b: ops.slice(b, [0, 1]) });
    const given = { a: c.raw('input.a').data, b: c.raw('input.b').data };
    compare(c, 'output.y', await y.data(), given);
  });
}

test('batch norm: NaN and infinity reach the running statistics', async () => {
  using _ = scope();
  const [fixed, training] = ['running_False', 'running_True'].map(
    (name) => goldenCases('special').find((c) => c.name === name)!,
  );
  const x = goldenCases('special')
    .find((c) => c.name === 'batchNorm_True')!
    .input('x', false);
  for (const [c, how] of [
    [fixed, { training: false }],
    [training, { training: true }],
  ] as const) {
    const [mean, variance] = [ops.zeros([8]), ops.ones([8])];
    ops.batchNorm(x, mean, variance, ops.ones([8]), ops.zeros([8]), how);
    for (const [key, t] of [
      ['running_mean', mean],
      ['running_var', variance],
    ] as const) {
      const [actual, expected] = [await t.data(), c.output(key).data];
      for (let i = 0; i < 8; i++) {
        const [a, e] = [actual[i], expected[i]];
        const same = Object.is(a, e) || Math.abs(a - e) <= 1e-6 * Math.max(1, Math.abs(e));
        if (!same) throw new Error(`${key}[${i}] is ${a}, expected ${e}`);
      }
    }
  }
});

test('a sum beside an infinity is infinite, and minus zero is zero to a condition', async () => {
  using _ = scope();
  const { POSITIVE_INFINITY: infinity } = Number;
  for (const at of [0, 1, 4, 8]) {
    const values = Array.from({ length: 9 }, (_, i) => (i === at ? infinity : i - 3));
    assert.is(await ops.sum(tensor(values)).item(), infinity, `at ${at}`);
    assert.is(await ops.mean(ops.neg(tensor(values))).item(), -infinity, `at ${at}`);
  }
  const chosen = ops.where(tensor([-0, 0, 1, Number.NaN]), ops.ones([4]), ops.zeros([4]));
  assert.equal([...(await chosen.data())], [0, 0, 1, 1]);
});

test('NaN is NaN whatever its other bits: with its sign set, and with the lowest alone', async () => {
  const odd = new Float32Array(Uint32Array.of(0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff).buffer);
  const of: Record<string, (x: Tensor) => Tensor> = {
    ...{ abs: ops.abs, clamp: (x) => ops.clamp(x, -1, 1), elu: ops.elu, exp: ops.exp, gelu: ops.gelu, log: ops.log },
    ...{ leakyRelu: ops.leakyRelu, relu: ops.relu, sigmoid: ops.sigmoid, silu: ops.silu, sin: ops.sin, sqrt: ops.sqrt },
    ...{
      softplus: ops.softplus,
      tanh: ops.tanh,
      maximum: (x) => ops.maximum(x, ops.zeros([4, 1])),
      minimum: (x) => ops.minimum(ops.zeros([4, 1]), x),
    },
    ...{
      amax: (x) => ops.amax(x, 1),
      amin: (x) => ops.amin(x, 1),
      sum: (x) => ops.sum(x, 1),
      norm: (x) => ops.norm(x, 1),
    },
    ...{ softmax: ops.softmax, logSoftmax: ops.logSoftmax },
  };
  using _ = scope();
  const x = tensor(odd, { shape: [4, 1] });
  for (const [name, op] of Object.entries(of)) {
    assert.equal([...(await op(x).data())], new Array(4).fill(Number.NaN), name);
  }
});

test.run();
