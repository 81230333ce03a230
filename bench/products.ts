// Matrix products and convolutions: square ones, skinny ones, and AlexNet's, of f32 or of f16. Checked against the plain kernels.

import { read, release, scratch } from '../src/device/commands.js';
import type { GpuBuffer } from '../src/device/pool.js';
import { fromHalves } from '../src/half.js';
import { type ConvSize, conv2dForward, conv2dGradInput, conv2dGradWeight } from '../src/kernels/conv2d.js';
import { type GemmSize, gemm } from '../src/kernels/gemm.js';
import { forcedVariant, forceVariant } from '../src/kernels/tile.js';
import { type Case, filled, mustAgree, type PeerJob } from './case.js';

interface Product {
  name: string;
  flops: number;
  inputs: number[];
  output: number;
  launch(inputs: GpuBuffer[], output: GpuBuffer): void;
  peer: PeerJob;
}

type ElementBytes = 2 | 4;

/** Peers compute in f32, and get no cases of halves. */
function asCase(of: string, size: ElementBytes, { name: short, flops, inputs, output, launch, peer }: Product): Case {
  const half = size === 2;
  const [group, name] = half ? [`${of}, f16`, `${short} f16`] : [of, short];
  const bytes = size * [...inputs, output].reduce((a, b) => a + b, 0);
  const buffers = () => ({
    from: inputs.map((count, i) => filled(count, i + 1, size)),
    to: scratch(output, name, size),
  });
  const numbersOf = async (buffer: GpuBuffer) => {
    const raw = await read(buffer, 4 * Math.ceil((output * size) / 4));
    return half ? fromHalves(new Uint16Array(raw, 0, output)) : new Float32Array(raw);
  };
  return {
    ...{ group, name, flops, bytes, peer: half ? undefined : peer },
    async check() {
      const { from, to } = buffers();
      const chosen = forcedVariant();
      launch(from, to);
      const actual = await numbersOf(to);
      forceVariant('plain');
      launch(from, to);
      const expected = await numbersOf(to);
      forceVariant(chosen);
      [...from, to].forEach(release);
      mustAgree(actual, expected, half ? 2e-3 : undefined);
    },
    prepare() {
      const { from, to } = buffers();
      return { run: () => launch(from, to), release: () => [...from, to].forEach(release) };
    },
  };
}

function product(group: string, name: string, size: GemmSize, elementBytes: ElementBytes): Case {
  const { m, n, k, transA = false, transB = false } = size;
  return asCase(group, elementBytes, {
    ...{ name, flops: 2 * m * n * k, inputs: [m * k, k * n], output: m * n },
    launch: ([a, b], c) => gemm(a, b, c, size),
    peer: { kind: 'gemm', m, n, k, transA, transB },
  });
}

/** A dense layer's three products. */
function dense(name: string, batch: number, [inFeatures, outFeatures]: [number, number], of: ElementBytes): Case[] {
  const group = `dense layers, batch ${batch}`;
  const one = (what: string, size: GemmSize) => product(group, `${name} ${what}, batch ${batch}`, size, of);
  return [
    one('forward', { m: batch, n: outFeatures, k: inFeatures, transB: true }),
    one('dx', { m: batch, n: inFeatures, k: outFeatures }),
    one('dweight', { m: outFeatures, n: inFeatures, k: batch, transA: true }),
  ];
}

export function gemmCases(software: boolean, of: ElementBytes = 4): Case[] {
  const sides = software ? [128, 256, 512, 1024, 2048] : [128, 256, 512, 1024, 2048, 4096];
  const batches = software ? [1, 8] : [1, 8, 128];
  const gemmOf = (name: string, size: GemmSize) => product('GEMM', `gemm ${name}`, size, of);
  return [
    ...sides.map((n) => gemmOf(`${n} NN`, { m: n, n, k: n })),
    ...[512, 1024].flatMap((n) => [
      gemmOf(`${n} NT`, { m: n, n, k: n, transB: true }),
      gemmOf(`${n} TN`, { m: n, n, k: n, transA: true }),
    ]),
    gemmOf('1000 x 999 x 1001', { m: 1000, n: 999, k: 1001 }),
    gemmOf('4096 x 16 x 4096', { m: 4096, n: 16, k: 4096 }),
    ...batches.flatMap((batch) => [
      ...dense('fc6', batch, [9216, 4096], of),
      ...dense('fc7', batch, [4096, 4096], of),
      ...dense('fc8', batch, [4096, 1000], of),
    ]),
  ];
}

interface Layer {
  name: string;
  side: number;
  inChannels: number;
  outChannels: number;
  kernel: number;
  stride: number;
  pad: number;
  groups: number;
}

/** AlexNet's convolutions, as in the paper. */
const LAYERS: Layer[] = [
  { name: 'conv1', side: 227, inChannels: 3, outChannels: 96, kernel: 11, stride: 4, pad: 0, groups: 1 },
  { name: 'conv2', side: 27, inChannels: 96, outChannels: 256, kernel: 5, stride: 1, pad: 2, groups: 2 },
  { name: 'conv3', side: 13, inChannels: 256, outChannels: 384, kernel: 3, stride: 1, pad: 1, groups: 1 },
  { name: 'conv4', side: 13, inChannels: 384, outChannels: 384, kernel: 3, stride: 1, pad: 1, groups: 2 },
  { name: 'conv5', side: 13, inChannels: 384, outChannels: 256, kernel: 3, stride: 1, pad: 1, groups: 2 },
];

export function convCases(batch: number, of: ElementBytes = 4): Case[] {
  return LAYERS.flatMap((layer) => {
    const { name, side, inChannels, outChannels, kernel, stride, pad, groups } = layer;
    const out = Math.floor((side + 2 * pad - kernel) / stride) + 1;
    const size: ConvSize = {
      ...{ batch, inChannels, outChannels, inHeight: side, inWidth: side, outHeight: out, outWidth: out },
      ...{ kernelHeight: kernel, kernelWidth: kernel, strideY: stride, strideX: stride, padTop: pad, padLeft: pad },
      ...{ dilationY: 1, dilationX: 1, groups },
    };
    const x = batch * inChannels * side ** 2;
    const y = batch * outChannels * out ** 2;
    const weight = (outChannels * inChannels * kernel ** 2) / groups;
    const flops = (2 * y * weight) / outChannels;
    const group = `convolutions, batch ${batch}`;
    const job = (kind: string) => ({ kind, batch, inChannels, side, outChannels, kernel, stride, pad, groups });
    const forward = asCase(group, of, {
      ...{ name: `${name} forward`, flops, inputs: [x, weight], output: y, peer: job('conv_forward') },
      launch: ([a, b], c) => conv2dForward(a, b, null, c, size),
    });
    const dx = asCase(group, of, {
      ...{ name: `${name} dx`, flops, inputs: [y, weight], output: x, peer: job('conv_dx') },
      launch: ([a, b], c) => conv2dGradInput(a, b, c, size),
    });
    const dweight = asCase(group, of, {
      ...{ name: `${name} dweight`, flops, inputs: [x, y], output: weight, peer: job('conv_dweight') },
      launch: ([a, b], c) => conv2dGradWeight(a, b, c, size),
    });
    return stride === 1 ? [forward, dx, dweight] : [forward, dweight]; // the first layer's input needs no gradient
  });
}
