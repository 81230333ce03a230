// Pictures turned, sheared and moved: each pixel from its place before, as Pillow computes it.
import { finite, oneOf, type Rules, required } from '../../options.js';
import { sinCos } from './exact.js';
import { type Picture, sameKind } from './picture.js';
import { checkOp, type Fill, fillOf, fillRule } from './rules.js';

/** How pixels are made that lie between pixels, or outside. */
export interface AffineOptions {
  /** Default 'nearest'. */
  interpolation?: 'nearest' | 'bilinear';
  /** What is put where there is no picture, 0 to 255: a number or [red, green, blue]. Default 0. */
  fill?: Fill;
}

export const affineRules: Rules<AffineOptions> = { interpolation: oneOf('nearest', 'bilinear'), fill: fillRule };

/** From a place in the result to one in the picture: x = a x + b y + c, y = d x + e y + f. */
type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Turned around its middle by `degrees`, against the clock. torchvision's rotate, of PIL's pictures. */
export function rotate(picture: Picture, degrees: number, options: AffineOptions = {}): Picture {
  checkOp('rotate', picture, { degrees, ...options }, { degrees: required(finite), ...affineRules });
  const around = degrees % 360;
  const radians = (around < 0 ? around + 360 : around) * (Math.PI / 180);
  const [sin, cos] = sinCos(-radians).map((value) => Number(value.toFixed(15))); // as Pillow rounds them
  const [x, y] = [picture.width / 2, picture.height / 2];
  const matrix: Matrix = [cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y];
  return affine(picture, matrix, options);
}

/** Rows moved to the left by `amount` of a pixel a row more than the one above. The op ShearX of torchvision's RandAugment. */
export function shearX(picture: Picture, amount: number, options: AffineOptions = {}): Picture {
  checkOp('shearX', picture, { amount, ...options }, { amount: required(finite), ...affineRules });
  return affine(picture, [1, amount, 0, 0, 1, 0], options);
}

/** Columns moved up by `amount` of a pixel a column more than the one before. The op ShearY of torchvision's RandAugment. */
export function shearY(picture: Picture, amount: number, options: AffineOptions = {}): Picture {
  checkOp('shearY', picture, { amount, ...options }, { amount: required(finite), ...affineRules });
  return affine(picture, [1, 0, 0, amount, 1, 0], options);
}

/** Moved to the right by whole pixels: a part of one is dropped. The op TranslateX of torchvision's RandAugment. */
export function translateX(picture: Picture, pixels: number, options: AffineOptions = {}): Picture {
  checkOp('translateX', picture, { pixels, ...options }, { pixels: required(finite), ...affineRules });
  return affine(picture, [1, 0, -Math.trunc(pixels), 0, 1, 0], options);
}

/** Moved down by whole pixels: a part of one is dropped. The op TranslateY of torchvision's RandAugment. */
export function translateY(picture: Picture, pixels: number, options: AffineOptions = {}): Picture {
  checkOp('translateY', picture, { pixels, ...options }, { pixels: required(finite), ...affineRules });
  return affine(picture, [1, 0, 0, 0, 1, -Math.trunc(pixels)], options);
}

function affine(picture: Picture, matrix: Matrix, { interpolation = 'nearest', fill }: AffineOptions): Picture {
  const out = sameKind(picture, picture);
  const plane = out.width * out.height;
  for (const [c, value] of fillOf(fill).entries()) out.planes.fill(value, c * plane, (c + 1) * plane);
  (interpolation === 'nearest' ? pick : blend)(picture, matrix, out);
  return out;
}

const ONE = 2 ** 16;
const fixed = (x: number): number => Math.floor(x * ONE + 0.5);

/** The pixel in which each centre lies, in steps of 2^-16 pixels. */
function pick({ width, height, planes }: Picture, [a, b, c, d, e, f]: Matrix, out: Picture): void {
  const plane = width * height;
  const [dx, dy] = [fixed(a), fixed(d)];
  let [startX, startY] = [fixed(c + a * 0.5 + b * 0.5), fixed(f + d * 0.5 + e * 0.5)];
  for (let to = 0; to < plane; startX += fixed(b), startY += fixed(e)) {
    for (let i = 0, x = startX, y = startY; i < width; i++, to++, x += dx, y += dy) {
      const [column, row] = [Math.floor(x / ONE), Math.floor(y / ONE)];
      if (column < 0 || column >= width || row < 0 || row >= height) continue;
      const from = row * width + column;
      out.planes[to] = planes[from];
      out.planes[plane + to] = planes[plane + from];
      out.planes[2 * plane + to] = planes[2 * plane + from];
    }
  }
}

/** The four pixels around each centre, by their distance. */
function blend({ width, height, planes }: Picture, [a, b, c, d, e, f]: Matrix, out: Picture): void {
  const plane = width * height;
  for (let to = 0; to < plane; to++) {
    const [column, row] = [(to % width) + 0.5, Math.floor(to / width) + 0.5];
    const [x, y] = [a * column + b * row + c, d * column + e * row + f];
    if (x < 0 || x >= width || y < 0 || y >= height) continue;
    const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
    const [partX, partY] = [x - 0.5 - left, y - 0.5 - top];
    const [x0, x1] = [Math.max(0, left), Math.min(width - 1, left + 1)];
    const [y0, y1] = [Math.max(0, top) * width, Math.min(height - 1, top + 1) * width];
    for (let at = 0; at < planes.length; at += plane) {
      const upper = planes[at + y0 + x0] + (planes[at + y0 + x1] - planes[at + y0 + x0]) * partX;
      const lower = planes[at + y1 + x0] + (planes[at + y1 + x1] - planes[at + y1 + x0]) * partX;
      out.planes[at + to] = upper + (lower - upper) * partY;
    }
  }
}
