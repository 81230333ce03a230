// Trains AlexNet on Dogs vs. Cats, on the GPU or on a software stand-in for one, and tells dogs from cats with it.
// `npm run dogcat -- --help` lists what it can do.
import { availableParallelism } from 'node:os';
import {
  deviceInfo,
  init,
  type Module,
  manualSeed,
  measurePeaks,
  type Peaks,
  profile,
  profileTable,
  profileTrace,
  setDetectAnomaly,
  summary,
  WgradError,
} from '../src/index.js';
import { CheckpointFiles, freshRunFolder, latestRunFolder, RunFolder, RunSaver } from '../src/node/index.js';
import * as train from '../src/train/index.js';
import { type DogcatData, findFolders, loadData } from './dogcat/data.js';
import { type RunFacts, readFacts, writeFacts } from './dogcat/facts.js';
import { checkResumed, checkUsed } from './dogcat/given.js';
import { epochLine, metricsTable, progressReporter } from './dogcat/lines.js';
import { type CommandLine, call, help, parseCommandLine } from './dogcat/options.js';
import { chooseEpochs, measurePace, whatMoreBrings } from './dogcat/pace.js';
import { predict } from './dogcat/predict.js';
import { type DogcatOptions, optionsOf, type PresetName, presets } from './dogcat/presets.js';
import { buildLoaders, buildModel, buildParts, coloursOf, type RunLoaders } from './dogcat/run.js';
import { Stopping } from './dogcat/stopping.js';
import { Terminal } from './dogcat/terminal.js';
import { test } from './dogcat/test.js';

const DEFAULT_RUN = 'runs/dogcat';
/** What a run takes that nothing is said of, where a CPU stands in for a GPU. */
const USUAL_MINUTES = 10;
const terminal = new Terminal();

async function main(): Promise<number> {
  const line = parseCommandLine(process.argv.slice(2));
  if (line.command === 'help') {
    console.log(help);
    return 0;
  }
  const stopping = line.command === 'train' ? new Stopping(terminal) : null;
  await init();
  if (line.command === 'predict') return predict(line.files, line.resume, DEFAULT_RUN);
  const resumed = line.resume === undefined ? null : openRun(line.resume, line.keep);
  const preset = resumed ? null : choosePreset(line);
  const facts = resumed?.facts ?? {
    options: optionsOf(preset!, line.given),
    folders: line.standIns ? null : findFolders(line.data),
  };
  if (resumed) checkResumed(line, facts);
  else checkUsed(line, facts.options);
  if (resumed && line.data.length > 0) facts.folders = findFolders(line.data); // the pictures may have moved: they are compared
  if (stopping === null) {
    console.log(summary(buildModel({ options: facts.options, classes: ['cat', 'dog'] })));
    return 0;
  }
  const folder = resumed?.files.folder ?? (line.out ? new RunFolder(line.out) : freshRunFolder(DEFAULT_RUN));
  folder.create();
  const data = await loadData(facts.folders, facts.options, terminal, line.memory);
  const complete: RunFacts = {
    ...facts,
    classes: data.train.classes,
    colours: resumed?.facts.colours ?? coloursOf(data.train, facts.options),
  };
  const files = resumed?.files ?? new CheckpointFiles(folder, { keep: line.keep });
  return run({ line, preset, facts: complete, data, files, checkpoint: resumed?.checkpoint, stopping });
}

/** The preset given, or the one that suits the adapter; says which and why. */
function choosePreset({ preset }: CommandLine): PresetName {
  const { name, software } = deviceInfo();
  const chosen = preset ?? (software ? 'quick' : 'paper');
  const why = preset ? 'as asked' : software ? 'the adapter is a CPU that stands in for a GPU' : 'the adapter is a GPU';
  terminal.say(`Adapter: ${name}`);
  terminal.say(`Preset ${chosen} (${why}): ${presets[chosen].about}`);
  return chosen;
}

/** How many minutes the run may take; undefined where its epochs are given, or are its preset's. */
function minutesFor({ minutes, given, steps, profile }: CommandLine, preset: PresetName): number | undefined {
  if (minutes !== undefined) return minutes;
  const open = given.epochs === undefined && steps === 0 && !profile;
  return open && preset === 'quick' && deviceInfo().software ? USUAL_MINUTES : undefined;
}

