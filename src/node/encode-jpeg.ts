import jpeg from 'jpeg-js';
import type { Picture } from '../data/index.js';
import { checkBytes } from '../data/transforms/picture.js';
import { checkOptions, type Rule } from '../options.js';

const percent: Rule = {
  be: 'a whole number from 1 to 100',
  holds: (n) => Number.isInteger(n) && Number(n) >= 1 && Number(n) <= 100,
};

/**
 * A picture of a data set as the bytes of a JPEG: for `reportHtml`, where a photograph as a PNG takes ten times as much. `quality`
 * 85 by default.
 * @throws UsageError if it is no picture in planes of bytes, DataError if they have another size than it says.
 */
export function encodeJpeg(picture: Picture, options: { quality?: number } = {}): Uint8Array {
  checkBytes('encodeJpeg', picture);
  checkOptions('encodeJpeg', options, { quality: percent });
  const { width, height, planes } = picture;
  const plane = width * height;
  const data = new Uint8Array(4 * plane);
  for (let i = 0; i < plane; i++) data.set([planes[i], planes[plane + i], planes[2 * plane + i], 255], 4 * i);
  return new Uint8Array(jpeg.encode({ width, height, data }, options.quality ?? 85).data);
}
