// Decoded pictures on disk, so that they are decoded once: 'wgpx', the length and checksum of a JSON header, the header,
// then the packed bytes.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { crc32 } from '../io/crc32.js';

const VERSION = 6;
const MAX_BYTES = 2 ** 31;
const PIECE = 2 ** 26;

interface Header {
  /** Why each file was left out; null where it was decoded. */
  reasons: (string | null)[];
  /** Of the packed bytes. */
  length: number;
  checksum: number;
}

const HEAD_BYTES = 12;

function cachePath(folder: string, files: string[], size: number): { path: string; directory: string } {
  const directory = process.env.WGRAD_CACHE || resolve(homedir(), '.cache/wgrad');
  const key = createHash('sha256').update(JSON.stringify([VERSION, resolve(folder), size]));
  for (const file of files) {
    const { size: bytes, mtimeMs } = statSync(`${folder}/${file}`);
    key.update(`${file}:${bytes}:${mtimeMs}\n`);
  }
  return { directory, path: `${directory}/pictures-${key.digest('hex').slice(0, 24)}.bin` };
}

/** Fills `bytes` from the cache; null if there is none that fits. The result is why each file was left out. */
export function readPixelCache(
  folder: string,
  files: string[],
  size: number,
  bytes: Uint8Array,
): (string | null)[] | null {
  let handle: number | undefined;
  try {
    handle = openSync(cachePath(folder, files, size).path, 'r');
    const { size: fileBytes } = fstatSync(handle);
    const head = Buffer.alloc(HEAD_BYTES);
    readSync(handle, head, 0, HEAD_BYTES, 0);
    const headerBytes = head.readUInt32LE(4);
    if (head.toString('latin1', 0, 4) !== 'wgpx' || fileBytes !== HEAD_BYTES + headerBytes + bytes.length) return null;
    const header = Buffer.alloc(headerBytes);
    readSync(handle, header, 0, header.length, HEAD_BYTES);
    if (crc32(header) !== head.readUInt32LE(8)) return null;
    const { reasons, length, checksum } = JSON.parse(header.toString()) as Header;
    if (length !== bytes.length || reasons.length !== files.length) return null;
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      if (readSync(handle, piece, 0, piece.length, HEAD_BYTES + headerBytes + at) !== piece.length) return null;
    }
    return crc32(bytes) === checksum ? reasons : null;
  } catch {
    return null; // no cache, or a damaged one: the pictures are decoded again
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** Writes the cache under another name and moves it into place. A cache that cannot be written is done without. */
export function writePixelCache(
  folder: string,
  files: string[],
  size: number,
  bytes: Uint8Array,
  reasons: (string | null)[],
): void {
  if (bytes.length > MAX_BYTES) return;
  let partial: string | undefined;
  try {
    const { directory, path } = cachePath(folder, files, size);
    mkdirSync(directory, { recursive: true });
    partial = `${path}.${process.pid}`;
    const header = Buffer.from(
      JSON.stringify({ reasons, length: bytes.length, checksum: crc32(bytes) } satisfies Header),
    );
    const head = Buffer.alloc(HEAD_BYTES);
    head.write('wgpx', 'latin1');
    head.writeUInt32LE(header.length, 4);
    head.writeUInt32LE(crc32(header), 8);
    const handle = openSync(partial, 'w');
    try {
      for (const part of [head, header, bytes]) {
        for (let at = 0; at < part.length; ) at += writeSync(handle, part, at, Math.min(PIECE, part.length - at));
      }
    } finally {
      closeSync(handle);
    }
    renameSync(partial, path);
  } catch {
    if (partial) rmSync(partial, { force: true });
  }
}
