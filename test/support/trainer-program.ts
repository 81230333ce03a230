// The Dogs vs. Cats trainer as a program of its own, for the tests that stop it, kill it and take its disk away.
import { built, type Program, type ProgramOptions, startProgram } from './program.js';

/** A run of a few seconds on drawn pictures. */
export const SMALL_RUN =
  '--stand-ins --preset quick --limit 96 --batch 8 --width 0.0625 --image 67 --stored 75 --epochs 4 --no-ten-crop'.split(
    ' ',
  );

export function startTrainer(args: readonly string[], options?: ProgramOptions): Program {
  return startProgram([built('examples/dogcat.js'), ...args], options);
}
