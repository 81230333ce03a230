import { type Binding, run } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { ceilDiv } from '../math.js';
import { pad2d_flat as flat, pad2d as shader } from './sources.gen.js';
import { sharedWanted } from './tile.js';

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
  const count = rows * at.to.width;
  const params = {
    in_h: at.from.height,
    in_w: at.from.width,
    out_h: at.to.height,
    out_w: at.to.width,
    offset_y: at.offsetY,
    offset_x: at.offsetX,
    step_y: at.stepY,
    step_x: at.stepX,
  };
  const slots = { APART: String(at.stepY > 1 || at.stepX > 1) };
  if (sharedWanted()) run(flat, { x, y }, { count, ...params }, { slots, groups: ceilDiv(count, 1024) });
  else run(shader, { x, y }, { rows, ...params }, { groups: ceilDiv(rows, 64) });
}
