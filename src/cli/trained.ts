// The network that comes with the library: models/dogcat.safetensors, of which models/README.md says what it is.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CheckpointError } from '../index.js';
import { explain } from '../node/run-folder.js';
import { type Checkpoint, readCheckpoint } from '../train/index.js';

const FILE = fileURLToPath(new URL('../../../models/dogcat.safetensors', import.meta.url));

/** Its file, read. @throws CheckpointError if it is not there, or damaged. */
export function trainedNetwork(): Checkpoint {
  try {
    return readCheckpoint(readFileSync(FILE), FILE);
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(`${FILE}: cannot be read (${explain(error)})`, { cause: error });
  }
}
