// The checkpoints of a run: the last few, so that a damaged one is not the end of it, and the best weights.
import { linkSync, renameSync, rmSync } from 'node:fs';
import { type Checkpoint, readCheckpoint } from '../checkpoint/files.js';
import { CheckpointError, showValue, UsageError } from '../errors.js';
import { anything, checkOptions } from '../options.js';
import { RunFolder } from './run-folder.js';

/** How many checkpoints to keep. */
export interface CheckpointFilesOptions {
  /** The last so many, besides the best. Default 2. */
  keep?: number;
}

/** A checkpoint, and the newer ones that could not be used. */
export interface FoundCheckpoint {
  /** The newest that is whole. */
  checkpoint: Checkpoint;
  /** Each names its file and what is wrong with it, the newest first. */
  damaged: CheckpointError[];
}

/** How many a folder is looked through for, whatever is kept now. */
const MOST_KEPT = 100;

/** last.safetensors, before it last-1.safetensors, last-2.safetensors, ...; and best.safetensors. */
export class CheckpointFiles {
  private readonly keep: number;
  /** Names of files that `newest` could not use: they must not push whole ones out. */
  private readonly damaged = new Set<string>();

  constructor(
    /** Where they lie. */
    readonly folder: RunFolder,
    options: CheckpointFilesOptions = {},
  ) {
    if (!(folder instanceof RunFolder))
      throw new UsageError(`CheckpointFiles: takes a RunFolder, got ${showValue(folder)}`);
    checkOptions('CheckpointFiles', options, { keep: anything });
    const { keep = 2 } = options;
    if (!(Number.isInteger(keep) && keep >= 1 && keep <= MOST_KEPT)) {
      throw new UsageError(`CheckpointFiles: keep is ${showValue(keep)}; a whole number from 1 to ${MOST_KEPT}`);
    }
    this.keep = keep;
  }

  /**
   * Looks whether the disk has room for all that will be kept and the one being written.
   * @throws CheckpointError if it has not.
   */
  checkRoom(checkpointBytes: number): void {
    const kept = [...Array.from({ length: this.keep }, (_, age) => nameOf(age)), BEST];
    const more = kept.filter((name) => !this.folder.has(name)).length + 1;
    this.folder.checkRoom(more * checkpointBytes, `${more} more checkpoints`);
  }

  /** Makes this the last checkpoint. @throws CheckpointError if it cannot be written; those before are still there. */
  save(bytes: Uint8Array | readonly Uint8Array[]): void {
    const moveIntoPlace = this.folder.writeBeside(nameOf(0), bytes);
    for (const name of this.damaged) this.setAside(name);
    for (let age = this.keep - 1; age >= 1; age--) {
      if (this.folder.has(nameOf(age - 1))) this.growOlder(age - 1);
    }
    moveIntoPlace();
  }

  /** Makes these the best weights. @throws CheckpointError if they cannot be written. */
  saveBest(bytes: Uint8Array): void {
    this.folder.write(BEST, bytes);
  }

  /** The best weights. @throws CheckpointError if there are none, or the file is damaged. */
  best(): Checkpoint {
    return readCheckpoint(this.folder.read(BEST), this.folder.file(BEST));
  }

  /**
   * The newest checkpoint that is whole.
   * @throws CheckpointError if there is none, naming each file and what is wrong with it.
   */
  newest(): FoundCheckpoint {
    const damaged: CheckpointError[] = [];
    for (let age = 0; age < MOST_KEPT; age++) {
      const name = nameOf(age);
      if (age > 0 && !this.folder.has(name)) continue;
      try {
        return { checkpoint: readCheckpoint(this.folder.read(name), this.folder.file(name)), damaged };
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
        damaged.push(error);
        if (this.folder.has(name)) this.damaged.add(name);
      }
    }
    const reasons = damaged.map(({ message }) => message).join('; ');
    throw new CheckpointError(damaged.length > 1 ? `${reasons}; there is no other` : reasons, { cause: damaged[0] });
  }

  /** A second name first, where the disk has such: a crash then finds the checkpoint under one name or the other. */
  private growOlder(age: number): void {
    const [from, to] = [this.folder.file(nameOf(age)), this.folder.file(nameOf(age + 1))];
    const second = `${to}.partial`;
    try {
      rmSync(second, { force: true });
      linkSync(from, second);
      renameSync(second, to);
      rmSync(second, { force: true }); // still there if both names were the same file
    } catch {
      this.rename(from, to);
    }
  }

  /** Kept for whoever wants to look at it. */
  private setAside(name: string): void {
    this.damaged.delete(name);
    if (this.folder.has(name)) this.rename(this.folder.file(name), `${this.folder.file(name)}.damaged`);
  }

  private rename(from: string, to: string): void {
    try {
      renameSync(from, to);
    } catch (error) {
      throw new CheckpointError(`${to}: cannot be written (${(error as Error).message})`, { cause: error });
    }
  }
}

const BEST = 'best.safetensors';
const nameOf = (age: number) => (age === 0 ? 'last.safetensors' : `last-${age}.safetensors`);
