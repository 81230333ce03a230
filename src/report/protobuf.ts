// As much of Protocol Buffers as TensorBoard's messages need: fields by number, written one after the other.
import { join } from './png.js';

/** A field, as its bytes. */
export type Field = Uint8Array;

const Wire = {
  Varint: 0,
  Eight: 1,
  Bytes: 2,
  Four: 5,
} as const;

const encoder = /* @__PURE__ */ new TextEncoder();

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value; // may be above 2^32, where shifts end
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

const key = (field: number, wire: number) => varint(field * 8 + wire);

/** A whole number, 0 or more, or an enumeration's. */
export const int = (field: number, value: number): Field =>
  Uint8Array.from([...key(field, Wire.Varint), ...varint(value)]);

/** A text in UTF-8. */
export const text = (field: number, value: string): Field => bytes(field, encoder.encode(value));

/** A message within a message. */
export const message = (field: number, ...fields: readonly Field[]): Field => bytes(field, join(fields));

/** Bytes, length first. */
export function bytes(field: number, value: Uint8Array): Field {
  return join([Uint8Array.from([...key(field, Wire.Bytes), ...varint(value.length)]), value]);
}

/** 64 bits. */
export function double(field: number, value: number): Field {
  const made = Uint8Array.from([...key(field, Wire.Eight), 0, 0, 0, 0, 0, 0, 0, 0]);
  new DataView(made.buffer).setFloat64(made.length - 8, value, true);
  return made;
}

/** 32 bits. */
export function float(field: number, value: number): Field {
  const made = Uint8Array.from([...key(field, Wire.Four), 0, 0, 0, 0]);
  new DataView(made.buffer).setFloat32(made.length - 4, value, true);
  return made;
}

/** A list of doubles, packed. */
export function doubles(field: number, values: readonly number[]): Field {
  const packed = new Uint8Array(8 * values.length);
  const view = new DataView(packed.buffer);
  values.forEach((value, i) => {
    view.setFloat64(8 * i, value, true);
  });
  return bytes(field, packed);
}
