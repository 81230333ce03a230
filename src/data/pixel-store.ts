// Where the bytes of a data set's pictures come from. Memory is here; files and decoding are Node's (src/node/file-pixels.ts).
import { DataError, UsageError } from '../errors.js';
import { showBytes } from '../math.js';

/** Pictures as bytes (3, size, size), by their place. An `ImageDataset` reads from one; its subsets share it. */
export interface PixelStore {
  /** Side of the pictures, in pixels. */
  readonly size: number;
  /** Pictures that there are places for. */
  readonly count: number;
  /** What was summed up while the pictures were decoded, so that statistics need not read them again. */
  readonly sums?: PixelSums;
  /**
   * A picture's bytes. Where they lie in memory: a view of them, and `into` is left alone; else they are put into `into`, or
   * into a new array. @throws DataError if they cannot be had.
   */
  read(place: number, into?: Uint8Array): Uint8Array;
}

/** Sums over pixels: whole numbers, so that neither order nor threads change them. */
export interface PixelSums {
  /** Nine a picture, at nine times its place: of r, g, b, rr, gg, bb, rg, rb and gb. */
  readonly colours: Float64Array;
  /** The sum of all pictures; null if there is no quicker way to it than to read them. */
  readonly image: () => SummedPictures | null;
}

/** The sum of some of a store's pictures. */
export interface SummedPictures {
  /** (3, size, size). */
  readonly sum: Float64Array;
  /** Their places. */
  readonly places: Int32Array;
}

/** What one array may hold in every host: shared memory in one piece ends at 2 GiB in some. */
const MOST_IN_ONE = 2 ** 31 - 1;

/** @internal @throws DataError that begins with `what` if a picture of this side is too large for one array. */
export function checkSide(what: string, size: number): void {
  const bytes = 3 * size * size;
  if (bytes <= MOST_IN_ONE) return;
  throw new DataError(
    `${what}: a picture of ${size} x ${size} pixels takes ${showBytes(bytes)}, more than can be had in one piece; a smaller size helps`,
  );
}

/** Pictures in memory, in one or several pieces below 2 GiB each. */
export class MemoryPixels implements PixelStore {
  /** Pictures that there is room for. */
  readonly count: number;
  private readonly image: number;
  private readonly perPart: number;

  constructor(
    /** Side of the pictures, in pixels. */
    readonly size: number,
    /** The pictures one after the other, as many in each part as in the first; the last may have fewer. */
    readonly parts: readonly Uint8Array[],
  ) {
    this.image = 3 * size * size;
    const held = parts.map((part) => Math.floor(part.length / this.image));
    this.perPart = held[0] ?? 0;
    this.count = held.reduce((sum, n) => sum + n, 0);
  }

  /**
   * Room for pictures, all zero, in memory that threads share where the host has it.
   * @throws DataError that begins with `what` if there is not so much.
   */
  static room(count: number, size: number, what: string): MemoryPixels {
    const image = 3 * size * size;
    checkSide(what, size);
    const perPart = Math.floor(MOST_IN_ONE / image);
    const pictures = `${count.toLocaleString('en-US')} pictures of ${size} x ${size} pixels`;
    const Memory = typeof SharedArrayBuffer === 'undefined' ? ArrayBuffer : SharedArrayBuffer;
    try {
      const parts: Uint8Array[] = [];
      for (let left = count; left > 0; left -= perPart) {
        parts.push(new Uint8Array(new Memory(Math.min(left, perPart) * image)));
      }
      return new MemoryPixels(size, parts);
    } catch (error) {
      throw new DataError(
        `${what}: ${pictures} take ${showBytes(count * image)}, more than there is memory for; a smaller size or fewer pictures help`,
        { cause: error },
      );
    }
  }

  /** A view of a picture's bytes. @throws UsageError if there is no such place. */
  read(place: number): Uint8Array {
    if (!(place >= 0 && place < this.count))
      throw new UsageError(`read: there is no picture ${place} of ${this.count}`);
    const at = (place % this.perPart) * this.image;
    return this.parts[Math.floor(place / this.perPart)].subarray(at, at + this.image);
  }
}
