// Convolutions by the GPU's matrix units: pictures and filters with their channels innermost, so that eight halves of them are loaded at
// once, and gemm_matrix.wgsl, which gathers a picture's windows. The data gradient is a convolution, as in conv2d.ts.

import { release, scratch, type View, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { roundUp } from '../math.js';
import { asItIs, channelsLast } from './channels-last.js';
import {
  type ConvSize,
  IMAGE,
  images,
  inImage,
  outImage,
  reach,
  turnedAround,
  turnWeight,
  weightCount,
} from './conv-size.js';
import { gemmMatrix } from './gemm-matrix.js';
import { matrixTilings } from './matrix-tile.js';
import { sumSlices } from './sum-slices.js';
import { chooseTiling } from './tile.js';

/** Numbers that are loaded at once. */
const chunk = ({ elementBytes }: GpuBuffer): number => 16 / elementBytes;

/** Pictures with their channels innermost, each group's `kept` of them. */
interface Pictures {
  data: GpuBuffer;
  height: number;
  width: number;
  kept: number;
}

/** y = x ⋆ weight + bias. */
export function forwardByMatrices(
  x: GpuBuffer,
  weight: GpuBuffer,
  bias: GpuBuffer | null,
  y: GpuBuffer,
  s: ConvSize,
): void {
  const kept = roundUp(s.inChannels / s.groups, chunk(x));
  const filters = filtersOf(weight, s, kept);
  const { height, width } = reach(s);
  for (const w of windows(IMAGE, s.batch, inImage(s), outImage(s), s.groups * kept * height * width)) {
    const part = { ...s, batch: w.count };
    const pictures = padded(images(x, w, inImage(s)), part, kept);
    correlate(pictures, filters, bias, images(y, w, outImage(s)), part);
    release(pictures.data);
  }
  release(filters);
}

/** dx = the gradient with respect to x. */
export function gradInputByMatrices(dy: GpuBuffer, weight: GpuBuffer, dx: GpuBuffer, s: ConvSize): void {
  const kept = roundUp(s.outChannels / s.groups, chunk(dy));
  const turned = turnWeight(weight, s);
  const filters = filtersOf(turned, turnedAround(s), kept);
  release(turned);
  const height = s.inHeight + (s.kernelHeight - 1) * s.dilationY;
  const width = s.inWidth + (s.kernelWidth - 1) * s.dilationX;
  for (const w of windows(IMAGE, s.batch, inImage(s), outImage(s), s.groups * kept * height * width)) {
    const at = {
      ...{ batch: w.count, groups: s.groups, channels: s.outChannels / s.groups, kept },
      ...{ from: { height: s.outHeight, width: s.outWidth }, to: { height, width } },
      offsetY: (s.kernelHeight - 1) * s.dilationY - s.padTop,
      offsetX: (s.kernelWidth - 1) * s.dilationX - s.padLeft,
      ...{ stepY: s.strideY, stepX: s.strideX },
    };
    const data = channelsLast(images(dy, w, outImage(s)), at, 'conv2d: gradient, channels innermost');
    const part = turnedAround({ ...s, batch: w.count });
    correlate({ data, height, width, kept }, filters, null, images(dx, w, inImage(s)), part);
    release(data);
  }
  release(filters);
}

/** dweight = the gradient with respect to weight. */
export function gradWeightByMatrices(x: GpuBuffer, dy: GpuBuffer, dweight: GpuBuffer, s: ConvSize): void {
  const kept = roundUp(s.inChannels / s.groups, chunk(x));
  const keptOut = roundUp(s.outChannels / s.groups, chunk(x));
  const { height, width } = reach(s);
  const sizes = [s.groups * kept * height * width, s.groups * keptOut * s.outHeight * s.outWidth];
  const cut = windows(IMAGE, s.batch, inImage(s), outImage(s), ...sizes);
  const sums = cut.length === 1 ? dweight : scratch(weightCount(s), 'conv2d: sums of windows');
  for (const w of cut) {
    const part = { ...s, batch: w.count };
    const pictures = padded(images(x, w, inImage(s)), part, kept);
    const at = { batch: w.count, groups: s.groups, channels: s.outChannels / s.groups, kept: keptOut };
    const plane = asItIs(s.outHeight, s.outWidth);
    const gradient = channelsLast(
      images(dy, w, outImage(s)),
      { ...plane, ...at },
      'conv2d: gradient, channels innermost',
    );
    correlateWithGradient(pictures, { data: gradient, kept: keptOut }, sums, part, w.start > 0);
    release(pictures.data);
    release(gradient);
  }
  if (sums === dweight) return;
  sumSlices(sums, dweight, { count: weightCount(s), slices: 1 });
  release(sums);
}

/** An input with its padding in place. */
function padded(x: View, s: ConvSize, kept: number): Pictures {
  const to = reach(s);
  const at = {
    ...{ batch: s.batch, groups: s.groups, channels: s.inChannels / s.groups, kept },
    ...{ from: { height: s.inHeight, width: s.inWidth }, to },
    ...{ offsetY: s.padTop, offsetX: s.padLeft, stepY: 1, stepX: 1 },
  };
  return { data: channelsLast(x, at, 'conv2d: pictures, channels innermost'), ...to, kept };
}

/** A filter for each output channel, its own channels innermost. */
function filtersOf(weight: GpuBuffer, s: ConvSize, kept: number): GpuBuffer {
  const at = { batch: s.outChannels, groups: 1, channels: s.inChannels / s.groups, kept };
  return channelsLast(
    weight,
    { ...asItIs(s.kernelHeight, s.kernelWidth), ...at },
    'conv2d: filters, channels innermost',
  );
}

/** Where a pixel of the output starts in pictures, as three digits: along a row, down the rows, picture by picture. */
function pixelSteps({ height, width, kept }: Pictures, s: ConvSize) {
  const pixel = s.groups * kept;
  return {
    first: s.outWidth,
    second: s.outHeight,
    step: s.strideX * pixel,
    step_second: s.strideY * width * pixel,
    step_third: height * width * pixel,
  };
}

/** The same of a filter's number: its channel, its column and its row. */
function tapSteps({ width, kept }: Pictures, s: ConvSize) {
  const pixel = s.groups * kept;
  return {
    first: kept,
    second: s.kernelWidth,
    step: 1,
    step_second: s.dilationX * pixel,
    step_third: s.dilationY * width * pixel,
  };
}

/** Digits as the kernel's parameters for k or for columns. */
function digits<Of extends 'k' | 'column'>(of: Of, steps: ReturnType<typeof pixelSteps>) {
  return Object.fromEntries(Object.entries(steps).map(([name, value]) => [`${of}_${name}`, value])) as Record<
    `${Of}_${keyof typeof steps}`,
    number
  >;
}

function correlate(x: Pictures, filters: GpuBuffer, bias: GpuBuffer | null, y: View, s: ConvSize): void {
  const { elementBytes } = filters;
  const rows = s.outChannels / s.groups;
  const plane = s.outHeight * s.outWidth;
  const area = s.kernelHeight * s.kernelWidth;
  const [columns, depth] = [s.batch * plane, area * x.kept];
  const product = { rows, columns, depth, batches: s.groups, elementBytes };
  const params = {
    ...{ m: rows, n: columns, k: depth, batch: s.groups },
    ...{ a_row: depth, a_k: 1, a_batch: rows * depth },
    ...{ b_k: 0, b_column: 0, b_batch: x.kept, ...digits('k', tapSteps(x, s)), ...digits('column', pixelSteps(x, s)) },
    ...{ c_row: plane, c_batch: rows * plane, c_first: plane, c_kept: plane, c_step: 1, c_step_second: outImage(s) },
  };
  gemmMatrix({ a: filters, b: x.data, bias: bias ?? filters, c: y }, params, {
    tiling: chooseTiling(product, matrixTilings(product)),
    layout: {
      ...{ aAlongK: true, bAlongK: true, alignedA: true, alignedB: true },
      wideC: plane % 4 === 0 && y.offset % 4 === 0,
      bias: bias ? 'rows' : 'none',
    },
    flops: (2 * s.outChannels * columns * area * s.inChannels) / s.groups,
    what: 'conv2d',
  });
}

function correlateWithGradient(
  x: Pictures,
  dy: Pick<Pictures, 'data' | 'kept'>,
  dweight: GpuBuffer,
  s: ConvSize,
  accumulate: boolean,
): void {
  const { elementBytes } = dy.data;
  const rows = s.outChannels / s.groups;
  const channels = s.inChannels / s.groups;
  const area = s.kernelHeight * s.kernelWidth;
  const [columns, depth] = [area * x.kept, s.batch * s.outHeight * s.outWidth];
  const product = { rows, columns, depth, batches: s.groups, splits: true, elementBytes };
  const params = {
    ...{ m: rows, n: columns, k: depth, batch: s.groups },
    ...{ a_row: 1, a_k: s.groups * dy.kept, a_batch: dy.kept },
    ...{ b_k: 0, b_column: 0, b_batch: x.kept, ...digits('k', pixelSteps(x, s)), ...digits('column', tapSteps(x, s)) },
    ...{ c_row: channels * area, c_batch: rows * channels * area },
    ...{ c_first: x.kept, c_kept: channels, c_step: area, c_step_second: 1 },
  };
  gemmMatrix({ a: dy.data, b: x.data, bias: dy.data, c: view(dweight, 0, s.groups * params.c_batch) }, params, {
    tiling: chooseTiling(product, matrixTilings(product)),
    layout: { aAlongK: false, bAlongK: false, alignedA: true, alignedB: true, wideC: false, accumulate },
    flops: 2 * s.outChannels * channels * area * depth,
    what: 'conv2d',
  });
}
