// predict FILE...: one line a picture, with its class and how sure the network is.
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { pictureInputs } from '../data/index.js';
import { CheckpointError, DataError } from '../index.js';
import { CheckpointFiles, decodeImage, latestRunFolder, RunFolder } from '../node/index.js';
import { argmaxRow, type Checkpoint, predictProbabilities, readCheckpoint, restoreModel } from '../train/index.js';
import { readFacts } from './facts.js';
import { call } from './options.js';
import { buildModel, lookOf } from './parts.js';

/** Prints predictions for files that are pictures and errors for those that are not; returns the exit code. */
export async function predict(files: string[], run: string | undefined, defaultRun: string): Promise<number> {
  const checkpoint = openWeights(run, defaultRun);
  const facts = readFacts(checkpoint, 'predict');
  const model = buildModel(facts).eval();
  restoreModel(checkpoint, model);
  const look = lookOf(facts);
  const { crop } = look;
  const widest = Math.max(...files.map((f) => f.length));
  let failed = 0;
  for (const file of files) {
    try {
      const picture = decodeImage(readBytes(file), file);
      const images = pictureInputs(picture, { ...look, size: facts.options.stored, crops: 10 });
      const probabilities = await predictProbabilities(model, images, [3, crop, crop], 10);
      const best = argmaxRow(probabilities, 0, facts.classes.length);
      console.log(
        `${file.padEnd(widest)}  ${facts.classes[best]}  ${(100 * probabilities[best]).toFixed(1).padStart(5)} %`,
      );
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      console.error(error.message);
      failed++;
    }
  }
  if (facts.folders === null)
    console.error('This network was trained on drawn stand-ins: its word on photographs means nothing.');
  return failed > 0 ? 1 : 0;
}

/** Weights from a run's folder, from a file such as the browser page saves, or from the last run. */
function openWeights(run: string | undefined, defaultRun: string): Checkpoint {
  const isFile = run?.endsWith('.safetensors');
  const folder = isFile ? new RunFolder(dirname(run!)) : run ? new RunFolder(run) : latestRunFolder(defaultRun);
  if (!folder)
    throw new CheckpointError(
      `predict: there is no trained network in ${defaultRun}; train one with: ${call('train').replace(/ --$/, '')}`,
    );
  if (isFile || folder.has('best.safetensors')) {
    const name = isFile ? basename(run!) : 'best.safetensors';
    return readCheckpoint(folder.read(name), folder.file(name));
  }
  const { checkpoint, damaged } = new CheckpointFiles(folder).newest();
  for (const { message } of damaged) console.error(`${message}; ${checkpoint.name} is used instead`);
  return checkpoint;
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new DataError(`${file}: ${code === 'ENOENT' ? 'there is no such file' : message}`, { cause: error });
  }
}
