// predict FILE|DIR...: one line a picture, with its class and how sure the network is.
import { readFileSync, statSync } from 'node:fs';
import { pictureInputs } from '../data/index.js';
import { DataError } from '../index.js';
import { decodeImage } from '../node/index.js';
import { allPictures } from '../node/list-pictures.js';
import { argmaxRow, predictProbabilities, restoreModel } from '../train/index.js';
import { readFacts } from './facts.js';
import { buildModel, lookOf } from './parts.js';
import type { Project } from './project.js';
import { latestWeights, openWeights } from './weights.js';

/**
 * Prints predictions for files that are pictures, those of a folder with how many are of each class, and errors for what is no
 * picture; returns the exit code.
 */
export async function predict(paths: string[], run: string | undefined, project: Project): Promise<number> {
  const files = paths.flatMap(picturesAt);
  const checkpoint = run === undefined ? latestWeights(project) : openWeights(run);
  const facts = readFacts(checkpoint, 'predict');
  const model = buildModel(facts).eval();
  restoreModel(checkpoint, model);
  const look = lookOf(facts);
  const { crop } = look;
  const widest = Math.max(...files.map((f) => f.length));
  const counts = facts.classes.map(() => 0);
  let failed = 0;
  for (const file of files) {
    try {
      const picture = decodeImage(readBytes(file), file);
      const images = pictureInputs(picture, { ...look, size: facts.options.stored, crops: 10 });
      const probabilities = await predictProbabilities(model, images, [3, crop, crop], 10);
      const best = argmaxRow(probabilities, 0, facts.classes.length);
      counts[best]++;
      console.log(
        `${file.padEnd(widest)}  ${facts.classes[best]}  ${(100 * probabilities[best]).toFixed(1).padStart(5)} %`,
      );
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      console.error(error.message);
      failed++;
    }
  }
  if (files.length > paths.length)
    console.log(`of ${files.length - failed}: ${facts.classes.map((name, c) => `${counts[c]} ${name}`).join(', ')}`);
  if (facts.folders === null)
    console.error('This network was trained on drawn stand-ins: its word on photographs means nothing.');
  return failed > 0 ? 1 : 0;
}

/** The pictures below a folder, in order, what is left out named; or the file itself. */
function picturesAt(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const { files, left } = allPictures(path);
  for (const { file, reason } of left) console.error(`left out ${file}: ${reason}`);
  return files;
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new DataError(`${file}: ${code === 'ENOENT' ? 'there is no such file' : message}`, { cause: error });
  }
}
