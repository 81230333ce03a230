// A convolution's sizes, and what its kernels share: its windows of images, its reach, its weight turned around.

import { run, scratch, type View, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import type { Window } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { turn_weight } from './sources.gen.js';

/** Everything that a convolution's kernels need to know. Padding at the bottom and right follows from the output. */
export interface ConvSize {
  batch: number;
  inChannels: number;
  inHeight: number;
  inWidth: number;
  outChannels: number;
  outHeight: number;
  outWidth: number;
  kernelHeight: number;
  kernelWidth: number;
  strideY: number;
  strideX: number;
  padTop: number;
  padLeft: number;
  dilationY: number;
  dilationX: number;
  groups: number;
}

/** The pictures of a window. */
export const images = (buffer: GpuBuffer, w: Window, perImage: number): View =>
  view(buffer, w.start * perImage, w.count * perImage);

/** Elements of a picture of the input. */
export const inImage = (s: ConvSize) => s.inChannels * s.inHeight * s.inWidth;
/** Of a picture of the output. */
export const outImage = (s: ConvSize) => s.outChannels * s.outHeight * s.outWidth;
/** Of the weight. */
export const weightCount = (s: ConvSize) => (s.outChannels * s.inChannels * s.kernelHeight * s.kernelWidth) / s.groups;

/** The size, in pixels, that the input is padded to: what the windows of all outputs cover. */
export function reach(s: ConvSize): { height: number; width: number } {
  return {
    height: (s.outHeight - 1) * s.strideY + (s.kernelHeight - 1) * s.dilationY + 1,
    width: (s.outWidth - 1) * s.strideX + (s.kernelWidth - 1) * s.dilationX + 1,
  };
}

/** The smallest thing that a binding must hold, for messages. */
export const IMAGE = 'conv2d: an image of all channels, with its padding,';

/** The weight with its channels exchanged and its taps backwards. */
export function turnWeight(weight: GpuBuffer, s: ConvSize): GpuBuffer {
  const turned = scratch(weightCount(s), 'conv2d turned weight', weight.elementBytes);
  const area = s.kernelHeight * s.kernelWidth;
  const sizes = { groups: s.groups, outs: s.outChannels / s.groups, ins: s.inChannels / s.groups, area };
  run(turn_weight, { weight, turned }, sizes, { groups: ceilDiv(weightCount(s) / area, 64) });
  return turned;
}

/** The convolution that is the data gradient. */
export function turnedAround(s: ConvSize): ConvSize {
  return {
    ...s,
    inChannels: s.outChannels,
    outChannels: s.inChannels,
    outHeight: s.inHeight,
    outWidth: s.inWidth,
    strideY: 1,
    strideX: 1,
  };
}
