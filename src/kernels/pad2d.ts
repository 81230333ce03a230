import { type Binding, run } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { deviceInfo } from '../device/runtime.js';
import { ceilDiv } from '../math.js';
import { pad2d as shader } from './sources.gen.js';

/** How planes are laid out. */
export interface PadSize {
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

/** Copies planes into larger ones, with zeros around and between their pixels, or into smaller ones. */
export function pad2d(x: Binding, y: GpuBuffer, at: PadSize): void {
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
