// What a training run leaves on disk: options, a table of epochs, checkpoints. Files appear whole or not at all.
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { CheckpointError } from '../device/errors.js';

/** A folder such as runs/dogcat. */
export class RunFolder {
  constructor(
    /** Where it is. */
    readonly path: string,
  ) {}

  /**
   * Makes the folder and checks that it can be written to, before hours are spent.
   * @throws CheckpointError if not.
   */
  create(): void {
    try {
      mkdirSync(this.path, { recursive: true });
      this.write('.writable', new Uint8Array());
    } catch (error) {
      throw new CheckpointError(`${this.path}: cannot be written to (${(error as Error).message})`, { cause: error });
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

  /** Writes beside the file and moves it into place: a crash leaves the old one. */
  write(name: string, data: Uint8Array | string): void {
    const partial = `${this.file(name)}.partial`;
    writeFileSync(partial, data);
    renameSync(partial, this.file(name));
  }

  /** Adds a line to a text file, which is made if there is none. */
  append(name: string, line: string): void {
    appendFileSync(this.file(name), `${line}\n`);
  }

  /** A file's bytes. @throws CheckpointError if it cannot be read. */
  read(name: string): Uint8Array {
    try {
      return readFileSync(this.file(name));
    } catch (error) {
      throw new CheckpointError(`${this.file(name)}: cannot be read (${(error as Error).message})`, { cause: error });
    }
  }
}

/** The first of base, base-2, base-3, ... that holds no run yet. */
export function freshRunFolder(base: string): RunFolder {
  for (let i = 1; ; i++) {
    const path = i === 1 ? base : `${base}-${i}`;
    if (!existsSync(path) || readdirSync(path).length === 0) return new RunFolder(path);
  }
}

/** The newest run among base, base-2, ...; null if there is none. */
export function latestRunFolder(base: string): RunFolder | null {
  let latest: RunFolder | null = null;
  for (let i = 1; ; i++) {
    const path = i === 1 ? base : `${base}-${i}`;
    if (!existsSync(path)) return latest;
    if (existsSync(`${path}/last.safetensors`)) latest = new RunFolder(path);
  }
}
