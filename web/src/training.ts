// A training run: its trainer, what it tells the page, and when it is kept.
import { AdamW, type AlexNet, memory, OneCycleLR } from 'wgrad';
import {
  type ColourStatistics,
  colorJitter,
  DataLoader,
  normalize,
  randomHorizontalFlip,
  randomResizedCrop,
  toTensor,
} from 'wgrad/data';
import {
  classification,
  type EpochRecord,
  type Progress,
  RateMeter,
  type Snapshot,
  Trainer,
  type TrainerPosition,
  warmup,
  withRecovery,
} from 'wgrad/train';
import type { CurvesState } from './curves.js';
import { type Data, SEED } from './data.js';
import type { Facts } from './facts.js';
import { networks } from './networks.js';
import { filtersOf, type Planes } from './planes.js';
import { groupsOf } from './trained.js';

/** What the page is told; it calls from the worker. */
export interface Listener {
  /** What is being done, while training has not begun. */
  preparing(what: string): void;
  progress(now: Progress & { imagesPerSecond: number; megabytes: number }): void;
  epoch(record: EpochRecord): void;
  filters(planes: Planes): void;
  /** Whether the run is kept. */
  kept(text: string, bad: boolean): void;
  /** What is drawn so far, to be kept with the run. */
  curves(): CurvesState | Promise<CurvesState>;
}

/** A network while it is trained. */
export interface Run {
  model: AlexNet;
  facts: Facts;
  data: Data;
  epochs: number;
  trainer: Trainer;
}

const FILTERS_EVERY_MS = 1500;
/** Steps between two looks at the metrics of the epoch so far. */
const METRICS_EVERY = 2;
/** A run is kept this often, and less often where that would take more than a tenth of the time. */
const KEEP_EVERY_MS = 5000;
const KEEP_SHARE = 1 / 10;

/** A run from its beginning. */
export function newRun(model: AlexNet, facts: Facts, data: Data, epochs: number): Run {
  const { image, batch, learningRate, tuning } = networks[facts.network];
  const { train, validation } = data;
  const { colours } = facts;
  const batchSize = Math.min(batch, train.length);
  const random = tuning
    ? { transforms: varied(image, colours, tuning), seed: SEED }
    : ({ crop: image, place: 'random', flip: true, colourShift: 0.1, colours, seed: SEED } as const);
  const center = { crop: image, place: 'center', colours, seed: SEED } as const;
  const loader = new DataLoader(train, { batchSize, shuffle: true, dropLast: true, augment: random });
  const params = tuning ? groupsOf(model, [learningRate, tuning.rate]) : model.parameters();
  const optimizer = new AdamW(params, { lr: learningRate, weightDecay: 0.01 });
  const maxLr = tuning ? [learningRate, tuning.rate] : learningRate;
  const totalSteps = epochs * loader.batches + 1;
  const trainer = new Trainer({
    model,
    optimizer,
    schedule: { each: 'step', rule: new OneCycleLR(optimizer, { maxLr, totalSteps }) },
    task: classification({ classes: train.classes }),
    train: loader,
    validation: validation.length > 0 ? new DataLoader(validation, { batchSize: batch, augment: center }) : undefined,
  });
  return { model, facts, data, epochs, trainer };
}

/** Training crops of many sizes and colours. */
function varied(image: number, { mean, std }: ColourStatistics, { area, jitter }: { area: number; jitter: number }) {
  const unit = (values: readonly number[]) => values.map((value) => value / 255);
  return [
    randomResizedCrop(image, { scale: [area, 1] }),
    randomHorizontalFlip(),
    colorJitter({ brightness: jitter, contrast: jitter, saturation: jitter }),
    toTensor(),
    normalize(unit(mean), unit(std)),
  ];
}

/** How many pictures of an epoch are behind it, and how many it has. */
export function placeIn({ trainer }: Run): { examples: number; examplesInEpoch: number } {
  const { options, length } = trainer.parts.train as DataLoader;
  return { examples: Math.min(trainer.position.batch * options.batchSize, length), examplesInEpoch: length };
}

/** Whether its epochs are done: the last one's validation included. */
export function isDone({ trainer, epochs }: Run): boolean {
  return trainer.position.epoch >= epochs;
}

/** Share of its epochs' pictures that it has seen. */
export function shareDone(run: Run): number {
  const { examples, examplesInEpoch } = placeIn(run);
  return Math.min(1, (run.trainer.position.epoch + examples / examplesInEpoch) / run.epochs);
}

/**
 * Trains until the epochs are done or `stop` aborts. `keep` is given the state every few seconds and at the end; without it the run
 * is not kept. Stopping and going on changes no bit.
 */
export async function fit(
  { trainer, model, facts, epochs }: Run,
  listener: Listener,
  stop: AbortSignal,
  keep?: (snapshot: Snapshot<TrainerPosition>) => Promise<void>,
): Promise<'done' | 'stopped'> {
  const { image } = facts.options;
  const { batchSize } = (trainer.parts.train as DataLoader).options;
  await warmup(model, [batchSize, 3, image, image], {
    onProgress: (done, all) => listener.preparing(`compiling kernels: ${done} of ${all}`),
  });
  const before = trainer.position.step;
  const meter = new RateMeter(10);
  let shown = 0;
  let dueAt = performance.now() + KEEP_EVERY_MS;
  let due = new AbortController();
  const tell = (now: Progress) =>
    listener.progress({ ...now, imagesPerSecond: meter.perSecond, megabytes: memory().liveBytes / 2 ** 20 });
  const showFilters = async () => listener.filters(await filtersOf(model.layers.conv1));
  const callbacks = [
    {
      onBatchEnd: (now: Progress) => {
        meter.mark((now.step - before) * batchSize);
        tell(now);
        if (keep && performance.now() >= dueAt) due.abort();
        if (performance.now() - shown < FILTERS_EVERY_MS) return;
        shown = performance.now();
        showFilters().catch(() => {}); // the step itself tells of a lost GPU
      },
      onValidationBatchEnd: tell,
      onEpochEnd: async (record: EpochRecord) => {
        listener.epoch(record);
        await showFilters();
      },
    },
  ];
  return withRecovery<TrainerPosition, 'done' | 'stopped'>(trainer, { save: keep }, async (attempt) => {
    for (;;) {
      due = new AbortController();
      const signal = AbortSignal.any([stop, due.signal]);
      const ended = await trainer.fit({ epochs, signal, metricsEvery: METRICS_EVERY, callbacks });
      const began = performance.now();
      await attempt.save();
      const took = performance.now() - began;
      dueAt = performance.now() + Math.max(KEEP_EVERY_MS, took / KEEP_SHARE);
      if (ended === 'done' || stop.aborted) return ended;
    }
  });
}
