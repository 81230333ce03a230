// Counts what a reader takes in typed arrays and buffers, by standing in for their constructors. What is freed is not taken
// off again: the sum is an upper bound.
const counted = [
  'Uint8Array',
  'Uint8ClampedArray',
  'Int8Array',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'ArrayBuffer',
];

let total = 0;

/** Bytes taken since the last call. */
export function taken(): number {
  const bytes = total;
  total = 0;
  return bytes;
}

/** From now on everything that is made by `new` or `from`, or by Buffer, counts. For a thread that does nothing else. */
export function countAllocations(): void {
  const types = globalThis as unknown as Record<string, new (...args: unknown[]) => ArrayBufferView>;
  for (const name of counted) {
    types[name] = new Proxy(types[name], {
      construct(type, args, newTarget) {
        const made = Reflect.construct(type, args, newTarget);
        if (!(args[0] instanceof ArrayBuffer)) total += made.byteLength;
        return made;
      },
    });
  }
  for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow', 'concat'] as const) {
    const make = Buffer[name] as (...args: unknown[]) => Buffer;
    Object.assign(Buffer, {
      [name]: (...args: unknown[]) => {
        const made = make(...args);
        total += made.length;
        return made;
      },
    });
  }
}
