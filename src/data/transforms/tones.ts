// Ops that look each byte up in a table: one for all channels, or one for each.
import { notNegative, type Rule, required, whole } from '../../options.js';
import type { Picture } from './picture.js';
import { checkOp } from './rules.js';

type Table = (byte: number) => number;

/** What each byte becomes: whole numbers from 0 to 255. */
function tabled(value: Table): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) table[byte] = value(byte);
  return table;
}

/** A table for each channel. */
function lookUp({ width, height, planes }: Picture, tables: readonly Uint8Array[]): Picture {
  const out = new Uint8Array(planes.length);
  const plane = width * height;
  for (const [c, table] of tables.entries()) {
    for (let i = c * plane; i < (c + 1) * plane; i++) out[i] = table[planes[i]];
  }
  return { width, height, planes: out };
}

/** The same for all channels. */
export function lookUpAll(picture: Picture, value: Table): Picture {
  const table = tabled(value);
  return lookUp(picture, [table, table, table]);
}

/** A table for each channel, made from how often each byte comes there. */
function lookUpEach(picture: Picture, tableOf: (counts: Int32Array) => Table): Picture {
  const plane = picture.width * picture.height;
  const tables = [0, 1, 2].map((c) => {
    const counts = new Int32Array(256);
    for (let i = c * plane; i < (c + 1) * plane; i++) counts[picture.planes[i]]++;
    return tabled(tableOf(counts));
  });
  return lookUp(picture, tables);
}

const asItIs: Table = (byte) => byte;

const bitsRule: Rule = { be: 'a whole number from 0 to 8', holds: (n) => whole(0).holds(n) && (n as number) <= 8 };

/** Keeps the upper `bits` of each byte, 0 to 8. torchvision's posterize. */
export function posterize(picture: Picture, bits: number): Picture {
  checkOp('posterize', picture, { bits }, { bits: required(bitsRule) });
  return lookUpAll(picture, (byte) => byte & (256 - 2 ** (8 - bits)));
}

/** Bytes from `threshold` on become 255 less themselves. torchvision's solarize. */
export function solarize(picture: Picture, threshold: number): Picture {
  checkOp('solarize', picture, { threshold }, { threshold: required(notNegative) });
  return lookUpAll(picture, (byte) => (byte < threshold ? byte : 255 - byte));
}

/** Spreads each channel from its least to its greatest byte over 0 to 255. torchvision's autocontrast. */
export function autocontrast(picture: Picture): Picture {
  checkOp('autocontrast', picture, {}, {});
  return lookUpEach(picture, (counts) => {
    const [least, most] = [counts.findIndex((n) => n > 0), counts.findLastIndex((n) => n > 0)];
    if (least === most) return asItIs;
    const scale = 255 / (most - least);
    return (byte) => Math.min(255, Math.max(0, Math.trunc(byte * scale - least * scale)));
  });
}

/** Makes all bytes of a channel about as frequent. torchvision's equalize, of PIL's pictures. */
export function equalize(picture: Picture): Picture {
  checkOp('equalize', picture, {}, {});
  const pixels = picture.width * picture.height;
  return lookUpEach(picture, (counts) => {
    const last = counts.findLast((n) => n > 0)!;
    const step = Math.floor((pixels - last) / 255);
    if (step === 0) return asItIs;
    const below = new Float64Array(256);
    for (let byte = 1; byte < 256; byte++) below[byte] = below[byte - 1] + counts[byte - 1];
    return (byte) => Math.min(255, Math.floor((Math.floor(step / 2) + below[byte]) / step));
  });
}
