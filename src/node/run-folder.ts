// What a training run leaves on disk: options, a table of epochs, checkpoints. Files appear whole or not at all.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { CheckpointError, showValue, UsageError } from '../errors.js';
import { showBytes } from '../math.js';

const PIECE = 2 ** 26;
const PROBE_BYTES = 4096;

/** What is written to a file: text, bytes, or bytes in parts. */
export type FileContent = string | Uint8Array | readonly Uint8Array[];

/** A folder such as runs/dogcat. @throws UsageError if its path is no text, or empty. */
export class RunFolder {
  constructor(
    /** Where it is. */
    readonly path: string,
  ) {
    if (typeof path !== 'string' || path === '')
      throw new UsageError(`RunFolder: takes a path, got ${showValue(path)}`);
  }

  /**
   * Makes the folder and checks that it can be written to, before hours are spent. Removes what a write that was killed
   * left behind.
   * @throws CheckpointError if it cannot be made or written to.
   */
  create(): void {
    const probe = this.file('.writable');
    try {
      mkdirSync(this.path, { recursive: true });
      for (const name of readdirSync(this.path)) if (name.endsWith('.partial')) rmSync(this.file(name));
      writeThrough(probe, [new Uint8Array(PROBE_BYTES)]);
      rmSync(probe);
    } catch (error) {
      throw new CheckpointError(
        `${this.path}: cannot be used for a run (${explain(error)}); choose another folder, or make this one writable`,
        { cause: error },
      );
    }
  }

  /** The path of a file in it. */
  file(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Whether it holds a file. */
  has(name: string): boolean {
    return existsSync(this.file(name));
  }

  /**
   * Looks whether the disk has room for `bytes` more. `what` says in the message what they are.
   * @throws CheckpointError if it has not, or is gone.
   */
  checkRoom(bytes: number, what: string): void {
    const free = freeBytes(this.path);
    if (free >= bytes) return;
    throw new CheckpointError(
      `${this.path}: the disk has ${showBytes(free)} left, ${what} need ${showBytes(bytes)}; make room, keep fewer, or choose ` +
        'another folder',
    );
  }

  /**
   * Writes beside the file, through to the disk, and moves it into place: neither a crash nor a power cut leaves half.
   * @throws CheckpointError if it cannot be written; what was there before still is.
   */
  write(name: string, data: FileContent): void {
    this.writeBeside(name, data)();
  }

  /** The first half of `write`; what it returns is the second, which moves the file into place. */
  writeBeside(name: string, data: FileContent): () => void {
    const partial = `${this.file(name)}.partial`;
    this.attempt(name, () => {
      try {
        writeThrough(partial, partsOf(data));
      } catch (error) {
        rmSync(partial, { force: true }); // on a full disk it stands in the way of the next attempt
        throw error;
      }
    });
    return () =>
      this.attempt(name, () => {
        renameSync(partial, this.file(name));
        syncFolder(this.path);
      });
  }

  /** A file's bytes. @throws CheckpointError if it cannot be read. */
  read(name: string): Uint8Array {
    try {
      return readWhole(this.file(name));
    } catch (error) {
      throw new CheckpointError(`${this.file(name)}: cannot be read (${explain(error)})`, { cause: error });
    }
  }

  private attempt(name: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      throw new CheckpointError(`${this.file(name)}: cannot be written (${explain(error)})`, { cause: error });
    }
  }
}

/** In pieces: Node's own call refuses what is above 2 GiB. */
function readWhole(path: string): Uint8Array {
  const handle = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(fstatSync(handle).size);
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(handle, bytes, at, Math.min(PIECE, bytes.length - at), at);
      if (read === 0) return bytes.subarray(0, at); // it has shrunk meanwhile
      at += read;
    }
    return bytes;
  } finally {
    closeSync(handle);
  }
}

function partsOf(data: FileContent): readonly Uint8Array[] {
  if (typeof data === 'string') return [Buffer.from(data)];
  return data instanceof Uint8Array ? [data] : data;
}

/** Writes a file and waits until the disk has it. */
function writeThrough(path: string, parts: readonly Uint8Array[]): void {
  const handle = openSync(path, 'w');
  try {
    for (const bytes of parts) {
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at, Math.min(PIECE, bytes.length - at));
    }
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Waits until the disk knows a folder's names; Windows does so by itself and opens no folders. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch (error) {
    throw new CheckpointError(`${folder}: cannot be used for a run (${explain(error)}); was it deleted?`, {
      cause: error,
    });
  }
}

/** The system's reasons in plain words. @internal */
export function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const words: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EDQUOT: 'the quota is used up',
    EROFS: 'the disk is read-only',
    EACCES: 'no permission',
    EPERM: 'no permission',
    ENOENT: 'there is no such file or folder',
    ENOTDIR: 'a part of the path is a file, not a folder',
    EEXIST: 'it is a file, not a folder',
    EISDIR: 'it is a folder, not a file',
    EIO: 'the disk reports an error',
  };
  return code && Object.hasOwn(words, code) ? `${words[code]}: ${code}` : message;
}

/** The first of base, base-2, base-3, ... that holds no run yet. */
export function freshRunFolder(base: string): RunFolder {
  for (let i = 1; ; i++) {
    const path = i === 1 ? base : `${base}-${i}`;
    if (!existsSync(path) || (statSync(path).isDirectory() && readdirSync(path).length === 0))
      return new RunFolder(path);
  }
}

/** When a run was saved last; 0 if never. */
function savedAt(path: string): number {
  const times = ['last', 'last-1'].map(
    (name) => statSync(`${path}/${name}.safetensors`, { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return Math.max(...times);
}

/** The newest run among base, base-2, ...; null if there is none. */
export function latestRunFolder(base: string): RunFolder | null {
  const parent = dirname(base);
  if (!existsSync(parent)) return null;
  const runs = readdirSync(parent)
    .filter((name) => name === basename(base) || (name.startsWith(`${basename(base)}-`) && /-\d+$/.test(name)))
    .map((name) => base + name.slice(basename(base).length))
    .map((path) => ({ path, at: savedAt(path) }))
    .filter(({ at }) => at > 0)
    .sort((a, b) => b.at - a.at);
  return runs.length > 0 ? new RunFolder(runs[0].path) : null;
}