interface OpenedRun {
  files: CheckpointFiles;
  checkpoint: train.Checkpoint;
  facts: RunFacts;
}

/** The newest checkpoint of a run that is whole; says which were passed over. */
function openRun(path: string, keep: number): OpenedRun {
  const folder = path === '' ? latestRunFolder(DEFAULT_RUN) : new RunFolder(path);
  if (!folder) throw new WgradError(`--resume: no run was found in ${DEFAULT_RUN}`);
  const files = new CheckpointFiles(folder, { keep });
  const { checkpoint, damaged } = files.newest();
  for (const { message } of damaged) terminal.say(`Passed over ${message}`);
  if (damaged.length > 0) terminal.say(`Going on from the checkpoint before it, ${checkpoint.name}.`);
  return { files, checkpoint, facts: readFacts(checkpoint, 'resume') };
}

interface Run {
  line: CommandLine;
  /** Of a run that begins. */
  preset: PresetName | null;
  facts: RunFacts;
  data: DogcatData;
  files: CheckpointFiles;
  checkpoint: train.Checkpoint | undefined;
  stopping: Stopping;
}

async function run({ line, preset, facts, data, files, checkpoint, stopping }: Run): Promise<number> {
  const { options } = facts;
  const { folder } = files;
  const workers = line.workers ?? Math.min(4, Math.max(1, availableParallelism() - 1));
  const loaders = buildLoaders(facts, data.train, data.validation, workers);
  const minutes = preset ? minutesFor(line, preset) : undefined;
  if (preset && minutes !== undefined) {
    const epochs = await epochsFor(minutes, { line, facts, data, loaders });
    Object.assign(options, optionsOf(preset, { ...line.given, epochs }));
  }
  manualSeed(options.seed);
  const parts = buildParts(facts, loaders);
  const trainer = new train.Trainer(parts);
  if (checkpoint) train.restoreTrainer(checkpoint, trainer);
  files.checkRoom(train.checkpointBytes(trainer));
  introduce(facts, data, trainer, folder);
  await compile(parts.model, options);
  if (line.profile) {
    await profileStep(trainer, folder);
    await loaders.close();
    return 0;
  }
  setDetectAnomaly(line.detectAnomaly);
  stopping.trainingBegins();
  const saver = new RunSaver(files, (text) => terminal.say(text));
  const rebuild = async () => {
    await init();
    return buildParts(facts, loaders);
  };
  const before = trainer.position().seconds;
  const ended = await trainer.fit(fitOptions({ line, facts, trainer, saver, stopping, rebuild }));
  terminal.clear();
  await loaders.close();
  const again = `${call('train')} --resume ${folder.path}`;
  if (ended === 'stopped') {
    const { step } = trainer.position();
    if (saver.unsaved.length === 0) terminal.say(`Stopped and saved at step ${step}. Go on with: ${again}`);
    return complain(saver, folder);
  }
  const { model } = trainer.parts;
  const { signal } = stopping;
  const { history } = trainer;
  const tested = await test({ model, facts, data, folder, saver, history, tenCrop: line.tenCrop, terminal, signal });
  if (tested === 'done') {
    terminal.say(`Try it: ${call('predict')} FILE... --run ${folder.path}`);
    const { seconds } = trainer.position();
    const besides = secondsSinceStart() - (seconds - before);
    const more = whatMoreBrings(options, data.train, seconds / options.epochs, besides);
    if (more) terminal.say(more);
  } else terminal.say(`Stopped while testing; the run is saved. Test again with: ${again}`);
  return complain(saver, folder);
}

const secondsSinceStart = () => performance.now() / 1000;

/** As many epochs as fit into `minutes`, by a few steps that are not kept: the run is the one of `--epochs` as many. */
async function epochsFor(
  minutes: number,
  { line, facts, data, loaders }: Pick<Run, 'line' | 'facts' | 'data'> & { loaders: RunLoaders },
): Promise<number> {
  const { options } = facts;
  const parts = buildParts(facts, loaders);
  await compile(parts.model, options);
  terminal.progress('measuring how fast training is here');
  const pace = await measurePace(parts, options.batch);
  parts.optimizer.dispose();
  parts.model.dispose();
  const crops = line.tenCrop ? 1 + 10 : 1;
  const load = {
    training: loaders.train.length,
    validation: loaders.validation?.length ?? 0,
    test: crops * data.test.length,
  };
  const { epochs, because } = chooseEpochs(minutes, secondsSinceStart(), pace, load);
  terminal.say(`${because}.`);
  return epochs;
}

