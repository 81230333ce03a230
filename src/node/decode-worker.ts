// A worker thread that decodes files and packs them into shared memory. image-folder.ts starts it.
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { prepare } from '../data/image.js';
import { DataError } from '../device/errors.js';
import { decodeImage } from './decode-image.js';

/** What the worker is given. */
export interface DecodeSetup {
  memory: SharedArrayBuffer;
  size: number;
  folder: string;
}

export interface DecodeJob {
  place: number;
  file: string;
}

/** Per file: its place, and why it was left out if it was. */
export interface DecodeResult {
  place: number;
  reason: string | null;
}

const { memory, size, folder } = workerData as DecodeSetup;
const image = 3 * size * size;

parentPort!.on('message', (jobs: DecodeJob[]) => {
  parentPort!.postMessage(
    jobs.map(({ place, file }): DecodeResult => {
      try {
        const pixels = prepare(decodeImage(readFileSync(`${folder}/${file}`), file), size);
        new Uint8Array(memory, place * image, image).set(pixels);
        return { place, reason: null };
      } catch (error) {
        const { message } = error as Error;
        return { place, reason: error instanceof DataError ? message.slice(message.indexOf(': ') + 2) : message };
      }
    }),
  );
});
