// Half precision on the host: IEEE 754 binary16, as Uint16Array. JavaScript engines that have Float16Array are still few.

/** One number and its bits: `toHalf` keeps nothing in them. */
const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** The bits of the half that is nearest to a number, of two as near the even one; infinity from 65520 on. */
export function toHalf(value: number): number {
  float[0] = value;
  const [word] = bits;
  const sign = (word >>> 16) & 0x8000;
  const size = word & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00; // NaN
  if (size >= 0x47800000) return sign | 0x7c00; // 2^16 and more
  if (size < 0x38800000) return sign | roundEven(Math.abs(value) * 2 ** 24); // subnormal, or the smallest normal number
  const rest = size - 0x38000000; // its exponent with the bias of a half
  return sign | ((rest + 0xfff + ((rest >>> 13) & 1)) >>> 13);
}

/** To a whole number, halves to the even one. */
function roundEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
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
  for (let i = 0; i < values.length; i++) halves[i] = toHalf(values[i]);
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
