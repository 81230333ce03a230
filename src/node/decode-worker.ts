// A worker thread that decodes files and packs them into shared memory. image-folder.ts starts it.
import { readFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { prepare } from '../data/image.js';
import { decodeImage } from './decode-image.js';
import { serve } from './worker-service.js';

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

const { memory, size, folder } = workerData as DecodeSetup;
const image = 3 * size * size;

serve(({ place, file }: DecodeJob) => {
  const pixels = prepare(decodeImage(readFileSync(`${folder}/${file}`), file), size);
  new Uint8Array(memory, place * image, image).set(pixels);
  return true;
});
