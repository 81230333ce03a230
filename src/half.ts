// Half precision on the host: IEEE 754 binary16, as Uint16Array. JavaScript engines that have Float16Array are still few.

/** How floats of each sign and exponent become halves: what is added to their fraction, how far it is shifted, and what is added then. */
interface Rounding {
  leading: Uint32Array;
  shift: Uint8Array;
  base: Uint16Array;
}

/** Of all floats, made when it is first needed: 3.5 kB. */
let rounding: Rounding | undefined;

/** Infinities stay, as do numbers above the range; NaN is not among them. */
function makeRounding(): Rounding {
  const made = { leading: new Uint32Array(512), shift: new Uint8Array(512).fill(24), base: new Uint16Array(512) };
  for (let i = 0; i < 512; i++) {
    const sign = i < 256 ? 0 : 0x8000;
    const exponent = i & 255;
    made.base[i] = sign;
    if (exponent > 142)
      made.base[i] |= 0x7c00; // 2^16 and more
    else if (exponent > 112) {
      made.base[i] |= (exponent - 112) << 10;
      made.shift[i] = 13;
    } else if (exponent > 101) {
      made.leading[i] = 0x800000; // subnormal as a half: the leading one is written out
      made.shift[i] = 126 - exponent;
    }
  }
  return made;
}

/** Halves of floats' bits, each the nearest, of two as near the even one. */
function round(words: Uint32Array, halves: Uint16Array): void {
  rounding ??= makeRounding();
  const { leading, shift, base } = rounding;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const kind = word >>> 23;
    const fraction = (word & 0x7fffff) | leading[kind];
    const by = shift[kind];
    const nan = (word & 0x7fffffff) > 0x7f800000;
    const even = (fraction >>> by) & 1;
    halves[i] = nan ? base[kind] | 0x200 : base[kind] + ((fraction + (1 << (by - 1)) - 1 + even) >>> by);
  }
}

const one = new Float32Array(1);
const oneWord = new Uint32Array(one.buffer);
const oneHalf = new Uint16Array(1);

/** The bits of the half that is nearest to a number, of two as near the even one; infinity from 65520 on. */
export function toHalf(value: number): number {
  one[0] = value;
  round(oneWord, oneHalf);
  return oneHalf[0];
}

/** The number that the bits of a half stand for. */
export function fromHalf(half: number): number {
  const exponent = (half >>> 10) & 31;
  const fraction = half & 1023;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Numbers as halves. `room`: the array's length where it is to be longer, zeros behind. */
export function toHalves(values: ArrayLike<number>, room = values.length): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(room);
  const { buffer, byteOffset, length } = values instanceof Float32Array ? values : Float32Array.from(values);
  round(new Uint32Array(buffer, byteOffset, length), halves);
  return halves;
}

/** What each half stands for, made when it is first needed: a quarter of a MiB. */
let table: Float32Array | undefined;

/** Halves as numbers. Exact. */
export function fromHalves(halves: ArrayLike<number>): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, i) => fromHalf(i));
  const values = new Float32Array(halves.length);
  for (let i = 0; i < values.length; i++) values[i] = table[halves[i]];
  return values;
}
