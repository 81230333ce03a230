import { type Binding, run, scratch } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { ceilDiv } from '../math.js';
import type { PadSize } from './pad2d.js';
import { channels_last as shader } from './sources.gen.js';

/** How pictures are laid out; `planes` are those of all groups of one picture. */
export interface ChannelsLast extends Omit<PadSize, 'planes'> {
  batch: number;
  groups: number;
  /** Of a group. */
  channels: number;
  /** The same, filled up with zeros to a multiple of four. */
  kept: number;
}

/** Pictures as pad2d makes them, but with their channels innermost. @returns a buffer to release. */
export function channelsLast(x: Binding, at: ChannelsLast, label: string): GpuBuffer {
  const { elementBytes } = 'gpu' in x ? x : x.buffer;
  const { batch, groups, channels, kept, from, to } = at;
  const pixels = batch * to.height * to.width;
  const fours = (groups * kept) / 4;
  const y = scratch(pixels * groups * kept, label, elementBytes);
  const params = {
    ...{ pixels, fours, channels, kept, in_h: from.height, in_w: from.width, out_h: to.height, out_w: to.width },
    ...{ in_plane: from.height * from.width, in_image: groups * channels * from.height * from.width },
    ...{ offset_y: at.offsetY, offset_x: at.offsetX, step_y: at.stepY, step_x: at.stepX },
  };
  run(shader, { x, y }, params, { groups: ceilDiv(pixels, 32) * ceilDiv(fours, 8) });
  return y;
}

/** Where nothing is padded or taken apart. */
export const asItIs = (height: number, width: number): PadSize => ({
  ...{ planes: 1, from: { height, width }, to: { height, width } },
  ...{ offsetY: 0, offsetX: 0, stepY: 1, stepX: 1 },
});
