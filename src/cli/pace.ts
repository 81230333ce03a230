// How many epochs fit into the minutes that a run may take: some steps are timed, and thrown away.
import * as train from '../train/index.js';
import { optionsOf, type RunOptions } from './presets.js';

/** Images a second. */
export interface Pace {
  /** Forward, backward and update. */
  training: number;
  /** Forward. */
  evaluation: number;
}

/** What a run goes through. */
export interface Load {
  /** Images in an epoch. */
  training: number;
  /** Images checked after each. */
  validation: number;
  /** Inputs tested at the end: ten crops are ten. */
  test: number;
}

/** The first steps fill the pipeline; those of evaluation wait for its kernels. */
const SKIPPED_STEPS = 3;
const TRAINING_SECONDS = 4;
const EVALUATION_SECONDS = 1.5;

/** Times steps of training and of evaluation, of `batch` images each. The parts are of no use afterwards. */
export async function measurePace(parts: train.TrainerParts, batch: number): Promise<Pace> {
  const { model, optimizer, train: source, task, precision } = parts;
  for (const group of optimizer.groups) group.lr = 0; // as much work, and nothing can diverge
  const trainer = new train.Trainer({ model, optimizer, train: source, task, precision });
  const epochs = Number.POSITIVE_INFINITY;
  const trained = await stepsPerSecond(TRAINING_SECONDS, (mark, signal) =>
    trainer.fit({ epochs, signal, callbacks: [{ onBatchEnd: ({ step }) => mark(step) }] }),
  );
  let checked = 0;
  const evaluated = await stepsPerSecond(EVALUATION_SECONDS, (mark, signal) =>
    train.evaluate({ model, task, data: source, precision, onProgress: () => mark(++checked), signals: [signal] }),
  );
  return { training: trained * batch, evaluation: evaluated * batch };
}

/** `run` marks each step, until it has none left or `signal` ends it. */
async function stepsPerSecond(
  seconds: number,
  run: (mark: (steps: number) => void, signal: AbortSignal) => Promise<unknown>,
): Promise<number> {
  const enough = new AbortController();
  const marks = [{ at: performance.now(), steps: 0 }];
  const mark = (steps: number) => {
    const at = performance.now();
    marks.push({ at, steps });
    if (marks.length > SKIPPED_STEPS + 1 && at - marks[SKIPPED_STEPS].at >= 1000 * seconds) enough.abort();
  };
  await run(mark, enough.signal).catch((error) => {
    if (error !== enough.signal.reason) throw error;
  });
  const from = marks[Math.max(0, Math.min(SKIPPED_STEPS, marks.length - 2))];
  const to = marks[marks.length - 1];
  return ((to.steps - from.steps) * 1000) / (to.at - from.at);
}

const epochSeconds = ({ training, evaluation }: Pace, load: Load) =>
  load.training / training + load.validation / evaluation;

/** Whole epochs of which the run is over within so many minutes from its start, `elapsed` seconds ago. */
export function epochsWithin(minutes: number, elapsed: number, pace: Pace, load: Load): number {
  const left = 60 * minutes - elapsed - load.test / pace.evaluation;
  return Math.max(0, Math.floor(left / epochSeconds(pace, load)));
}

/** The number of epochs to train, 1 at least, and why, for people. */
export function chooseEpochs(
  minutes: number,
  elapsed: number,
  pace: Pace,
  load: Load,
): { epochs: number; because: string } {
  const rate = `${pace.training.toFixed(pace.training < 10 ? 1 : 0)} images a second here`;
  const within = (most: number) => epochsWithin(most, elapsed, pace, load);
  const time = `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
  const epochs = within(minutes);
  if (epochs === 0) {
    const takes = Math.ceil((elapsed + epochSeconds(pace, load) + load.test / pace.evaluation) / 60);
    return {
      epochs: 1,
      because: `${rate}: ${time} are too few for an epoch; one is trained, which takes about ${takes}`,
    };
  }
  const fit = epochs === 1 ? '1 epoch fits' : `${epochs} epochs fit`;
  const twice = `--minutes ${2 * minutes} would take ${within(2 * minutes)}`;
  return { epochs, because: `${rate}: ${fit} into ${time}; ${twice}` };
}

/** What the quick preset came to, by epochs: test accuracy in percent, single crop, of the logs of docs/results.md. */
export const MEASURED: readonly (readonly [epochs: number, accuracy: number])[] = [
  [4, 79.7],
  [11, 85.8],
  [16, 86.9],
];
/** What they were measured with. */
const MEASURED_PICTURES = { length: 7600, classes: ['cat', 'dog'] };

/**
 * What more epochs came to where that was measured; '' where nothing is known: of other pictures or options, or of more
 * epochs still. `epochSeconds` is one epoch's time in this run, `besides` that of all else.
 */
export function whatMoreBrings(
  options: RunOptions,
  pictures: { length: number; classes: readonly string[] },
  epochSeconds: number,
  besides: number,
): string {
  const usual = optionsOf('quick', { epochs: options.epochs, seed: options.seed });
  const names = Object.keys(usual) as (keyof RunOptions)[];
  const { length, classes } = MEASURED_PICTURES;
  const known = pictures.length === length && pictures.classes.join() === classes.join();
  const more = MEASURED.filter(([epochs]) => epochs > options.epochs);
  if (!known || more.length === 0 || names.some((name) => String(options[name]) !== String(usual[name]))) return '';
  const came = more.map(([epochs, accuracy]) => {
    const minutes = Math.ceil((epochs * epochSeconds + besides) / 60);
    return `${epochs} epochs came to ${accuracy.toFixed(1)} % (here about --minutes ${minutes})`;
  });
  return `Measured with these pictures, single crop (docs/results.md): ${came.join(', ')}.`;
}
