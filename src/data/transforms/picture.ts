// What transforms take and give: the pixels of a picture in planes, as networks and data sets have them.
import { DataError, showValue, UsageError } from '../../errors.js';
import { type Rules, required, whole } from '../../options.js';
import { checkPicture, type RgbImage } from '../image.js';

/** Width and height, in pixels. */
export interface Size {
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
}

/** A picture in planes of red, green and blue, rows from the top: a tensor (3, height, width) on the host. */
export interface Picture extends Size {
  /** (3, height, width): bytes, or after `toTensor` numbers. */
  planes: Uint8Array | Float32Array;
}

/** A part of a picture. */
export interface Box extends Size {
  /** Its first row. */
  top: number;
  /** Its first column. */
  left: number;
}

/**
 * A decoded picture in planes, as transforms take it.
 * @throws UsageError if it is no picture, DataError if it has no pixels, or more or fewer bytes than it should.
 */
export function pictureOf(image: RgbImage): Picture {
  checkPicture('pictureOf', image);
  const { width, height, data } = image;
  const plane = width * height;
  const planes = new Uint8Array(3 * plane);
  for (let i = 0, at = 0; i < plane; i++, at += 3) {
    planes[i] = data[at];
    planes[plane + i] = data[at + 1];
    planes[2 * plane + i] = data[at + 2];
  }
  return { width, height, planes };
}

/** Room for a picture of another size, of the same kind of numbers; zeros. */
export function sameKind({ planes }: Picture, { width, height }: Size): Picture {
  const length = 3 * width * height;
  return { width, height, planes: planes instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length) };
}

/** What a part that was drawn may be; whether it lies in a picture, `mustLieIn` looks. */
export const boxRules: Rules<Box> = {
  top: required(whole()),
  left: required(whole()),
  width: required(whole()),
  height: required(whole()),
};

/** @throws UsageError unless the part lies in the picture. */
export function mustLieIn(where: string, picture: Size, { top, left, width, height }: Box): void {
  if (left + width <= picture.width && top + height <= picture.height) return;
  const part = `${width} x ${height} pixels, ${left} from the left and ${top} from the top,`;
  throw new UsageError(`${where}: ${part} do not lie in a picture of ${picture.width} x ${picture.height}`);
}

/** @throws UsageError unless it is a picture in planes of bytes. */
export function checkBytes(where: string, picture: Picture): void {
  checkPlanes(where, picture);
  if (picture.planes instanceof Uint8Array) return;
  throw new UsageError(`${where}: takes a picture of bytes, not of the numbers that toTensor makes`);
}

/** @throws UsageError unless it is a picture in planes, DataError if they have another size than it says. */
export function checkPlanes(where: string, picture: Picture): void {
  const { width, height, planes } = picture ?? {};
  const sides = Number.isSafeInteger(width) && Number.isSafeInteger(height);
  if (!sides || !(planes instanceof Uint8Array || planes instanceof Float32Array)) {
    const how = 'a picture in planes { width, height, planes }; pictureOf makes it of a decoded one';
    throw new UsageError(`${where}: takes ${how}, got ${showValue(picture)}`);
  }
  if (width >= 1 && height >= 1 && planes.length === 3 * width * height) return;
  throw new DataError(`${where}: planes (3, ${height}, ${width}) do not have ${planes.length} values`);
}
