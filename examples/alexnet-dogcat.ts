// Trains AlexNet on Dogs vs. Cats, on the GPU or on a software stand-in for one, and tells dogs from cats with it.
// `npm run dogcat -- --help` lists what it can do.
import { availableParallelism } from 'node:os';
import type { AugmentOptions } from '../src/data/index.js';
import {
  type AlexNet,
  deviceInfo,
  init,
  manualSeed,
  measurePeaks,
  type Peaks,
  profile,
  profileTable,
  profileTrace,
  summary,
  WgradError,
} from '../src/index.js';
import { freshRunFolder, latestRunFolder, RunFolder } from '../src/node/index.js';
import * as train from '../src/train/index.js';
import { type DogcatData, findFolder, loadData } from './dogcat/data.js';
import { type CommandLine, call, help, type PresetName, parseCommandLine, presets } from './dogcat/options.js';
import { predict } from './dogcat/predict.js';
import { buildModel, buildTrainer, loaderFor, type RunFacts } from './dogcat/run.js';
import { Terminal } from './dogcat/terminal.js';

const DEFAULT_RUN = 'runs/dogcat';
const terminal = new Terminal();

async function main(): Promise<number> {
  const line = parseCommandLine(process.argv.slice(2));
  if (line.command === 'help') {
    console.log(help);
    return 0;
  }
  await init();
  if (line.command === 'predict') return predict(line.files, line.resume, DEFAULT_RUN);
  const resumed = line.resume === undefined ? null : openRun(line.resume);
  const facts = resumed?.facts ?? {
    options: { ...presets[choosePreset(line)].options, ...line.given },
    folder: line.standIns ? null : findFolder(line.data),
  };
  if (line.command === 'summary') {
    console.log(summary(buildModel({ options: facts.options, classes: ['cat', 'dog'] })));
    return 0;
  }
  const data = await loadData(facts.folder, facts.options, terminal);
  const complete: RunFacts = {
    ...facts,
    classes: data.train.classes,
    colours: resumed?.facts.colours ?? data.train.colours(),
  };
  return run(line, complete, data, resumed);
}

/** The preset given, or the one that suits the adapter; says which and why. */
function choosePreset({ preset }: CommandLine): PresetName {
  const { description, device, vendor, software } = deviceInfo();
  const adapter = description || device || vendor;
  const chosen = preset ?? (software ? 'quick' : 'paper');
  const why = preset ? 'as asked' : software ? 'the adapter is a CPU that stands in for a GPU' : 'the adapter is a GPU';
  terminal.say(`Adapter: ${adapter}`);
  terminal.say(`Preset ${chosen} (${why}): ${presets[chosen].about}`);
  return chosen;
}

interface OpenedRun {
  folder: RunFolder;
  checkpoint: train.Checkpoint;
  facts: RunFacts;
}

function openRun(path: string): OpenedRun {
  const folder = path === '' ? latestRunFolder(DEFAULT_RUN) : new RunFolder(path);
  if (!folder) throw new WgradError(`--resume: no run was found in ${DEFAULT_RUN}`);
  const checkpoint = train.readCheckpoint(folder.read('last.safetensors'), folder.file('last.safetensors'));
  const facts = JSON.parse(checkpoint.metadata.facts, (key, value) =>
    key === 'limit' && value === null ? Infinity : value,
  );
  return { folder, checkpoint, facts };
}

async function run(line: CommandLine, facts: RunFacts, data: DogcatData, resumed: OpenedRun | null): Promise<number> {
  const { options } = facts;
  const workers = line.workers ?? Math.min(4, Math.max(1, availableParallelism() - 1));
  const folder = resumed?.folder ?? (line.out ? new RunFolder(line.out) : freshRunFolder(DEFAULT_RUN));
  folder.create();
  manualSeed(options.seed);
  const { trainer, model, close } = buildTrainer(facts, data.train, data.validation, workers);
  if (resumed) train.restoreTrainer(resumed.checkpoint, trainer);
  const parameters = model.parameters().reduce((sum, p) => sum + p.size, 0);
  terminal.say(
    `AlexNet '${options.variant}', width ${options.width}, crops of ${options.image}: ${parameters.toLocaleString('en-US')} parameters. ` +
      `${options.epochs} epochs of ${data.train.length.toLocaleString('en-US')} pictures, batch ${options.batch}, ` +
      `${options.optimizer} ${options.lr}, ${options.schedule}. Run: ${folder.path}`,
  );
  if (resumed) terminal.say(`Going on at step ${trainer.position().step}.`);
  await train.warmup(model, [options.batch, 3, options.image, options.image], {
    onProgress: (done, all) => terminal.progress(`compiling kernels: ${done} of ${all}`),
  });
  if (line.profile) {
    await profileStep(trainer, folder);
    await close();
    return 0;
  }
  const extra = { facts: JSON.stringify(facts) };
  const stop = stopOnSignal(line.steps);
  const ended = await trainer.fit({
    epochs: options.epochs,
    saveEvery: line.saveEvery,
    signal: stop.signal,
    save: async () => folder.write('last.safetensors', await train.writeCheckpoint(trainer, extra)),
    onProgress: progressReporter(options.epochs, stop.note),
    onEpoch: async (record, isBest) => {
      terminal.say(epochLine(record, options.epochs, isBest));
      folder.write('metrics.csv', metricsTable(trainer.history));
      if (isBest) folder.write('best.safetensors', await train.writeWeights(model, extra));
    },
  });
  terminal.clear();
  await close();
  if (ended === 'stopped') {
    terminal.say(
      `Stopped and saved at step ${trainer.position().step}. Go on with: ${call('train')} --resume ${folder.path}`,
    );
    return 0;
  }
  await test(model, facts, data, folder, trainer.history, line.tenCrop);
  terminal.say(`Try it: ${call('predict')} FILE... --run ${folder.path}`);
  return 0;
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

/** Aborts after the first Ctrl-C or SIGTERM, or at a step; a second signal leaves at once. */
function stopOnSignal(steps: number) {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      terminal.say('Stopping after this step; once more stops at once.');
      controller.abort();
    });
  }
  return {
    signal: controller.signal,
    note: (step: number) => {
      if (steps > 0 && step >= steps) controller.abort();
    },
  };
}

