import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { CheckpointError, showValue, UsageError } from '../errors.js';
import { TensorBoardWriter } from '../report/index.js';
import { explain } from './run-folder.js';

/** A TensorBoardWriter and its file. */
export interface TensorBoardFile {
  /** Appends to the file. */
  writer: TensorBoardWriter;
  /** Where it is. */
  path: string;
  /** Closes the file. */
  close(): void;
}

/**
 * A new event file in a run's folder, under TensorBoard's name for it: events.out.tfevents.TIME.HOST.PROCESS.NUMBER. What is
 * added is in the file when the call returns; `tensorboard --logdir FOLDER` follows it. A resumed run makes a file of its own
 * beside the first; TensorBoard reads both as one.
 * @throws CheckpointError if it cannot be made, and from `writer`'s calls if it cannot be written.
 */
export function tensorBoardFile(folder: string): TensorBoardFile {
  if (typeof folder !== 'string' || folder === '') {
    throw new UsageError(`tensorBoardFile: takes a folder's path, got ${showValue(folder)}`);
  }
  const attempt = <T>(path: string, action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw new CheckpointError(`${path}: cannot be written (${explain(error)})`, { cause: error });
    }
  };
  attempt(folder, () => mkdirSync(folder, { recursive: true }));
  const { handle, path } = attempt(folder, () => openNew(folder));
  const write = (record: Uint8Array) =>
    attempt(path, () => {
      for (let at = 0; at < record.length; ) at += writeSync(handle, record, at);
    });
  return { writer: new TensorBoardWriter({ write }), path, close: () => closeSync(handle) };
}

/** The first number that no file has yet: several writers of one process may begin in one second. */
function openNew(folder: string): { handle: number; path: string } {
  const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, '0');
  for (let number = 0; ; number++) {
    const path = `${folder}/events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${number}`;
    try {
      return { handle: openSync(path, 'wx'), path };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
