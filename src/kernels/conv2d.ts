import { release, run, scratch, type View, view } from '../device/commands.js';
import type { Slots } from '../device/pipeline.js';
import type { GpuBuffer } from '../device/pool.js';
import { launchPolicy } from '../device/runtime.js';
import { windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
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
import { forwardByMatrices, gradInputByMatrices, gradWeightByMatrices } from './conv2d-matrix.js';
import { pad2d } from './pad2d.js';
import { sharedTilings } from './shared-tile.js';
import {
  conv2d_grad_input as gradInputPlain,
  conv2d_grad_weight as gradWeightPlain,
  conv2d_grad_weight_shared as gradWeightShared,
  conv2d_grad_weight_subgroup as gradWeightSubgroup,
  conv2d_grad_weight_tiled as gradWeightTiled,
  conv2d as plain,
  conv2d_shared as shared,
  conv2d_subgroup as subgroup,
  conv2d_tiled as tiled,
} from './sources.gen.js';
import { sumSlices } from './sum-slices.js';
import { chooseTiling, forcedVariant, matrixWanted, sharedWanted } from './tile.js';

export type { ConvSize } from './conv-size.js';

/** Whether matrix units multiply these: both of one type, for which the device has them. */
function byMatrices(a: GpuBuffer, b: GpuBuffer): boolean {
  return a.elementBytes === b.elementBytes && matrixWanted(a);
}

/** y = x ⋆ weight + bias. */
export function conv2dForward(
  x: GpuBuffer,
  weight: GpuBuffer,
  bias: GpuBuffer | null,
  y: GpuBuffer,
  size: ConvSize,
): void {
  if (byMatrices(x, weight)) {
    forwardByMatrices(x, weight, bias, y, size);
    return;
  }
  const padded = reach(size);
  for (const w of windows(
    IMAGE,
    size.batch,
    inImage(size),
    outImage(size),
    size.inChannels * padded.height * padded.width,
  )) {
    const part = { ...size, batch: w.count };
    const xs = images(x, w, inImage(size));
    const ys = images(y, w, outImage(size));
    if (forcedVariant() === 'plain') {
      const params = { ...plainParams(part), has_bias: Number(bias !== null) };
      const groups = ceilDiv(w.count * outImage(size), 64);
      run(plain, { x: xs, weight, bias: bias ?? weight, y: ys }, params, { groups });
    } else {
      withPadding(xs, part, (padding) => correlate(padding, weight, bias, ys, part));
    }
  }
}

/** dx = the gradient with respect to x. */
export function conv2dGradInput(dy: GpuBuffer, weight: GpuBuffer, dx: GpuBuffer, size: ConvSize): void {
  if (byMatrices(dy, weight)) {
    gradInputByMatrices(dy, weight, dx, size);
    return;
  }
  const height = size.inHeight + (size.kernelHeight - 1) * size.dilationY;
  const width = size.inWidth + (size.kernelWidth - 1) * size.dilationX;
  const turned = forcedVariant() === 'plain' ? null : turnWeight(weight, size);
  for (const w of windows(IMAGE, size.batch, inImage(size), outImage(size), size.outChannels * height * width)) {
    const part = { ...size, batch: w.count };
    const dys = images(dy, w, outImage(size));
    const dxs = images(dx, w, inImage(size));
    if (!turned) {
      const groups = ceilDiv(w.count * inImage(size), 64);
      run(gradInputPlain, { dy: dys, weight, dx: dxs }, plainParams(part), { groups });
      continue;
    }
    // A convolution of dy, its pixels a stride apart, with the weight turned around and its channels exchanged.
    const dilated = scratch(w.count * size.outChannels * height * width, 'conv2d padding', dy.elementBytes);
    pad2d(dys, dilated, {
      planes: w.count * size.outChannels,
      from: { height: size.outHeight, width: size.outWidth },
      to: { height, width },
      offsetY: (size.kernelHeight - 1) * size.dilationY - size.padTop,
      offsetX: (size.kernelWidth - 1) * size.dilationX - size.padLeft,
      stepY: size.strideY,
      stepX: size.strideX,
    });
    correlate({ data: dilated, height, width }, turned, null, dxs, turnedAround(part));
    release(dilated);
  }
  if (turned) release(turned);
}

/** dweight = the gradient with respect to weight. */
export function conv2dGradWeight(x: GpuBuffer, dy: GpuBuffer, dweight: GpuBuffer, size: ConvSize): void {
  if (byMatrices(x, dy)) {
    gradWeightByMatrices(x, dy, dweight, size);
    return;
  }
  const padded = reach(size);
  const count = weightCount(size);
  const cut = windows(IMAGE, size.batch, inImage(size), outImage(size), size.inChannels * padded.height * padded.width);
  const plan = cut.map((w) => ({ w, slices: forcedVariant() === 'plain' ? 1 : slicesOf({ ...size, batch: w.count }) }));
  const total = plan.reduce((sum, { slices }) => sum + slices, 0);
  const partial = total === 1 ? dweight : scratch(total * count, 'conv2d partial weight gradients');
  let first = 0;
  for (const { w, slices } of plan) {
    const part = { ...size, batch: w.count };
    const xs = images(x, w, inImage(size));
    const dys = images(dy, w, outImage(size));
    const into = view(partial, first * count, slices * count);
    first += slices;
    if (forcedVariant() === 'plain') {
      run(gradWeightPlain, { x: xs, dy: dys, dweight: into }, plainParams(part), { groups: ceilDiv(count, 64) });
    } else {
      withPadding(xs, part, (padding) => correlateWithGradient(padding, dys, into, part, slices));
    }
  }
  if (total === 1) return;
  sumSlices(partial, dweight, { count, slices: total });
  release(partial);
}

/** An input with its padding in place. */
interface Padded {
  data: GpuBuffer | View;
  height: number;
  width: number;
}

function withPadding(x: View, size: ConvSize, use: (padded: Padded) => void): void {
  const { height, width } = reach(size);
  const { inHeight, inWidth, padTop, padLeft } = size;
  if (padTop === 0 && padLeft === 0 && height <= inHeight && width <= inWidth) {
    use({ data: x, height: inHeight, width: inWidth });
    return;
  }
  const planes = size.batch * size.inChannels;
  const data = scratch(planes * height * width, 'conv2d padding', x.buffer.elementBytes);
  const from = { height: inHeight, width: inWidth };
  pad2d(x, data, { planes, from, to: { height, width }, offsetY: padTop, offsetX: padLeft, stepY: 1, stepX: 1 });
  use({ data, height, width });
  release(data);
}

function correlate(x: Padded, weight: GpuBuffer, bias: GpuBuffer | null, y: View, s: ConvSize): void {
  const rows = s.outChannels / s.groups;
  const columns = s.batch * s.outHeight * s.outWidth;
  const depth = (s.inChannels / s.groups) * s.kernelHeight * s.kernelWidth;
  const alignedA = depth % 4 === 0;
  const { variant, slots, row_tiles, column_tiles, groups } = chooseTiling({
    ...{ rows, columns, depth, batches: s.groups, alignedA },
  });
  const params = {
    ...{ rows, columns, row_tiles, column_tiles },
    ...sharedParams(x, s),
    kernel_h: s.kernelHeight,
    has_bias: Number(bias !== null),
  };
  const buffers = { x: x.data, weight, bias: bias ?? weight, y };
  const inFours = alignedA && { A: 'vec4<T>', load_weight: 'vec4f(weight[(at + k.x) / 4u])' };
  const flops = 2 * s.groups * rows * columns * depth;
  if (variant === 'shared') run(shared, buffers, params, { slots: { ...slots, ...weightIn(depth) }, groups, flops });
  else if (variant === 'tiled') run(tiled, buffers, params, { slots, groups, flops });
  else run(subgroup, buffers, params, { slots: { ...slots, ...inFours }, groups, flops });
}

/** How conv2d_shared.wgsl loads four numbers of a weight's row: at once where rows are aligned, and never past its end. */
function weightIn(depth: number): Slots {
  if (depth % 4 === 0) return {};
  const each = [0, 1, 2, 3].map((i) => `weight[min(at + ${i}u, arrayLength(&weight) - 1u)]`);
  return { RAGGED: 'true', W: 'T', load_weight: `vec4f(vec4<T>(${each.join(', ')}))` };
}

function correlateWithGradient(x: Padded, dy: View, partial: View, s: ConvSize, slices: number): void {
  const { rows, columns } = gradWeightMatrix(s);
  const depth = s.outHeight * s.outWidth;
  const images_per_slice = ceilDiv(s.batch, slices);
  const alignedA = depth % 4 === 0 && dy.offset % 4 === 0;
  const { variant, slots, row_tiles, column_tiles, groups } = chooseTiling({
    ...{ rows, columns, depth, runs: images_per_slice, batches: s.groups * slices, alignedA },
  });
  const params = {
    ...{ rows, columns, row_tiles, column_tiles },
    ...sharedParams(x, s),
    ...{ batch: s.batch, slices, images_per_slice },
    kernel_area: s.kernelHeight * s.kernelWidth,
  };
  const buffers = { x: x.data, dy, partial };
  const inFours = alignedA && { A: 'vec4<T>', load_dy: 'vec4f(dy[(at + k.x) / 4u])' };
  const flops = 2 * s.groups * rows * columns * depth * s.batch;
  const all = { ...params, out_h: s.outHeight };
  if (variant === 'shared') run(gradWeightShared, buffers, all, { slots, groups, flops });
  else if (variant === 'tiled') run(gradWeightTiled, buffers, all, { slots, groups, flops });
  else run(gradWeightSubgroup, buffers, params, { slots: { ...slots, ...inFours }, groups, flops });
}

function gradWeightMatrix(s: ConvSize): { rows: number; columns: number } {
  return { rows: s.outChannels / s.groups, columns: (s.inChannels / s.groups) * s.kernelHeight * s.kernelWidth };
}

/** Into how many runs of images a weight gradient is split, so that all of the adapter has work. */
function slicesOf(s: ConvSize): number {
  const { rows, columns } = gradWeightMatrix(s);
  if (sharedWanted()) {
    const depth = s.outHeight * s.outWidth;
    const [{ slices }] = sharedTilings({ rows, columns, depth, runs: s.batch, batches: s.groups, splits: true });
    return ceilDiv(s.batch, ceilDiv(s.batch, Math.min(s.batch, slices)));
  }
  const { lanes, enough } = launchPolicy();
  const tiles = s.groups * ceilDiv(rows, 8) * ceilDiv(columns, 8 * lanes);
  const wanted = ceilDiv(enough, tiles);
  const imagesPerSlice = ceilDiv(s.batch, Math.min(s.batch, wanted));
  return ceilDiv(s.batch, imagesPerSlice);
}

function sharedParams(x: Padded, s: ConvSize) {
  return {
    conv_groups: s.groups,
    channels: s.inChannels / s.groups,
    kernel_w: s.kernelWidth,
    in_w: x.width,
    in_plane: x.height * x.width,
    in_image: s.inChannels * x.height * x.width,
    out_w: s.outWidth,
    out_plane: s.outHeight * s.outWidth,
    out_image: outImage(s),
    stride_y: s.strideY,
    stride_x: s.strideX,
    dilation_y: s.dilationY,
    dilation_x: s.dilationX,
  };
}

function plainParams(s: ConvSize) {
  return {
    batch: s.batch,
    in_channels: s.inChannels,
    in_h: s.inHeight,
    in_w: s.inWidth,
    out_channels: s.outChannels,
    out_h: s.outHeight,
    out_w: s.outWidth,
    kernel_h: s.kernelHeight,
    kernel_w: s.kernelWidth,
    stride_y: s.strideY,
    stride_x: s.strideX,
    pad_top: s.padTop,
    pad_left: s.padLeft,
    dilation_y: s.dilationY,
    dilation_x: s.dilationX,
    conv_groups: s.groups,
  };
}
