// Names of very many pictures in memory that threads share: as texts, each would take a hundred bytes in every thread.
import type { Names } from '../data/dataset.js';

export class PackedNames implements Names {
  constructor(
    /** All names, UTF-8. */
    readonly text: Uint8Array,
    /** Where each ends in `text`. */
    readonly ends: Uint32Array,
  ) {}

  static of(names: readonly string[]): PackedNames {
    const ends = new Uint32Array(new SharedArrayBuffer(4 * names.length));
    let length = 0;
    names.forEach((name, i) => {
      ends[i] = length += Buffer.byteLength(name);
    });
    const text = Buffer.from(new SharedArrayBuffer(length));
    names.forEach((name, i) => {
      text.write(name, i === 0 ? 0 : ends[i - 1]);
    });
    return new PackedNames(text, ends);
  }

  get length(): number {
    return this.ends.length;
  }

  at(index: number): string | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    const { buffer, byteOffset } = this.text;
    const start = index === 0 ? 0 : this.ends[index - 1];
    return Buffer.from(buffer, byteOffset + start, this.ends[index] - start).toString();
  }
}
