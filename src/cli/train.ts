// A training run from its options to its test.
import { availableParallelism } from 'node:os';
import { distribute, type World } from '../distributed/index.js';
import {
  deviceInfo,
  GradScaler,
  init,
  Linear,
  type Module,
  manualSeed,
  setDetectAnomaly,
  type Tensor,
  unfreeze,
} from '../index.js';
import { type CheckpointFiles, type RunFolder, RunSaver } from '../node/index.js';
import { metricsCsv, writeRunFacts } from '../report/index.js';
import * as train from '../train/index.js';
import type { Start } from './begin.js';
import type { RunData } from './data.js';
import { type RunFacts, writeFacts } from './facts.js';
import type { CommandLine } from './options.js';
import { chooseEpochs, measurePace, whatMoreBrings } from './pace.js';
import { buildLoaders, buildParts, type RunLoaders } from './parts.js';
import { optionsOf, type PresetName, type RunOptions } from './presets.js';
import { profileStep } from './profile-step.js';
import type { Project } from './project.js';
import { recordOf } from './record.js';
import type { Stopping } from './stopping.js';
import type { Terminal } from './terminal.js';
import { test } from './test.js';

/** What a run takes that nothing is said of, where a CPU stands in for a GPU. */
const USUAL_MINUTES = 10;

/** Weights of a dense layer that --model-parallel cuts. */
const LARGE = 65536;

/** Steps between two looks at the accuracy that the progress line shows. */
const METRICS_EVERY = 10;

/** A run whose pictures are there and whose folder is open. */
export interface Run {
  project: Project;
  line: CommandLine;
  /** Of a run that begins with new weights. */
  preset: PresetName | null;
  /** Of a run that begins with others. */
  start: Start | undefined;
  facts: RunFacts;
  data: RunData;
  files: CheckpointFiles;
  checkpoint: train.Checkpoint | undefined;
  stopping: Stopping;
  terminal: Terminal;
  /** The processes that train together. */
  world: World;
}

/** Trains, tests the best weights and says how to go on; the exit code. */
export async function run({
  project,
  line,
  preset,
  start,
  facts,
  data,
  files,
  checkpoint,
  stopping,
  terminal,
  world,
}: Run): Promise<number> {
  const { options } = facts;
  const { folder } = files;
  const cores = Math.floor(availableParallelism() / world.localSize);
  const workers = line.workers ?? Math.min(4, Math.max(1, cores - 1));
  const loaders = buildLoaders(facts, data.train, data.validation, workers, world.size);
  const minutes = preset ? minutesFor(line, preset) : undefined;
  if (preset && minutes !== undefined) {
    const epochs = await epochsFor(minutes, { line, facts, data, loaders, terminal, world });
    Object.assign(options, optionsOf(preset, { ...line.given, epochs }));
  }
  manualSeed(options.seed);
  const parts = buildParts(facts, loaders, start);
  const trainer = new train.Trainer(parts);
  if (checkpoint) train.restoreRun(checkpoint, trainer);
  if (world.isFirst) files.checkRoom(train.checkpointBytes(trainer));
  const { transport, shardOptimizer } = line;
  const modelParallel = line.modelParallel ? largeLinears(parts.model, world.size) : [];
  await distribute(trainer, { transport, shardOptimizer, modelParallel });
  introduce({ facts, data, start, terminal, world }, trainer, folder);
  await compile(parts.model, options, terminal);
  if (line.profile) {
    await profileStep(trainer, folder, terminal);
    await loaders.close();
    return 0;
  }
  setDetectAnomaly(line.detectAnomaly);
  stopping.trainingBegins();
  const saver = new RunSaver(files, (text) => terminal.say(text));
  const record = recordOf(facts, data, folder);
  if (world.isFirst) saver.saveFile('run.json', writeRunFacts(record));
  const rebuild = async () => {
    await init();
    return buildParts(facts, loaders, start);
  };
  const before = trainer.position.seconds;
  const ended = await trainer.fit(fitOptions({ line, facts, trainer, saver, stopping, rebuild, terminal, world }));
  terminal.clear();
  await loaders.close();
  if (!world.isFirst) return 0; // the first one tests
  const again = `${project.calls.train} --resume ${folder.path}`;
  if (ended === 'stopped') {
    const { step } = trainer.position;
    if (saver.unsaved.length === 0) terminal.say(`Stopped and saved at step ${step}. Go on with: ${again}`);
    return complain(saver, folder, terminal);
  }
  await tellSkipped(trainer, terminal);
  const { model } = trainer.parts;
  const { signal } = stopping;
  const { history } = trainer;
  const { tenCrop, pictures } = line;
  const about = { model, facts, data, record, folder, saver, history, tenCrop, pictures, terminal, signal };
  const tested = await test(about);
  if (tested === 'done') {
    terminal.say(`Try it: ${project.calls.predict} FILE... --run ${folder.path}`);
    const { seconds } = trainer.position;
    const besides = secondsSinceStart() - (seconds - before);
    const more = whatMoreBrings(options, data.train, seconds / options.epochs, besides);
    if (more) terminal.say(more);
  } else terminal.say(`Stopped while testing; the run is saved. Test again with: ${again}`);
  return complain(saver, folder, terminal);
}