async function compile(model: Module, { batch, image }: DogcatOptions): Promise<void> {
  await train.warmup(model, [batch, 3, image, image], {
    onProgress: (done, all) => terminal.progress(`compiling kernels: ${done} of ${all}`),
  });
}

function introduce({ options }: RunFacts, data: DogcatData, trainer: train.Trainer, folder: RunFolder): void {
  const parameters = trainer.parts.model.parameters().reduce((sum, p) => sum + p.size, 0);
  terminal.say(
    `AlexNet '${options.variant}', width ${options.width}, crops of ${options.image}: ${parameters.toLocaleString('en-US')} parameters. ` +
      `${options.epochs} ${options.epochs === 1 ? 'epoch' : 'epochs'} of ${data.train.length.toLocaleString('en-US')} pictures, batch ${options.batch}, ` +
      `${options.optimizer} ${options.lr}, dropout ${options.dropout}, ${options.schedule}. Run: ${folder.path}`,
  );
  const { step } = trainer.position();
  if (step > 0) terminal.say(`Going on at step ${step}.`);
}

interface Fit extends Pick<Run, 'line' | 'facts' | 'stopping'> {
  trainer: train.Trainer;
  saver: RunSaver;
  rebuild: train.FitOptions['rebuild'];
}

function fitOptions({ line, facts, trainer, saver, stopping, rebuild }: Fit): train.FitOptions {
  const { epochs } = facts.options;
  const extra = { facts: writeFacts(facts) };
  const note = (step: number) => {
    if (line.steps > 0 && step >= line.steps) stopping.stop();
  };
  note(trainer.position().step); // a run that is gone on with may be there already
  return {
    epochs,
    saveEvery: line.saveEvery,
    signal: stopping.signal,
    onDivergence: line.onDivergence,
    rebuild,
    save: async (snapshot) => saver.saveLast(await train.checkpointParts(snapshot, extra)),
    onProgress: progressReporter(terminal, epochs, note),
    onEpoch: async (record, isBest) => {
      terminal.say(epochLine(record, epochs, isBest));
      saver.saveFile('metrics.csv', metricsTable(trainer.history));
      if (isBest) saver.saveBest(await train.writeWeights(trainer.parts.model, extra));
    },
    onRecovery: ({ error, step, lrScale }) => {
      terminal.say(error.message);
      const rates = lrScale < 1 ? `, with learning rates times ${lrScale}` : '';
      terminal.say(`Going on from step ${step}${rates}.`);
    },
  };
}

/** The exit code: 1, and why, if something of the run is not on disk. */
function complain(saver: RunSaver, folder: RunFolder): number {
  if (saver.unsaved.length === 0) return 0;
  terminal.say(`NOT SAVED: ${saver.unsaved.join(', ')}. What ${folder.path} holds is older.`);
  return 1;
}

/** Shows where the time of one training step goes, and leaves a trace. */
async function profileStep(trainer: train.Trainer, folder: RunFolder): Promise<void> {
  const batches: train.Batch[] = [];
  for await (const batch of trainer.parts.train.epoch(0)) if (batches.push(batch) === PROFILED_STEP) break;
  const last = batches.pop()!;
  for (const batch of batches) await trainer.trainStep(batch);
  const measured = await profile(() => trainer.trainStep(last));
  const peaks = await measurePeaks();
  terminal.say(`\nStep ${PROFILED_STEP}, by kernel. The adapter's own peaks: ${showPeaks(peaks)}`);
  terminal.say(profileTable(measured, { peaks }));
  terminal.say(`\n${profileTable(measured, { by: 'layer', peaks })}`);
  folder.write('trace.json', profileTrace(measured));
  terminal.say(`\nFor ui.perfetto.dev: ${folder.file('trace.json')}`);
}

const PROFILED_STEP = 4;

const showPeaks = ({ flops, bytes }: Peaks) =>
  `${(flops / 1e9).toFixed(0)} GFLOP/s of multiply-adds, ${(bytes / 1e9).toFixed(1)} GB/s copying`;

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    terminal.clear();
    console.error(error instanceof WgradError ? error.message : error);
    process.exitCode = 1;
  },
);
