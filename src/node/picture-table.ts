import { COLOUR_SUMS } from '../data/colours.js';

/** What is known of the pictures of a folder, by place, without their pixels; threads share it. */
export class PictureTable {
  /** Where a picture's pixels are, or were, in the cache's file, counted in pictures; -1: nowhere. */
  readonly slots: Int32Array;
  /** CRC-32 of the pixels. */
  readonly checksums: Uint32Array;
  /** Whether the pixels have been looked at since they were read from the file. */
  readonly checked: Uint8Array;
  /** Nine sums a picture: see `colourSums`. */
  readonly colours: Float64Array;
  /** Whether there is nothing left to do about a picture: it was decoded, or left out. */
  readonly done: Uint8Array;
  /** Why pictures were left out. */
  readonly reasons = new Map<number, string>();

  constructor(readonly count: number) {
    this.slots = new Int32Array(new SharedArrayBuffer(4 * count)).fill(-1);
    this.checksums = new Uint32Array(new SharedArrayBuffer(4 * count));
    this.checked = new Uint8Array(new SharedArrayBuffer(count));
    this.colours = new Float64Array(COLOUR_SUMS * count);
    this.done = new Uint8Array(count);
  }

  /** Keeps what decoding a picture gave. */
  decoded(place: number, slot: number, checksum: number, sums: ArrayLike<number>): void {
    this.slots[place] = slot;
    this.checksums[place] = checksum;
    this.colours.set(sums, place * COLOUR_SUMS);
    this.done[place] = 1;
  }

  /** Nothing is known of it any more. */
  reset(place: number): void {
    this.slots[place] = -1;
    this.reasons.delete(place);
    this.done[place] = 0;
    this.checked[place] = 0;
  }

  leftOut(place: number, reason: string): void {
    this.reasons.set(place, reason);
    this.done[place] = 1;
  }

  /** Places of the pictures that are not done. */
  missing(): number[] {
    const places: number[] = [];
    for (let place = 0; place < this.count; place++) if (this.done[place] === 0) places.push(place);
    return places;
  }

  /** Places of the pictures that could be read. */
  good(): Int32Array {
    return Int32Array.from({ length: this.count }, (_, i) => i).filter(
      (i) => this.done[i] === 1 && !this.reasons.has(i),
    );
  }
}