const secondsSinceStart = () => performance.now() / 1000;

/** As many epochs as fit into `minutes`, by a few steps that are not kept: the run is the one of `--epochs` as many. */
async function epochsFor(
  minutes: number,
  {
    line,
    facts,
    data,
    loaders,
    terminal,
    world,
  }: Pick<Run, 'line' | 'facts' | 'data' | 'terminal' | 'world'> & { loaders: RunLoaders },
): Promise<number> {
  const { options } = facts;
  const parts = buildParts(facts, loaders);
  await compile(parts.model, options, terminal);
  terminal.progress('measuring how fast training is here');
  const own = await measurePace(parts, options.batch);
  const all = await world.each({ ...own, elapsed: secondsSinceStart() });
  const slowest = (of: 'training' | 'evaluation') => Math.min(...all.map((pace) => pace[of]));
  const pace = { training: world.size * slowest('training'), evaluation: world.size * slowest('evaluation') };
  parts.optimizer.dispose();
  parts.model.dispose();
  const crops = line.tenCrop ? 1 + 10 : 1;
  const load = {
    training: loaders.train.length,
    validation: loaders.validation?.length ?? 0,
    test: crops * data.test.length,
  };
  const { epochs, because } = chooseEpochs(minutes, all[0].elapsed, pace, load);
  terminal.say(`${because}.`);
  return epochs;
}

/** Dense layers whose gradients are worth keeping at home, and which are trained and can be cut into equal parts. */
function largeLinears(model: Module, size: number): Linear[] {
  const layers = model.namedModules().map(([, module]) => module);
  return layers.filter(
    (layer): layer is Linear =>
      layer instanceof Linear &&
      layer.weight.size >= LARGE &&
      layer.outFeatures % size === 0 &&
      [layer.weight, layer.bias].every((p) => p?.requiresGrad !== false),
  );
}

async function compile(model: Module, { batch, image, precision }: RunOptions, terminal: Terminal): Promise<void> {
  await train.warmup(model, [batch, 3, image, image], {
    precision,
    onProgress: (done, all) => terminal.progress(`compiling kernels: ${done} of ${all}`),
  });
}

function introduce(
  {
    facts: { options, classes },
    data,
    start,
    terminal,
    world,
  }: Pick<Run, 'facts' | 'data' | 'start' | 'terminal' | 'world'>,
  trainer: train.Trainer,
  folder: RunFolder,
): void {
  const parameters = trainer.parts.model.parameters().reduce((sum: number, p: Tensor) => sum + p.size, 0);
  const half = options.precision === 'f16' ? ', f16' : '';
  terminal.say(
    `AlexNet '${options.variant}', width ${options.width}, crops of ${options.image}: ${parameters.toLocaleString('en-US')} parameters. ` +
      `${options.epochs} ${options.epochs === 1 ? 'epoch' : 'epochs'} of ${data.train.length.toLocaleString('en-US')} pictures, batch ${options.batch}, ` +
      `${options.optimizer} ${options.lr}, dropout ${options.dropout}, ${options.schedule}${half}. Run: ${folder.path}`,
  );
  if (world.size > 1)
    terminal.say(
      `${world.size} processes, ${world.localSize} of them on this machine, over ${world.library}: ${world.size * options.batch} pictures an update.`,
    );
  if (start) terminal.say(aboutStart(start, options, classes));
  const { step } = trainer.position;
  if (step > 0) terminal.say(`Going on at step ${step}.`);
}

