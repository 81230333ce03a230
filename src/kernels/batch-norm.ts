import { release, run, scratch, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { type Window, windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { lanesFor, shareRows } from './lanes.js';
import {
  batch_norm_combine as combineShader,
  batch_norm_combine_shared as combineShared,
  batch_norm_grad as gradShader,
  batch_norm_grad_sums as gradSumsShader,
  batch_norm_grad_sums_shared as gradSumsShared,
  batch_norm as shader,
  batch_norm_stats as statsShader,
  batch_norm_stats_shared as statsShared,
} from './sources.gen.js';
import { sumSlices } from './sum-slices.js';

/** x (batch, channels, plane). */
export interface BatchNormSize {
  batch: number;
  channels: number;
  plane: number;
}

const images = (buffer: GpuBuffer, w: Window, perImage: number) => view(buffer, w.start * perImage, w.count * perImage);
const windowsOf = (s: BatchNormSize) => windows('batchNorm: an image of all channels', s.batch, s.channels * s.plane);

/** Elements of a plane that one thread handles, so that what belongs to the channel is read once for all of them. */
const ELEMENTS_PER_THREAD = 16;

const sharesOf = (w: Window, s: BatchNormSize) => ({
  planes: w.count * s.channels,
  shares: ceilDiv(s.plane, ELEMENTS_PER_THREAD),
});

/** Slots and groups of the kernels whose lanes share planes. */
const sharedLaunch = (planes: number, { lanes, rows }: { lanes: number; rows: number }) => ({
  slots: { LANES: lanes, PLANES: rows },
  groups: ceilDiv(planes, rows),
});

/** What the kernels normalize by, (channels) each. */
export interface Statistics {
  mean: GpuBuffer;
  inverseStd: GpuBuffer;
}

/** The batch's own statistics, and the running ones moved towards them. */
export function batchNormStatistics(
  x: GpuBuffer,
  { mean, inverseStd }: Statistics,
  running: { mean: GpuBuffer; variance: GpuBuffer },
  s: BatchNormSize,
  { eps, momentum }: { eps: number; momentum: number },
): void {
  const means = scratch(s.batch * s.channels, 'batch norm means');
  const deviations = scratch(s.batch * s.channels, 'batch norm deviations');
  for (const w of windowsOf(s)) {
    const planes = w.count * s.channels;
    const buffers = {
      x: images(x, w, s.channels * s.plane),
      means: images(means, w, s.channels),
      deviations: images(deviations, w, s.channels),
    };
    const params = { planes, plane: s.plane };
    const shared = shareRows(planes, s.plane);
    if (shared) run(statsShared, buffers, params, sharedLaunch(planes, shared));
    else run(statsShader, buffers, params, { groups: ceilDiv(planes, 64) });
  }
  const buffers = {
    means,
    deviations,
    mean,
    inverse_std: inverseStd,
    running_mean: running.mean,
    running_var: running.variance,
  };
  const params = { channels: s.channels, batch: s.batch, plane: s.plane, eps, momentum };
  const LANES = lanesFor(s.batch);
  if (LANES > 0) run(combineShared, buffers, params, { slots: { LANES }, groups: s.channels });
  else run(combineShader, buffers, params, { groups: ceilDiv(s.channels, 64) });
  release(means);
  release(deviations);
}

export interface Affine {
  weight: GpuBuffer;
  bias: GpuBuffer;
}

/** y = (x - mean) * inverseStd * weight + bias. */
export function batchNorm(
  x: GpuBuffer,
  y: GpuBuffer,
  stats: Statistics,
  { weight, bias }: Affine,
  s: BatchNormSize,
): void {
  const perImage = s.channels * s.plane;
  for (const w of windowsOf(s)) {
    const buffers = {
      x: images(x, w, perImage),
      mean: stats.mean,
      inverse_std: stats.inverseStd,
      weight,
      bias,
      y: images(y, w, perImage),
    };
    const { planes, shares } = sharesOf(w, s);
    const params = { planes, channels: s.channels, plane: s.plane, shares };
    run(shader, buffers, params, { groups: ceilDiv(planes * shares, 64) });
  }
}

/** dweight and dbias (channels). */
export function batchNormGradParams(
  x: GpuBuffer,
  dy: GpuBuffer,
  stats: Statistics,
  { weight: dweight, bias: dbias }: Affine,
  s: BatchNormSize,
): void {
  const dySums = scratch(s.batch * s.channels, 'batch norm dy sums');
  const dotSums = scratch(s.batch * s.channels, 'batch norm dot sums');
  for (const w of windowsOf(s)) {
    const planes = w.count * s.channels;
    const buffers = {
      x: images(x, w, s.channels * s.plane),
      dy: images(dy, w, s.channels * s.plane),
      mean: stats.mean,
      inverse_std: stats.inverseStd,
      dy_sums: images(dySums, w, s.channels),
      dot_sums: images(dotSums, w, s.channels),
    };
    const params = { planes, channels: s.channels, plane: s.plane };
    const shared = shareRows(planes, s.plane);
    if (shared) run(gradSumsShared, buffers, params, sharedLaunch(planes, shared));
    else run(gradSumsShader, buffers, params, { groups: ceilDiv(planes, 64) });
  }
  sumSlices(dySums, dbias, { count: s.channels, slices: s.batch });
  sumSlices(dotSums, dweight, { count: s.channels, slices: s.batch });
  release(dySums);
  release(dotSums);
}

/** dx; with `fixed` statistics (evaluation) they do not depend on x. */
export function batchNormGradInput(
  { x, dy, dx, weight, dweight, dbias }: Record<'x' | 'dy' | 'dx' | 'weight' | 'dweight' | 'dbias', GpuBuffer>,
  stats: Statistics,
  s: BatchNormSize,
  fixed: boolean,
): void {
  const perImage = s.channels * s.plane;
  for (const w of windowsOf(s)) {
    const buffers = {
      x: images(x, w, perImage),
      dy: images(dy, w, perImage),
      mean: stats.mean,
      inverse_std: stats.inverseStd,
      weight,
      dweight,
      dbias,
      dx: images(dx, w, perImage),
    };
    const inverse_count = fixed ? 0 : 1 / (s.batch * s.plane);
    const { planes, shares } = sharesOf(w, s);
    const params = { planes, channels: s.channels, plane: s.plane, shares, inverse_count };
    run(gradShader, buffers, params, { groups: ceilDiv(planes * shares, 64) });
  }
}
