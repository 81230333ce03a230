// Layers without weights, normalization, losses, optimizers: what memory bounds. Checked against float64 loops at a
// small size.
import {
  Adam,
  batchNorm,
  crossEntropy,
  dropout,
  localResponseNorm,
  maxPool2d,
  noGrad,
  ones,
  parameter,
  relu,
  SGD,
  scope,
  sum,
  type Tensor,
  tensor,
  zeros,
} from '../src/index.js';
import * as reference from '../test/support/reference.js';
import { type Case, mustAgree, numbers, type PeerJob } from './case.js';

type Shape = readonly number[];
type Loops = (x: reference.Dense, y: Shape) => ArrayLike<number>;

interface Op {
  group: string;
  name: string;
  shape: Shape;
  op(x: Tensor): Tensor;
  /** In float64, and the shape it is checked at; without them the answer is checked by `check`. */
  loops?: Loops;
  small?: Shape;
  check?(): Promise<void>;
  peer?: { forward?: PeerJob; grad?: PeerJob };
}

type SyncCase = Omit<Case, 'prepare'> & { prepare(): { run(): void; release(): void } };

const count = (shape: Shape) => shape.reduce((a, b) => a * b, 1);
const random = (shape: Shape, seed: number) => tensor(numbers(count(shape), seed), { shape, requiresGrad: true });

/** Forward and gradient of one op. */
function bothWays({ group, name, shape, op, loops, small = shape, check, peer }: Op): SyncCase[] {
  const outSize = () => {
    using _ = scope();
    return op(random(shape, 1)).size;
  };
  const checks = async () => {
    await check?.();
    if (!loops) return;
    using _ = scope();
    const x = random(small, 1);
    const y = op(x);
    const dy = numbers(y.size, 2);
    y.backward(tensor(dy, { shape: y.shape }));
    const dense = { shape: small, data: Float64Array.from(await x.data()) };
    mustAgree((await y.data()) as Float32Array, loops(dense, y.shape));
    const dx = reference.gradient((d) => loops(d, y.shape), dense, dy);
    mustAgree((await x.grad!.data()) as Float32Array, dx);
    x.grad!.dispose();
  };
  return [
    {
      ...{ group, name: `${name} forward`, peer: peer?.forward, check: checks },
      get bytes() {
        return 4 * (count(shape) + outSize());
      },
      prepare() {
        const kept = scope();
        const x = random(shape, 1);
        const run = () => {
          using _ = scope();
          noGrad(() => op(x)); // as the peers: nothing is kept for a gradient
        };
        return { run, release: () => kept.close() };
      },
    },
    {
      ...{ group, name: `${name} gradient`, peer: peer?.grad, check: checks },
      get bytes() {
        return 4 * (2 * count(shape) + outSize());
      },
      prepare() {
        const kept = scope();
        const x = random(shape, 1);
        const y = op(x);
        const dy = tensor(numbers(y.size, 2), { shape: y.shape });
        const clear = () => {
          x.grad?.dispose();
          x.grad = null;
        };
        const run = () => {
          clear();
          y.backward(dy);
        };
        return {
          run,
          release() {
            clear();
            kept.close();
          },
        };
      },
    },
  ];
}

function optimizer(
  name: string,
  size: number,
  make: (p: Tensor[]) => SGD | Adam,
  { words, kind }: { words: number; kind: string },
): Case {
  return {
    ...{ group: 'optimizers', name: `${name}, ${(size / 1e6).toFixed(1)} million`, bytes: 4 * words * size },
    peer: { kind, count: size },
    async check() {
      using _ = scope();
      const p = parameter(tensor([1, 2, 3]));
      p.grad = tensor([0.5, 0, -0.5]);
      const rule = make([p]);
      rule.step();
      const moved = (await p.data()) as Float32Array;
      if (!(moved[0] < 1 && moved[2] > 3)) throw new Error(`a step went the wrong way: ${moved}`);
      rule.dispose();
    },
    prepare() {
      const p = parameter(tensor(numbers(size, 1)));
      const gradient = tensor(numbers(size, 2));
      const rule = make([p]);
      const run = () => {
        p.grad = gradient;
        rule.step();
      };
      return {
        run,
        release() {
          rule.dispose(); // and the gradient with it
          p.dispose();
        },
      };
    },
  };
}

const POOL = { kernelSize: 3, stride: 2 };
const RESPONSE = { size: 5, alpha: 5e-4, beta: 0.75, k: 2 };

/** Shapes are AlexNet's. */
export function layerCases(batch: number): Case[] {
  return [
    ...pointwiseCases(batch),
    ...poolCases(batch),
    ...normalizationCases(batch),
    ...bothWays({
      ...{ group: 'reductions', name: 'sum of rows, 4096 x 1024', shape: [4096, 1024], small: [5, 37] },
      op: (x) => sum(x, 1),
      loops: ({ data }) => Array.from({ length: 5 }, (_, r) => total(Array.from(data).slice(37 * r, 37 * r + 37))),
      peer: { forward: { kind: 'reduce_sum', rows: 4096, columns: 1024 } },
    }),
    crossEntropyCase(128, 1000),
    optimizer('SGD with momentum', 2 ** 24, (p) => new SGD(p, { lr: 0.01, momentum: 0.9, weightDecay: 5e-4 }), {
      ...{ words: 5, kind: 'sgd_step' },
    }),
    optimizer('Adam', 2 ** 24, (p) => new Adam(p), { words: 7, kind: 'adam_step' }),
  ];
}