/** What a run begins with, what of it is kept, and for how long. */
function aboutStart(
  { facts }: Start,
  { from, freeze, thaw, featuresLr }: RunOptions,
  classes: readonly string[],
): string {
  const same = facts.classes.join() === classes.join();
  const head = same ? 'all its layers' : `a new last layer for ${classes.join(', ')}`;
  const until = thaw > 0 ? `for ${thaw} ${thaw === 1 ? 'epoch' : 'epochs'}` : 'throughout';
  const frozen = freeze ? `; ${freeze} frozen ${until}` : '';
  return `Begins with ${from} (${facts.classes.join(', ')}): ${head}, the others at ${featuresLr}${frozen}.`;
}

/** How many updates gradients beyond the range of halves have cost. */
async function tellSkipped({ keep: { scaler }, position: { step } }: train.Trainer, terminal: Terminal): Promise<void> {
  if (!(scaler instanceof GradScaler)) return;
  const [skipped, scale] = [await scaler.skipped(), await scaler.scaleValue()];
  if (skipped > 0)
    terminal.say(`Skipped ${skipped} of ${step} updates, in which gradients overflowed; the scale is ${scale}.`);
}

interface Fit extends Pick<Run, 'line' | 'facts' | 'stopping' | 'terminal' | 'world'> {
  trainer: train.Trainer;
  saver: RunSaver;
  rebuild: train.FitOptions['rebuild'];
}

function fitOptions({ line, facts, trainer, saver, stopping, rebuild, terminal, world }: Fit): train.FitOptions {
  const { epochs } = facts.options;
  const extra = { facts: writeFacts(facts) };
  const note = (step: number) => {
    if (line.steps > 0 && step >= line.steps) stopping.stop();
  };
  note(trainer.position.step); // a run that is gone on with may be there already
  const { ema: decay, thaw } = facts.options;
  const ema = decay > 0 ? new train.ModelEMA({ decay, warmup: true, buffers: true }) : null;
  const saveWeights = async ({ model }: train.Training) => {
    const write = () => train.writeWeights(model, extra);
    const bytes = await (ema ? ema.average.apply(write) : write());
    if (world.isFirst) saver.saveBest(bytes); // callbacks run in all processes
  };
  const best = new train.ModelCheckpoint({ save: saveWeights });
  const checked = trainer.parts.validation !== undefined;
  return {
    epochs,
    saveEvery: line.saveEvery,
    signal: stopping.signal,
    onDivergence: line.onDivergence,
    rebuild,
    save: async (snapshot) => saver.saveLast(await train.checkpointParts(snapshot, extra)),
    metricsEvery: METRICS_EVERY,
    callbacks: [
      new train.ProgressBar({ show: (line) => terminal.progress(line), columns: terminal.columns, unit: 'images' }),
      ...(ema ? [ema] : []),
      checked ? best : { onEpochEnd: (_record, training) => saveWeights(training) }, // without validation the last weights count
      { onBatchEnd: ({ step }) => note(step) },
      {
        onEpochEnd: (record, { model }) => {
          if (record.epoch === thaw) unfreeze(model);
          terminal.say(train.epochLine(record, epochs) + (best.isBest ? ' · best so far' : ''));
          if (world.isFirst) saver.saveFile('metrics.csv', metricsCsv(trainer.history));
        },
        onRecovery: ({ error, position: { step }, lrScale }) => {
          terminal.say(error.message);
          const rates = lrScale < 1 ? `, with learning rates times ${lrScale}` : '';
          terminal.say(`Going on from step ${step}${rates}.`);
        },
      },
    ],
  };
}

/** The exit code: 1, and why, if something of the run is not on disk. */
function complain(saver: RunSaver, folder: RunFolder, terminal: Terminal): number {
  if (saver.unsaved.length === 0) return 0;
  terminal.say(`NOT SAVED: ${saver.unsaved.join(', ')}. What ${folder.path} holds is older.`);
  return 1;
}

/** How many minutes the run may take; undefined where its epochs are given, or are its preset's. */
function minutesFor({ minutes, given, steps, profile }: CommandLine, preset: PresetName): number | undefined {
  if (minutes !== undefined) return minutes;
  const open = given.epochs === undefined && steps === 0 && !profile;
  return open && preset === 'quick' && deviceInfo().software ? USUAL_MINUTES : undefined;
}
