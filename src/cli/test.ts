// What a trained network is worth on pictures that training never saw.
import type { AugmentOptions } from '../data/index.js';
import { CheckpointError, type Module } from '../index.js';
import { CheckpointFiles, type RunFolder, type RunSaver } from '../node/index.js';
import { type RunFacts as RunRecord, reportSvg, writeRunFacts } from '../report/index.js';
import * as train from '../train/index.js';
import type { RunData } from './data.js';
import type { RunFacts } from './facts.js';
import { percent } from './lines.js';
import { loaderFor, lookOf } from './parts.js';
import { writeReport } from './report.js';
import type { Terminal } from './terminal.js';

export interface TestParts {
  model: Module;
  facts: RunFacts;
  data: RunData;
  record: RunRecord;
  folder: RunFolder;
  saver: RunSaver;
  history: readonly train.EpochRecord[];
  tenCrop: boolean;
  pictures: boolean;
  terminal: Terminal;
  signal: AbortSignal;
}

/** Accuracy of the best weights on pictures that training never saw; leaves report.svg and report.html. */
export async function test(parts: TestParts): Promise<'done' | 'stopped'> {
  const { model, data, record, folder, saver, history, tenCrop, terminal } = parts;
  const probabilities: number[] = []; // of single crops
  if (data.test.length === 0) {
    terminal.say(
      '\nThere are no pictures to test with: no validation pictures were kept, and there is no test folder.',
    );
    return 'done';
  }
  takeBestWeights(model, folder, terminal);
  model.eval();
  const results: { name: string; confusion: train.ConfusionMatrix }[] = [];
  for (const crops of tenCrop ? [1, 10] : [1]) {
    const name = crops === 1 ? 'single crop' : 'ten crops';
    const confusion = await testOnce(parts, crops, name, crops === 1 ? probabilities : []);
    if (!confusion) return 'stopped';
    terminal.say(
      `\nTest accuracy, ${name}: ${percent(confusion.accuracy)} (${confusion.correct} of ${confusion.total}, ${data.testName})`,
    );
    terminal.say(String(confusion));
    results.push({ name, confusion });
  }
  const weight = model.stateDict()['conv1.weight'];
  const filters = { name: 'conv1', shape: weight.shape, data: await weight.data() };
  const figures = results.map(({ name, confusion }) => [`accuracy, ${name}`, confusion.accuracy]);
  const tested = { ...record, results: Object.fromEntries(figures) };
  saver.saveFile('run.json', writeRunFacts(tested));
  saver.saveFile('report.svg', reportSvg({ ...tested, history, filters }));
  terminal.say(`\nCurves and filters: ${folder.file('report.svg')}`);
  const report = await writeReport({ ...parts, record: tested, tested: data.test, probabilities });
  terminal.say(`All of it: ${report}`);
  return 'done';
}

function takeBestWeights(model: Module, folder: RunFolder, terminal: Terminal): void {
  try {
    train.restoreModel(new CheckpointFiles(folder).best(), model);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    terminal.say(`${error.message}; the weights of the last epoch are tested instead.`);
  }
}

/** Null if stopped. Probabilities are added to `all`. */
async function testOnce(
  { model, facts, data, terminal, signal }: TestParts,
  crops: number,
  name: string,
  all: number[],
): Promise<train.ConfusionMatrix | null> {
  const { options, classes } = facts;
  const augment: AugmentOptions = { ...lookOf(facts), place: crops === 1 ? 'center' : 'ten', seed: 0 };
  const batch = Math.max(1, Math.floor(options.batch / crops));
  const { loader, close } = loaderFor(data.test, augment, { batch, workers: 1 });
  const confusion = new train.ConfusionMatrix(classes);
  for await (const { images, labels } of loader.epoch(0)) {
    if (signal.aborted) break;
    const found = await train.predictProbabilities(model, images.data, images.shape.slice(1), crops, options.precision);
    confusion.add(found, labels);
    all.push(...found);
    terminal.progress(`testing, ${name}: ${confusion.total} of ${loader.length}`);
  }
  await close();
  return signal.aborted ? null : confusion;
}
