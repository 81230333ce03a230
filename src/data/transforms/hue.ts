// Hues turned, by way of Pillow's mode HSV: in f32 where it computes so, and each of the three cut off to a byte.
import { type Rule, required } from '../../options.js';
import type { Picture } from './picture.js';
import { checkOp } from './rules.js';

const { floor, fround, trunc } = Math;

/** Of each hue, which sixth of the circle it lies in, and how far. */
const SIXTH = Uint8Array.from({ length: 256 }, (_, hue) => floor((hue * 6) / 255));
const REST = Float32Array.from(SIXTH, (sixth, hue) => (hue * 6) / 255 - sixth);

/** Red, green and blue in each sixth of the circle: the strongest (0), the weakest (1), a falling (2) and a rising one (3). */
const RED = [0, 2, 1, 1, 3, 0, 0];
const GREEN = [3, 0, 0, 2, 1, 1, 3];
const BLUE = [1, 1, 3, 0, 0, 2, 1];

const factorRule: Rule = { be: 'a number from -0.5 to 0.5', holds: (f) => Math.abs(f as number) <= 0.5 };

/** Turns all hues by a part of the circle, -0.5 to 0.5. torchvision's adjust_hue, of PIL's pictures. */
export function adjustHue(picture: Picture, factor: number): Picture {
  checkOp('adjustHue', picture, { factor }, { factor: required(factorRule) });
  const { width, height, planes } = picture;
  const plane = width * height;
  const out = new Uint8Array(3 * plane);
  const turn = trunc(factor * 255);
  const parts = new Uint8Array(4);
  for (let i = 0; i < plane; i++) {
    const r = planes[i];
    const g = planes[plane + i];
    const b = planes[2 * plane + i];
    const most = Math.max(r, g, b);
    const range = most - Math.min(r, g, b);
    const saturation = range === 0 ? 0 : trunc(fround(range / most) * 255);
    const hue = ((saturation === 0 ? 0 : hueOf(r, g, b, most, range)) + turn) & 255;
    split(most, fround(saturation / 255), REST[hue], parts);
    const sixth = SIXTH[hue];
    out[i] = parts[RED[sixth]];
    out[plane + i] = parts[GREEN[sixth]];
    out[2 * plane + i] = parts[BLUE[sixth]];
  }
  return { width, height, planes: out };
}

/** 0 to 255. */
function hueOf(r: number, g: number, b: number, most: number, range: number): number {
  const red = fround((most - r) / range);
  const green = fround((most - g) / range);
  const blue = fround((most - b) / range);
  const sixths = r === most ? blue - green : g === most ? 2 + red - blue : 4 + green - red;
  const circle = fround(sixths) / 6 + 1;
  return trunc(fround(circle < 1 ? circle : circle - 1) * 255);
}

/** The strongest, the weakest, the falling and the rising channel. */
function split(most: number, saturation: number, rest: number, parts: Uint8Array): void {
  parts[0] = most;
  parts[1] = floor(most * (1 - saturation) + 0.5);
  parts[2] = floor(most * (1 - fround(saturation * rest)) + 0.5);
  parts[3] = floor(most * (1 - saturation * (1 - rest)) + 0.5);
}
