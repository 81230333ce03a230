// Weights to use or to begin with: of a run, of a file, or those that come with the library.
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CheckpointFiles, latestRunFolder, RunFolder } from '../node/index.js';
import { type Checkpoint, readCheckpoint } from '../train/index.js';
import { bare, type Project } from './project.js';

/** The network that comes along, of which models/README.md says what it is. */
const OWN = fileURLToPath(new URL('../../../models/dogcat.safetensors', import.meta.url));
/** What it is called on command lines. */
export const OWN_NAME = 'dogcat';

/** The network that comes with the library. @throws CheckpointError if its file is not there, or damaged. */
export const trainedNetwork = (): Checkpoint => readFile(OWN);

/**
 * Weights from a run's folder, from a file such as the browser page saves, or the library's own by their name.
 * @throws CheckpointError if there are none, or the file is damaged.
 */
export function openWeights(from: string): Checkpoint {
  if (from === OWN_NAME) return trainedNetwork();
  if (from.endsWith('.safetensors')) return readFile(from);
  const folder = new RunFolder(from);
  const files = new CheckpointFiles(folder);
  if (folder.has('best.safetensors')) return files.best();
  const { checkpoint, damaged } = files.newest();
  for (const { message } of damaged) console.error(`${message}; ${checkpoint.name} is used instead`);
  return checkpoint;
}

/** Those of the last run, or, with a word about it, the library's own. */
export function latestWeights({ runs, calls }: Project): Checkpoint {
  const latest = latestRunFolder(runs);
  if (latest) return openWeights(latest.path);
  console.error(
    `By the network that comes with wgrad, as ${runs} has none yet: cat or dog. ${bare(calls.train)} makes one of yours.`,
  );
  return trainedNetwork();
}

const readFile = (path: string) => readCheckpoint(new RunFolder(dirname(path)).read(basename(path)), path);
