// Brightness, contrast, saturation and sharpness, as Pillow changes them: in f32, cut off to bytes.
import { notNegative, required } from '../../options.js';
import type { Picture } from './picture.js';
import { checkOp } from './rules.js';
import { lookUpAll } from './tones.js';

const { fround } = Math;

/** The factor times a whole number, in f32: of -255 to 255, at 0 to 510. */
function scaled(factor: number): Float32Array {
  const steps = new Float32Array(511);
  for (let i = 0; i < steps.length; i++) steps[i] = fround(factor) * (i - 255);
  return steps;
}

/** From one byte towards another and beyond, cut off to a byte; `steps` are `scaled`. */
function towards(from: number, to: number, steps: Float32Array): number {
  const value = fround(from + steps[to - from + 255]);
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value);
}

function checkFactor(where: string, picture: Picture, factor: number): void {
  checkOp(where, picture, { factor }, { factor: required(notNegative) });
}

/** Between black (0), the picture (1) and beyond. torchvision's adjust_brightness. */
export function adjustBrightness(picture: Picture, factor: number): Picture {
  checkFactor('adjustBrightness', picture, factor);
  const steps = scaled(factor);
  return lookUpAll(picture, (byte) => towards(0, byte, steps));
}

/** Between the grey of its mean lightness (0), the picture (1) and beyond. torchvision's adjust_contrast. */
export function adjustContrast(picture: Picture, factor: number): Picture {
  checkFactor('adjustContrast', picture, factor);
  let sum = 0;
  const lightness = greyOf(picture);
  for (let i = 0; i < lightness.length; i++) sum += lightness[i];
  const grey = Math.floor(sum / lightness.length + 0.5);
  const steps = scaled(factor);
  return lookUpAll(picture, (byte) => towards(grey, byte, steps));
}

/** Between grey (0), the picture (1) and beyond. torchvision's adjust_saturation, of PIL's pictures. */
export function adjustSaturation(picture: Picture, factor: number): Picture {
  checkFactor('adjustSaturation', picture, factor);
  return awayFrom(greyOf(picture), picture, factor);
}

/** Between blurred (0), the picture (1) and beyond. torchvision's adjust_sharpness, of PIL's pictures. */
export function adjustSharpness(picture: Picture, factor: number): Picture {
  checkFactor('adjustSharpness', picture, factor);
  return awayFrom(smoothed(picture), picture, factor);
}

/** Each byte between the one of `start`, which has one plane for all channels or three, and its own. */
function awayFrom(start: Uint8Array, { width, height, planes }: Picture, factor: number): Picture {
  const plane = width * height;
  const out = new Uint8Array(3 * plane);
  const steps = scaled(factor);
  for (let c = 0; c < 3; c++) {
    const shared = start.length === plane ? c * plane : 0;
    for (let i = c * plane; i < (c + 1) * plane; i++) out[i] = towards(start[i - shared], planes[i], steps);
  }
  return { width, height, planes: out };
}

/** Each pixel's lightness, as Pillow's mode L: ITU-R 601. */
function greyOf({ width, height, planes }: Picture): Uint8Array {
  const plane = width * height;
  const grey = new Uint8Array(plane);
  for (let i = 0; i < plane; i++) {
    grey[i] = (planes[i] * 19595 + planes[plane + i] * 38470 + planes[2 * plane + i] * 7471 + 0x8000) >> 16;
  }
  return grey;
}

/** Means of 3 x 3 pixels, the middle one counted five times; the border as it is. */
function smoothed({ width, height, planes }: Picture): Uint8Array {
  const out = Uint8Array.from(planes);
  for (let c = 0; c < 3; c++) {
    for (let y = 1; y < height - 1; y++) {
      const row = (c * height + y) * width;
      const columns = (x: number) => planes[x - width] + planes[x] + planes[x + width];
      let [before, here] = [columns(row), columns(row + 1)];
      for (let i = row + 1; i < row + width - 1; i++) {
        const after = columns(i + 1);
        const sum = before + here + after + 4 * planes[i];
        out[i] = (sum * 2 + 13) / 26; // rounded
        [before, here] = [here, after];
      }
    }
  }
  return out;
}
