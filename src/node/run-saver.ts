// Saving that outlives a full disk: what cannot be written now is tried again with the next save.
import { existsSync } from 'node:fs';
import { CheckpointError, showValue, UsageError } from '../errors.js';
import { requireFunction } from '../options.js';
import { CheckpointFiles } from './checkpoint-files.js';

interface Failing {
  message: string;
  times: number;
}

/** Writes a run's files. Failures are told and not thrown, so that training goes on; so is that it works again. @throws UsageError if made of anything else. */
export class RunSaver {
  /** The newest form of what is not on disk, by name. */
  private readonly waiting = new Map<string, () => void>();
  private readonly failing = new Map<string, Failing>();

  constructor(
    private readonly files: CheckpointFiles,
    /** Takes a line for people. */
    private readonly say: (line: string) => void,
  ) {
    if (!(files instanceof CheckpointFiles))
      throw new UsageError(`RunSaver: takes CheckpointFiles, got ${showValue(files)}`);
    requireFunction('RunSaver', 'say', say);
  }

  /** Saves a checkpoint as the run's last: what `writeCheckpoint` or `checkpointParts` made. */
  saveLast(bytes: Uint8Array | readonly Uint8Array[]): void {
    this.save('the checkpoint', () => this.files.save(bytes));
  }

  /** Saves the best weights so far. */
  saveBest(bytes: Uint8Array): void {
    this.save('the best weights', () => this.files.saveBest(bytes));
  }

  /** Saves any other file of the run. */
  saveFile(name: string, data: Uint8Array | string): void {
    this.save(name, () => this.files.folder.write(name, data));
  }

  /** What could not be saved in its newest form; empty if all is on disk. */
  get unsaved(): string[] {
    return [...this.waiting.keys()];
  }

  private save(what: string, write: () => void): void {
    this.waiting.set(what, write);
    for (const [name, attempt] of this.waiting) this.attempt(name, attempt);
  }

  private attempt(what: string, write: () => void): void {
    const failed = this.failing.get(what);
    try {
      this.restoreFolder();
      write();
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      const { message } = error;
      if (failed?.message !== message) {
        this.say(`Could not save ${what}. ${message}. Training goes on; the next save tries again.`);
      }
      this.failing.set(what, { message, times: (failed?.times ?? 0) + 1 });
      return;
    }
    this.waiting.delete(what);
    this.failing.delete(what);
    if (failed) this.say(`Saved ${what} again, after ${failed.times} ${failed.times === 1 ? 'failure' : 'failures'}.`);
  }

  private restoreFolder(): void {
    const { folder } = this.files;
    if (existsSync(folder.path)) return;
    folder.create();
    this.say(`${folder.path} was gone; it is made anew, and holds only what is saved from here on.`);
  }
}