const total = (values: number[]) => values.reduce((a, b) => a + b);

function pointwiseCases(batch: number): Case[] {
  const shape = [batch, 96, 55, 55];
  const hidden = 2 ** 21;
  const rectified = bothWays({
    ...{ group: 'pointwise', name: 'relu', shape, op: relu, small: [1000] },
    loops: ({ data }) => Array.from(data, (v) => Math.max(v, 0)),
    peer: {
      forward: { kind: 'relu_forward', count: count(shape) },
      grad: { kind: 'relu_grad', count: count(shape) },
    },
  });
  const dropped = bothWays({
    ...{ group: 'pointwise', name: 'dropout 0.5', shape: [hidden], op: (x) => dropout(x, 0.5) },
    async check() {
      using _ = scope();
      const y = (await dropout(ones([100_000]), 0.5).data()) as Float32Array;
      const kept = y.filter((v) => v === 2).length;
      if (kept + y.filter((v) => v === 0).length !== 100_000 || Math.abs(kept - 50_000) > 800) {
        throw new Error(`${kept} of 100,000 were kept`);
      }
    },
    peer: { forward: { kind: 'dropout_forward', count: hidden, p: 0.5 } },
  });
  return [...rectified, ...dropped];
}

function poolCases(batch: number): Case[] {
  const layers = [
    [1, 96, 55],
    [2, 256, 27],
    [5, 256, 13],
  ];
  return layers.flatMap(([i, channels, side]) => {
    const job = { batch, channels, side, kernel: 3, stride: 2 };
    return bothWays({
      ...{ group: 'pooling', name: `max pool ${i}, 3x3 / 2`, shape: [batch, channels, side, side] },
      op: (x) => maxPool2d(x, POOL),
      loops: (x, y) => reference.maxPool2d(x, POOL, y[2], y[3]),
      small: [1, 2, 13, 13],
      peer: { forward: { kind: 'pool_forward', ...job }, grad: { kind: 'pool_grad', ...job } },
    });
  });
}

function normalizationCases(batch: number): Case[] {
  const layers = [
    [1, 96, 55],
    [2, 256, 27],
  ];
  return layers.flatMap(([i, channels, side]) => {
    const job = { batch, channels, side };
    const shape = [batch, channels, side, side];
    const response = { ...job, ...RESPONSE };
    return [
      ...bothWays({
        ...{ group: 'normalization', name: `local response norm ${i}`, shape, small: [1, 11, 3, 3] },
        op: (x) => localResponseNorm(x, RESPONSE),
        loops: (x) => reference.localResponseNorm(x, RESPONSE),
        peer: { forward: { kind: 'lrn_forward', ...response }, grad: { kind: 'lrn_grad', ...response } },
      }),
      ...bothWays({
        ...{ group: 'normalization', name: `batch norm ${i}, training`, shape, small: [2, 3, 4, 5], op: normalize },
        loops: (x) => reference.batchNorm(x, [1, 1, 1], [0, 0, 0], 1e-5),
        peer: { forward: { kind: 'batchnorm_forward', ...job }, grad: { kind: 'batchnorm_grad', ...job } },
      }),
    ];
  });
}

/** Batch norm with its statistics and a weight and bias that want gradients, made anew: they are small. */
function normalize(x: Tensor): Tensor {
  const channels = [x.shape[1]];
  const [weight, bias] = [ones(channels), zeros(channels)];
  weight.requiresGrad = bias.requiresGrad = true;
  return batchNorm(x, zeros(channels), ones(channels), weight, bias, { training: true });
}

function crossEntropyCase(batch: number, classes: number): Case {
  const shape = [batch, classes];
  const target = Int32Array.from({ length: batch }, (_, i) => (i * 37) % classes);
  const cases = bothWays({
    ...{ group: 'losses', name: 'cross entropy', shape, small: [3, 7] },
    op: (x) => crossEntropy(x, tensor(target.slice(0, x.shape[0]).map((t) => t % x.shape[1]))),
    loops: (x) =>
      reference.crossEntropy(
        x,
        Array.from(target.slice(0, 3), (t) => t % 7),
      ),
  });
  const [forward, gradient] = cases;
  return {
    ...{ group: 'losses', name: `cross entropy and gradient, ${batch} x ${classes}` },
    ...{ bytes: 4 * 3 * count(shape), check: forward.check, peer: { kind: 'cross_entropy', batch, classes } },
    prepare() {
      const [f, g] = [forward.prepare(), gradient.prepare()];
      return {
        run() {
          f.run();
          g.run();
        },
        release() {
          g.release(); // scopes close inside out
          f.release();
        },
      };
    },
  };
}
