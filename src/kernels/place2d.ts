import type { GpuBuffer } from '../device/pool.js';
import { type Binding, run } from '../device/recorder.js';
import { deviceInfo } from '../device/runtime.js';
import { ceilDiv } from '../math.js';
import { place2d as shader } from './sources.gen.js';

export interface Placement {
  planes: number;
  from: { height: number; width: number };
  to: { height: number; width: number };
  /** Where pixel (0, 0) lands; negative ones cut off. */
  offsetY: number;
  offsetX: number;
  /** Distance of neighbouring pixels; zeros lie between. */
  stepY: number;
  stepX: number;
}

/** Lays planes out in larger ones with zeros around, or in smaller ones. */
export function place(x: Binding, y: GpuBuffer, at: Placement): void {
  const rows = at.planes * at.to.height;
  const params = {
    rows,
    in_h: at.from.height,
    in_w: at.from.width,
    out_h: at.to.height,
    out_w: at.to.width,
    offset_y: at.offsetY,
    offset_x: at.offsetX,
    step_y: at.stepY,
    step_x: at.stepX,
  };
  const ACROSS = deviceInfo().software ? 1 : 32;
  run(shader, { x, y }, params, { slots: { ACROSS }, groups: ceilDiv(rows, 64 / ACROSS) });
}
