// What test/mpi/programs/trains.ts printed.
import * as assert from 'uvu/assert';
import { type Launcher, runJob } from './mpi.js';
import { built, type Ended, startProgram } from './program.js';

/** What came of a training. */
export interface Trained {
  history: Record<string, number>[];
  /** Of each process: the losses of its batches, checksums of what a checkpoint holds, and where it stands. */
  all: { losses: number[]; tensors: Record<string, number>; position: object; rng: object }[];
  weights: Record<string, number[]>;
  seconds: { steps: number; waited: number };
  spans: { what: string; bytes: number; from: number; to: number }[];
}

export const trainsProgram = built('test/mpi/programs/trains.js');

export function trainedOf({ code, output }: Pick<Ended, 'code' | 'output'>): Trained {
  assert.is(code, 0, output);
  return JSON.parse(/^result (.*)$/m.exec(output)![1]);
}

/** Trains alone. */
export const trainAlone = async (...args: string[]) => trainedOf(await startProgram([trainsProgram, ...args]).ended);

/** Trains in several processes, which must all have come to the same. */
export async function trainTogether(launcher: Launcher, ranks: number, ...args: string[]): Promise<Trained> {
  const trained = trainedOf(await runJob({ launcher, ranks, program: [trainsProgram, ...args] }));
  assert.is(trained.all.length, ranks);
  const rest = ({ losses: _, ...rest }: Trained['all'][number]) => rest;
  for (const one of trained.all) assert.equal(rest(one), rest(trained.all[0]));
  return trained;
}

/** The losses of all batches, the least first: who had which is not said. */
const lossesOf = ({ all }: Trained) => all.flatMap(({ losses }) => losses).sort((a, b) => a - b);

/** The largest difference of two trainings' batches' losses, weights, and epochs' figures. */
export function difference(a: Trained, b: Trained): { losses: number; weights: number; figures: number } {
  const [one, other] = [lossesOf(a), lossesOf(b)];
  assert.is(other.length, one.length);
  const most = (numbers: number[]) => Math.max(0, ...numbers.map(Math.abs));
  const names = Object.keys(a.weights);
  assert.equal(Object.keys(b.weights), names);
  assert.is(b.history.length, a.history.length);
  return {
    losses: most(one.map((loss, i) => loss - other[i])),
    weights: most(names.flatMap((name) => a.weights[name].map((w, i) => w - b.weights[name][i]))),
    figures: most(a.history.flatMap((figures, i) => Object.keys(figures).map((k) => figures[k] - b.history[i][k]))),
  };
}