function progressReporter(epochs: number, note: (step: number) => void) {
  const meter = new train.RateMeter();
  let before = 0;
  let trained = 0;
  return ({ epoch, images, imagesInEpoch, step, loss, accuracy, phase }: train.Progress): void => {
    note(step);
    if (phase === 'validation') {
      terminal.progress(`epoch ${epoch}/${epochs} validating: ${images} of ${imagesInEpoch}`);
      return;
    }
    trained += images >= before ? images - before : images;
    before = images;
    meter.mark(trained);
    if (images === 0) {
      terminal.progress(`epoch ${epoch}/${epochs} first steps`);
      return;
    }
    const left = (epochs - epoch) * imagesInEpoch + imagesInEpoch - images;
    terminal.progress(
      train.progressLine(
        {
          label: `epoch ${epoch}/${epochs}`,
          done: images,
          total: imagesInEpoch,
          rate: meter.perSecond,
          unit: 'images',
          remaining: left / meter.perSecond,
          detail: `loss ${loss.toFixed(3)} · accuracy ${percent(accuracy)}`,
        },
        terminal.columns,
      ),
    );
  };
}

const percent = (share: number | null) => (share === null ? '–' : `${(100 * share).toFixed(1)} %`);

function epochLine(r: train.EpochRecord, epochs: number, isBest: boolean): string {
  const check =
    r.validationLoss === null
      ? ''
      : ` · validation loss ${r.validationLoss.toFixed(3)}, accuracy ${percent(r.validationAccuracy)}`;
  return (
    `epoch ${String(r.epoch).padStart(String(epochs).length)}/${epochs} · loss ${r.trainLoss.toFixed(3)}, accuracy ${percent(r.trainAccuracy)}` +
    `${check} · ${train.showSeconds(r.seconds)}${isBest ? ' · best so far' : ''}`
  );
}

function metricsTable(history: readonly train.EpochRecord[]): string {
  const columns = [
    'epoch',
    'step',
    'learningRate',
    'trainLoss',
    'trainAccuracy',
    'validationLoss',
    'validationAccuracy',
    'seconds',
  ] as const;
  const rows = history.map((r) =>
    columns.map((c) => (typeof r[c] === 'number' ? Number(r[c].toPrecision(6)) : '')).join(','),
  );
  return [columns.join(','), ...rows, ''].join('\n');
}

/** Accuracy of the best weights on pictures that training never saw; leaves report.svg. */
async function test(
  model: AlexNet,
  facts: RunFacts,
  data: DogcatData,
  folder: RunFolder,
  history: readonly train.EpochRecord[],
  tenCrop: boolean,
): Promise<void> {
  train.restoreModel(train.readCheckpoint(folder.read('best.safetensors'), folder.file('best.safetensors')), model);
  model.eval();
  const results: { name: string; confusion: train.ConfusionMatrix }[] = [];
  for (const crops of tenCrop ? [1, 10] : [1]) {
    const name = crops === 1 ? 'single crop' : 'ten crops';
    const confusion = await testOnce(model, facts, data, crops, name);
    terminal.say(
      `\nTest accuracy, ${name}: ${percent(confusion.accuracy)} (${confusion.correct} of ${confusion.total}, ${data.testName})`,
    );
    terminal.say(String(confusion));
    results.push({ name, confusion });
  }
  const weight = model.stateDict()['conv1.weight'];
  const filters = { shape: weight.shape, data: await weight.data() };
  const pictures = data.folder === null ? 'drawn stand-ins' : 'Dogs vs. Cats';
  const title = `AlexNet '${facts.options.variant}', width ${facts.options.width}, on ${pictures}`;
  folder.write('report.svg', train.reportSvg({ title, history, filters, test: results }));
  terminal.say(`\nCurves and filters: ${folder.file('report.svg')}`);
}

async function testOnce(
  model: AlexNet,
  facts: RunFacts,
  data: DogcatData,
  crops: number,
  name: string,
): Promise<train.ConfusionMatrix> {
  const { options, classes, colours } = facts;
  const augment: AugmentOptions = { crop: options.image, place: crops === 1 ? 'center' : 'ten', colours, seed: 0 };
  const batch = Math.max(1, Math.floor(options.batch / crops));
  const { loader, close } = loaderFor(data.test, augment, { batch, workers: 1 });
  const confusion = new train.ConfusionMatrix(classes);
  for await (const { images, labels } of loader.epoch(0)) {
    confusion.add(await train.predictProbabilities(model, images, loader.imageShape, crops), labels);
    terminal.progress(`testing, ${name}: ${confusion.total} of ${loader.length}`);
  }
  await close();
  return confusion;
}

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
