// An hour of training with validation, checkpoints and reports, in which nothing may grow. Prints a table of what the
// process holds at given minutes, and fails where it is not flat.
//   node scripts/run.mjs test/soak/train.soak.ts [--minutes 60] [--every 5] [--markdown FILE]
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loaderFor } from '../../src/cli/parts.js';
import { drawnStandIns } from '../../src/data/index.js';
import { AdamW, activity, alexnet, deviceInfo, init, manualSeed, memory, OneCycleLR, sync } from '../../src/index.js';
import { CheckpointFiles, RunFolder } from '../../src/node/index.js';
import { reportSvg } from '../../src/report/index.js';
import * as train from '../../src/train/index.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, every: { type: 'string' }, markdown: { type: 'string' } },
});
const minutes = Number(values.minutes ?? 60);
const every = Number(values.every ?? minutes / 12);
if (!(every > 0 && minutes >= 2 * every)) throw new Error('--minutes must be at least twice --every, both above 0');

const SIDE = 67;
const STORED = 75;
const PICTURES = 160;
const BATCH = 8;
/** Before the first sample: the pool's order settles after some 60 steps (test/train/steady-state.test.ts). */
const SETTLED_EPOCHS = 5;

/** How a column is held against the first sample: `same`, or not more than so many MiB above it. */
const columns = {
  'GPU bytes live': 'same',
  'GPU bytes free': 'same',
  'buffers created': 'same',
  pipelines: 'same',
  'bind groups made': 'same',
  'file handles': 'same',
  threads: 'same',
  'heap, MiB': 8, // the history of epochs grows, by some 200 bytes each
  'array buffers, MiB': 8,
  'RSS, MiB': 64, // what the allocator keeps is not the program's to say
} as const satisfies Record<string, 'same' | number>;

type Sample = Record<keyof typeof columns, number> & { minute: number; steps: number; epochs: number; saves: number };

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const entries = (folder: string) => (process.platform === 'linux' ? readdirSync(folder).length : 0);
const mib = (bytes: number) => Number((bytes / 2 ** 20).toFixed(1));

async function sample(minute: number, at: { steps: number; epochs: number; saves: number }): Promise<Sample> {
  await sync();
  collectGarbage();
  await new Promise((resolve) => setTimeout(resolve, 50)); // finalizers run between turns
  collectGarbage();
  const { liveBytes, freeBytes, created } = memory();
  const { pipelines, bindGroups } = activity();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return {
    minute,
    ...at,
    'GPU bytes live': liveBytes,
    'GPU bytes free': freeBytes,
    'buffers created': created,
    pipelines,
    'bind groups made': bindGroups,
    'file handles': entries('/proc/self/fd'),
    threads: entries('/proc/self/task'),
    'heap, MiB': mib(heapUsed),
    'array buffers, MiB': mib(arrayBuffers),
    'RSS, MiB': mib(rss),
  };
}

/** What is not flat, one line a column; empty if all is well. */
function notFlat([first, ...later]: Sample[]): string[] {
  return Object.entries(columns).flatMap(([name, rule]) => {
    const key = name as keyof typeof columns;
    const bad = later.find((s) => (rule === 'same' ? s[key] !== first[key] : s[key] > first[key] + rule));
    if (!bad) return [];
    const want = rule === 'same' ? `${first[key]}` : `at most ${first[key]} + ${rule}`;
    return [`${name}: ${bad[key]} at minute ${bad.minute}, expected ${want}`];
  });
}

function markdown(samples: Sample[]): string {
  const head = ['minute', 'steps', 'epochs', 'saves', ...Object.keys(columns)] as (keyof Sample)[];
  const rules = Object.entries(columns).map(
    ([name, rule]) => `${name} ${rule === 'same' ? 'the same' : `+${rule} at most`}`,
  );
  const row = (cells: (string | number)[]) => `| ${cells.map((c) => c.toLocaleString('en-US')).join(' | ')} |`;
  return [
    `Training on ${deviceInfo().name}, Node ${process.version}. Held against the first row: ${rules.join('; ')}.`,
    '',
    row(head),
    row(head.map(() => '---:')),
    ...samples.map((s) => row(head.map((name) => s[name]))),
    '',
  ].join('\n');
}

/** Trains for the given time; the samples are taken at epoch ends, where nothing is under way. */
async function soak(folder: RunFolder): Promise<Sample[]> {
  manualSeed(1);
  const [pictures, check] = drawnStandIns(PICTURES, STORED, 1).split(0.2, 1);
  const colours = pictures.colours();
  const look = { crop: SIDE, colours, seed: 1 };
  const training = loaderFor(
    pictures,
    { ...look, place: 'random', flip: true, colourShift: 0.1 },
    { batch: BATCH, workers: 2, shuffle: true },
  );
  const validation = loaderFor(check, { ...look, place: 'center' }, { batch: BATCH, workers: 1 });
  const model = alexnet({ variant: 'dogcat', width: 0.0625, imageSize: SIDE, numClasses: 2 });
  const optimizer = new AdamW(model.parameters(), { lr: 1e-4 });
  const trainer = new train.Trainer({
    model,
    optimizer,
    schedule: { each: 'step', rule: new OneCycleLR(optimizer, { maxLr: 1e-4, totalSteps: 10_000_000 }) },
    train: training.loader,
    validation: validation.loader,
    task: train.classification({ classes: ['cat', 'dog'] }),
  });
  const files = new CheckpointFiles(folder);
  const samples: Sample[] = [];
  const stop = new AbortController();
  const started = performance.now();
  let saves = 0;
  let next = 0;
  const best = new train.ModelCheckpoint({ save: async () => files.saveBest(await train.writeWeights(model)) });
  const report: train.Callback = {
    onEpochEnd: async ({ epoch, step }) => {
      const weight = model.stateDict()['conv1.weight'];
      const filters = { shape: weight.shape, data: await weight.data() };
      folder.write('report.svg', reportSvg({ title: 'soak', history: trainer.history.slice(-100), filters }));
      const minute = (performance.now() - started) / 60_000;
      if (epoch < SETTLED_EPOCHS || minute < next) return;
      next = (Math.floor(minute / every) + 1) * every;
      const taken = await sample(Number(minute.toFixed(1)), { steps: step, epochs: epoch, saves });
      samples.push(taken);
      console.log(JSON.stringify(taken));
      if (minute >= minutes) stop.abort();
    },
  };
  await trainer.fit({
    epochs: Number.POSITIVE_INFINITY,
    saveEvery: 5,
    signal: stop.signal,
    save: async (snapshot) => {
      files.save(await train.writeCheckpoint(snapshot));
      saves++;
    },
    callbacks: [best, report],
  });
  await Promise.all([training.close(), validation.close()]);
  return samples;
}

await init();
const path = mkdtempSync(`${tmpdir()}/wgrad-soak-`);
try {
  const samples = await soak(new RunFolder(path));
  const table = markdown(samples);
  console.log(`\n${table}`);
  if (values.markdown) writeFileSync(values.markdown, table);
  const failures = notFlat(samples);
  for (const failure of failures) console.log(`FAILED ${failure}`);
  const kinds = Object.keys(columns).length;
  console.log(`${kinds - failures.length} passed, ${failures.length} failed`);
  process.exitCode = failures.length > 0 ? 1 : 0;
} finally {
  rmSync(path, { recursive: true, force: true });
}
