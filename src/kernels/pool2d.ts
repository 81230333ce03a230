import { release, run, scratch, view } from '../device/commands.js';
import type { Slots } from '../device/pipeline.js';
import type { GpuBuffer } from '../device/pool.js';
import { launchPolicy } from '../device/runtime.js';
import { windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import {
  avg_pool2d_grad as avgGradShader,
  avg_pool2d as avgShader,
  max_pool2d_grad_blocks as maxGradBlocks,
  max_pool2d_grad as maxGradPlain,
  max_pool2d as maxShader,
} from './sources.gen.js';
import { forcedVariant, sharedWanted } from './tile.js';

/** Pooling of `planes` = batch * channels images. */
export interface PoolSize {
  planes: number;
  inHeight: number;
  inWidth: number;
  outHeight: number;
  outWidth: number;
  kernelHeight: number;
  kernelWidth: number;
  strideY: number;
  strideX: number;
  padY: number;
  padX: number;
}

const params = (s: PoolSize) => ({
  in_h: s.inHeight,
  in_w: s.inWidth,
  out_h: s.outHeight,
  out_w: s.outWidth,
  kernel_h: s.kernelHeight,
  kernel_w: s.kernelWidth,
  stride_y: s.strideY,
  stride_x: s.strideX,
  pad_y: s.padY,
  pad_x: s.padX,
});

/** Larger blocks of pixels are too many registers. */
const MOST_PLACES = 16;

const lanes = () => ({ LANES: launchPolicy().poolLanes });

/** Lanes for a row of `blocks`, and rows a workgroup: GPUs want 64 threads, and few of them idle. */
function blockLanes(blocks: number): { LANES: number; ROWS: number } {
  if (!sharedWanted()) return { ...lanes(), ROWS: 1 };
  const LANES = Math.min(64, 2 ** Math.ceil(Math.log2(blocks)));
  return { LANES, ROWS: 64 / LANES };
}

/** Views of the planes of each window: (buffer, elements a plane) to a view. */
function overPlanes(
  s: PoolSize,
  launch: (count: number, part: (b: GpuBuffer, perPlane: number) => ReturnType<typeof view>) => void,
) {
  if (s.planes === 0) return;
  const largest = Math.max(s.inHeight * s.inWidth, s.outHeight * s.outWidth);
  for (const w of windows('pooling: an image of one channel', s.planes, largest)) {
    launch(w.count, (buffer, perPlane) => view(buffer, w.start * perPlane, w.count * perPlane));
  }
}

/** y, and in taps, unless it is null, which tap of each window won. */
export function maxPool2d(
  x: GpuBuffer,
  y: GpuBuffer,
  taps: GpuBuffer | null,
  s: PoolSize,
  dilation: readonly [number, number],
): void {
  const [inPlane, outPlane] = [s.inHeight * s.inWidth, s.outHeight * s.outWidth];
  const { out_h: OUT_H, out_w: OUT_W, kernel_h: KERNEL_H, kernel_w: KERNEL_W, ...rest } = params(s);
  const lastRow = (s.outHeight - 1) * s.strideY - s.padY + (s.kernelHeight - 1) * dilation[0];
  const lastColumn = (s.outWidth - 1) * s.strideX - s.padX + (s.kernelWidth - 1) * dilation[1];
  const PADDED = String(s.padY + s.padX > 0 || lastRow >= s.inHeight || lastColumn >= s.inWidth);
  const none: Slots = taps?.elementBytes === 2 ? { NONE: 2048 } : {};
  const slots = { OUT_H, OUT_W, KERNEL_H, KERNEL_W, PADDED, TAPS: String(taps !== null), ...none };
  overPlanes(s, (planes, part) => {
    const ys = part(y, outPlane);
    const unused = taps ? null : scratch(1, 'max pool without taps'); // something must be bound
    const buffers = { x: part(x, inPlane), y: ys, taps: taps ? part(taps, outPlane) : unused! };
    const all = { count: planes * outPlane, ...rest, dilation_y: dilation[0], dilation_x: dilation[1] };
    run(maxShader, buffers, all, { slots, groups: ceilDiv(all.count, 64) });
    if (unused) release(unused);
  });
}

/** dx from the taps that the forward pass left. */
export function maxPool2dGrad(
  taps: GpuBuffer,
  dy: GpuBuffer,
  dx: GpuBuffer,
  s: PoolSize,
  dilation: readonly [number, number],
): void {
  const [inPlane, outPlane] = [s.inHeight * s.inWidth, s.outHeight * s.outWidth];
  overPlanes(s, (planes, part) => {
    const buffers = { taps: part(taps, outPlane), dy: part(dy, outPlane), dx: part(dx, inPlane) };
    const { stride_y: STRIDE_Y, stride_x: STRIDE_X, kernel_h: KERNEL_H, kernel_w: KERNEL_W, ...rest } = params(s);
    const slots = { ...lanes(), STRIDE_Y, STRIDE_X, DILATION_Y: dilation[0], DILATION_X: dilation[1] };
    if (STRIDE_Y * STRIDE_X > MOST_PLACES || forcedVariant() === 'plain') {
      const rows = planes * s.inHeight;
      run(maxGradPlain, buffers, { rows, ...rest, kernel_h: KERNEL_H, kernel_w: KERNEL_W }, { slots, groups: rows });
    } else {
      const block_rows = ceilDiv(s.inHeight + s.padY, STRIDE_Y);
      const rows = planes * block_rows;
      const shape = blockLanes(ceilDiv(s.inWidth + s.padX, STRIDE_X));
      const all = { ...slots, ...shape, KERNEL_H, KERNEL_W };
      run(maxGradBlocks, buffers, { rows, block_rows, ...rest }, { slots: all, groups: ceilDiv(rows, shape.ROWS) });
    }
  });
}

/** How avg_pool2d.wgsl counts: zeros in the padding, and whether windows are adaptive. */
export interface AveragePooling {
  countPadding: boolean;
  adaptive: boolean;
}

export function avgPool2d(x: GpuBuffer, y: GpuBuffer, s: PoolSize, how: AveragePooling): void {
  overPlanes(s, (planes, part) => {
    const buffers = { x: part(x, s.inHeight * s.inWidth), y: part(y, s.outHeight * s.outWidth) };
    const count = planes * s.outHeight * s.outWidth;
    run(avgShader, buffers, { count, ...params(s), ...flags(how) }, { groups: ceilDiv(count, 64) });
  });
}

export function avgPool2dGrad(dy: GpuBuffer, dx: GpuBuffer, s: PoolSize, how: AveragePooling): void {
  overPlanes(s, (planes, part) => {
    const buffers = { dy: part(dy, s.outHeight * s.outWidth), dx: part(dx, s.inHeight * s.inWidth) };
    const count = planes * s.inHeight * s.inWidth;
    run(avgGradShader, buffers, { count, ...params(s), ...flags(how) }, { groups: ceilDiv(count, 64) });
  });
}

const flags = (how: AveragePooling) => ({ count_padding: Number(how.countPadding), adaptive: Number(how.adaptive) });
