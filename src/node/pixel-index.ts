// The index of a cache of decoded pictures: a line for each, appended once its square is in the cache's file.
import { closeSync, existsSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { crc32 } from '../io/crc32.js';
import { checkedLine, eachLine, readLine } from './checked-lines.js';
import type { PictureTable } from './picture-table.js';

/** Of the cache's files. Caches of other versions are made anew. */
export const CACHE_VERSION = 7;

/** What tells whether a file is still the one that was decoded, by place; NaN where it cannot be looked at. */
export interface Stamps {
  readonly bytes: Float64Array;
  readonly times: Float64Array;
}

/** A file, its bytes and time of change; then its square's slot, checksum and nine colour sums, or why there is none. */
export type Entry = [file: string, bytes: number, time: number, ...square: number[]] | [string, number, number, string];

/** What an index says, besides what it says of each picture. */
export interface Found {
  /** Lines, the first one, which says what they are, included. */
  lines: number;
  /** Pictures that have a square. */
  squares: number;
  /** The first slot behind all squares. */
  next: number;
  /** Lines that are not as they were written. */
  damaged: number;
  /** The index is of another version. */
  version: number;
  /** Pictures that are not as they were when they were decoded. */
  changed: number[];
  /** The line of each picture; -1: it has none. */
  lineOf: Int32Array;
}

const before = (size: number) => crc32(Buffer.from(`wgrad pictures ${CACHE_VERSION}, ${size} x ${size}`));

const firstLine = (size: number) => checkedLine({ wgrad: 'pictures', version: CACHE_VERSION, size });

/** A line for a picture. */
export const entryLine = (entry: Entry, size: number) => checkedLine(entry, before(size));

/** Notes in `table` what is known of pictures that are as they were. @throws Error if there is no index to be read. */
export function readIndex(
  path: string,
  size: number,
  files: readonly string[],
  stamps: Stamps,
  table: PictureTable,
): Found {
  const places = new Map<string, number>();
  files.forEach((file, place) => void places.set(file, place));
  const lineOf = new Int32Array(files.length).fill(-1);
  const changed = new Set<number>();
  const found = { lines: 0, squares: 0, next: 0, damaged: 0, version: CACHE_VERSION };
  const note = ([file, bytes, time, ...square]: Entry) => {
    const [slot, checksum, ...sums] = square as number[];
    if (typeof slot === 'number') {
      found.squares++;
      found.next = Math.max(found.next, slot + 1);
    }
    const place = places.get(file);
    if (place === undefined) return;
    const same = stamps.bytes[place] === bytes && stamps.times[place] === time;
    if (same) changed.delete(place);
    else changed.add(place);
    lineOf[place] = found.lines;
    if (table.slots[place] >= 0) found.squares--; // an earlier line is of the same picture
    table.reset(place);
    if (typeof slot === 'string') {
      if (same) table.leftOut(place, slot);
    } else if (same) table.decoded(place, slot, checksum, sums);
    else table.slots[place] = slot; // the new square goes where the old one is
  };
  const seed = before(size);
  const torn = eachLine(path, (line) => {
    if (found.version !== CACHE_VERSION) return;
    const entry = readLine(line, seed);
    const first = found.lines === 0 ? (readLine(line) as { version: number } | undefined) : undefined;
    if (entry) note(entry as Entry);
    else if (first) found.version = first.version;
    else found.damaged++;
    found.lines++;
  });
  return { ...found, damaged: found.damaged + Number(torn), changed: [...changed], lineOf };
}

/** Writes an index anew, without what is damaged; empty where there is none, or one of another version. @throws Error */
export function renewIndex(path: string, size: number): void {
  const partial = `${path}.${process.pid}`;
  const handle = openSync(partial, 'w');
  try {
    writeSync(handle, firstLine(size));
    const seed = before(size);
    const keep = (line: Buffer) => {
      if (readLine(line, seed)) writeSync(handle, `${line.toString()}\n`);
    };
    if (existsSync(path)) eachLine(path, keep);
  } catch (error) {
    rmSync(partial, { force: true }); // half an index must not take the whole one's place
    throw error;
  } finally {
    closeSync(handle);
  }
  renameSync(partial, path);
}
