// npm run bench [-- WORD...]: GFLOP/s of the GEMM and convolution kernels, the median of several rounds by wall
// clock. Each answer is first compared with the plain kernel's: a wrong one is not timed.

import type { GpuBuffer } from '../src/device/pool.js';
import { read, release, scratch, upload } from '../src/device/recorder.js';
import { deviceInfo, init, sync } from '../src/index.js';
import { type ConvSize, conv2dForward, conv2dGradInput, conv2dGradWeight } from '../src/kernels/conv2d.js';
import { gemm } from '../src/kernels/gemm.js';
import { forceVariant } from '../src/kernels/tile.js';
import { convCases, gemmCases } from './cases.js';

const ROUNDS = 5;

interface Job {
  name: string;
  flops: number;
  inputs: number[];
  output: number;
  run(inputs: GpuBuffer[], output: GpuBuffer): void;
}

function jobs(): Job[] {
  const products = Object.entries(gemmCases).map(([name, size]): Job => {
    const { m, n, k } = size;
    return {
      ...{ name, flops: 2 * m * n * k, inputs: [m * k, k * n], output: m * n },
      run: ([a, b], c) => gemm(a, b, c, size),
    };
  });
  return [...products, ...Object.entries(convCases).flatMap(([name, size]) => convolutionJobs(name, size))];
}

function convolutionJobs(name: string, s: ConvSize): Job[] {
  const x = s.batch * s.inChannels * s.inHeight * s.inWidth;
  const y = s.batch * s.outChannels * s.outHeight * s.outWidth;
  const weight = (s.outChannels * s.inChannels * s.kernelHeight * s.kernelWidth) / s.groups;
  const flops = (2 * y * weight) / s.outChannels;
  const forward: Job = {
    ...{ name: `${name} forward`, flops, inputs: [x, weight], output: y },
    run: ([a, b], out) => conv2dForward(a, b, null, out, s),
  };
  const dx: Job = {
    ...{ name: `${name} dx`, flops, inputs: [y, weight], output: x },
    run: ([a, b], out) => conv2dGradInput(a, b, out, s),
  };
  const dweight: Job = {
    ...{ name: `${name} dweight`, flops, inputs: [x, y], output: weight },
    run: ([a, b], out) => conv2dGradWeight(a, b, out, s),
  };
  return s.strideY === 1 ? [forward, dx, dweight] : [forward, dweight]; // conv1's input needs no gradient
}

function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** The largest difference from the plain kernel, relative to the largest value. */
async function difference(job: Job, inputs: GpuBuffer[], output: GpuBuffer): Promise<number> {
  forceVariant('plain');
  job.run(inputs, output);
  const plain = new Float32Array(await read(output, job.output * 4));
  forceVariant(null);
  job.run(inputs, output);
  const tiled = new Float32Array(await read(output, job.output * 4));
  let [worst, scale] = [0, 0];
  for (let i = 0; i < plain.length; i++) {
    worst = Math.max(worst, Math.abs(tiled[i] - plain[i]));
    scale = Math.max(scale, Math.abs(plain[i]));
  }
  return worst / scale;
}

async function time(job: Job): Promise<string> {
  const inputs = job.inputs.map((count, i) => {
    const buffer = scratch(count, job.name);
    upload(buffer, numbers(count, i + 1));
    return buffer;
  });
  const output = scratch(job.output, job.name);
  const off = await difference(job, inputs, output);
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS && off < 1e-4; round++) {
    const start = performance.now();
    job.run(inputs, output);
    await sync();
    seconds.push((performance.now() - start) / 1000);
  }
  [...inputs, output].forEach(release);
  if (off >= 1e-4) return `${job.name.padEnd(16)} WRONG: off by ${off.toExponential(1)} from the plain kernel`;
  seconds.sort((a, b) => a - b);
  const median = seconds[ROUNDS >> 1];
  const rate = (job.flops / median / 1e9).toFixed(1).padStart(8);
  const spread = `${(1000 * seconds[0]).toFixed(1)} - ${(1000 * seconds[ROUNDS - 1]).toFixed(1)}`;
  return `${job.name.padEnd(16)}${rate} GFLOP/s   ${(1000 * median).toFixed(1).padStart(7)} ms  (${spread})`;
}

await init();
const words = process.argv.slice(2);
const chosen = jobs().filter((job) => words.length === 0 || words.some((w) => job.name.includes(w)));
console.log(`${deviceInfo().description}: medians of ${ROUNDS} rounds, wall clock, answers checked`);
for (const job of chosen) console.log(await time(job));
