// What a run keeps beside its weights, and that predictions and tests bring pictures to what training saw.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type RunFacts, readFacts, writeFacts } from '../../src/cli/facts.js';
import { buildModel, coloursOf } from '../../src/cli/parts.js';
import { predict } from '../../src/cli/predict.js';
import { presets, type RunOptions } from '../../src/cli/presets.js';
import { wgrad } from '../../src/cli/project.js';
import { recordOf } from '../../src/cli/record.js';
import { Terminal } from '../../src/cli/terminal.js';
import { test as testRun } from '../../src/cli/test.js';
import { drawnStandIns } from '../../src/data/index.js';
import { CheckpointError, deviceInfo, manualSeed } from '../../src/index.js';
import { CheckpointFiles, RunFolder, RunSaver } from '../../src/node/index.js';
import { readRunFacts, writeRunFacts } from '../../src/report/index.js';
import { argmaxRow, ConfusionMatrix, predictProbabilities, writeWeights } from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';
import { makePng } from './made-images.js';

const test = suite('node/facts');
const folder = mkdtempSync(join(tmpdir(), 'wgrad-facts-'));
test.before(useDevice);
test.after(() => rmSync(folder, { recursive: true }));

const [STORED, CROP] = [75, 67];
const pictures = drawnStandIns(24, STORED, 3);

function factsOf(more: Partial<RunOptions> = {}): RunFacts {
  const small = { width: 1 / 16, image: CROP, stored: STORED, batch: 20 } as const;
  const options = { ...presets.paper.options, ...small, ...more };
  return { options, classes: pictures.classes, colours: coloursOf(pictures, options), folders: null };
}

const read = (text: string, use: 'resume' | 'predict' = 'predict') =>
  readFacts({ name: 'file', tensors: new Map(), metadata: { facts: text } }, use);

test('read back as they were written, the mean picture to the bit', () => {
  for (const pixels of ['mean-image', 'standard'] as const) {
    const facts = factsOf({ pixels });
    for (const use of ['resume', 'predict'] as const) assert.equal(read(writeFacts(facts), use), facts);
    assert.is(facts.colours.meanImage !== undefined, pixels === 'mean-image');
  }
});

test('files of before there was a choice are used as they were made', () => {
  const { options, ...rest } = JSON.parse(writeFacts(factsOf({ pixels: 'standard' })));
  const { variant, width, image, stored, dropout, initialization } = options; // all that they say
  const old = { ...rest, options: { variant, width, image, stored, dropout, initialization } };
  const { pixels, dropoutScaling, rateInVelocity, watch, colourScale, ...more } = read(JSON.stringify(old)).options;
  assert.equal(
    [pixels, dropoutScaling, rateInVelocity, watch, colourScale],
    ['standard', 'training', false, 'loss', 'deviation'],
  );
  assert.equal(
    [more.poolDropout, more.warmup, more.ema, more.area, more.jitter],
    [[0.25, 0.25, 0.25], 0.3, 0, 1, [0, 0, 0]],
  );
  assert.equal([more.from, more.freeze, more.thaw], ['', '', 0]);
});

test('lists of numbers and texts of a run are looked at, too', () => {
  const { options, ...rest } = JSON.parse(writeFacts(factsOf()));
  for (const [more, message] of [
    [
      { poolDropout: [0.1, 0.2] },
      /facts\.options\.poolDropout should be three numbers from 0 to 1, it is \[0\.1,0\.2\]$/,
    ],
    [{ jitter: [0, 0, '1'] }, /facts\.options\.jitter should be three numbers/],
    [{ freeze: 3 }, /facts\.options\.freeze should be a text, it is 3$/],
    [{ ema: -1 }, /facts\.options\.ema should be a number, 0 or more/],
  ] as const)
    assert.throws(() => read(JSON.stringify({ ...rest, options: { ...options, ...more } }), 'resume'), message);
});

test('a mean picture that is missing, cut off or no bytes’ means is refused by name', () => {
  const plain = JSON.parse(writeFacts(factsOf()));
  const image = Buffer.from(plain.colours.meanImage, 'base64');
  const outside = Buffer.from(image);
  outside.writeFloatLE(Number.NaN, 400);
  for (const meanImage of [undefined, 7, '', image.subarray(4).toString('base64'), outside.toString('base64')]) {
    const text = JSON.stringify({ ...plain, colours: { ...plain.colours, meanImage } });
    assert.throws(
      () => read(text),
      (e: unknown) =>
        e instanceof CheckpointError && /^file: facts\.colours\.meanImage should be base64/.test(e.message),
    );
  }
});

/** The class of the first picture, and the probabilities of all, from ten crops cut here. */
async function tenCrops(facts: RunFacts, model: ReturnType<typeof buildModel>): Promise<Float64Array> {
  const rest = STORED - CROP;
  const places = [[0, 0], [rest, 0], [0, rest], [rest, rest], [rest / 2, rest / 2]]; // biome-ignore format: a list
  const { meanImage } = facts.colours;
  const inputs: number[] = [];
  for (let i = 0; i < pictures.length; i++) {
    for (const mirror of [false, true]) {
      for (const [left, top] of places) {
        for (let at = 0; at < 3 * CROP * CROP; at++) {
          const [c, y, x] = [Math.floor(at / CROP ** 2), Math.floor(at / CROP) % CROP, at % CROP];
          const from = (c * STORED + top + y) * STORED + left + (mirror ? CROP - 1 - x : x);
          inputs.push(pictures.pixels(i)[from] - meanImage![from]);
        }
      }
    }
  }
  return predictProbabilities(model, Float32Array.from(inputs), [3, CROP, CROP], 10);
}

/** One of the pictures as a file. */
function savePicture(i: number, file: string): void {
  const plane = STORED ** 2;
  const bytes = pictures.pixels(i);
  const paint = (x: number, y: number) =>
    [0, 1, 2].map((c) => bytes[c * plane + y * STORED + x]) as [number, number, number];
  writeFileSync(file, makePng(STORED, STORED, paint));
}

test('predictions and the test of a run see pictures as training did', async () => {
  manualSeed(4);
  const facts = factsOf({ initialization: 'he' });
  const model = buildModel(facts);
  const run = new RunFolder(join(folder, 'run'));
  run.create();
  run.write('best.safetensors', await writeWeights(model, { facts: writeFacts(facts) }));
  const expected = await tenCrops(facts, model);
  assert.ok(Math.abs(expected[0] - expected[2]) > 1e-3, 'pictures differ');

  const files = [0, 1, 2].map((i) => join(folder, `${i}.png`));
  for (const [i, file] of files.entries()) savePicture(i, file);
  const { lines, code } = await printed(() => predict(files, run.path, wgrad));
  assert.is(code, 0);
  for (const [i, file] of files.entries()) {
    const best = argmaxRow(expected, 2 * i, 2);
    const percent = (100 * expected[2 * i + best]).toFixed(1);
    assert.is(lines[i].replace(/\s+/g, ' '), `${file} ${facts.classes[best]} ${percent} %`);
  }

  const confusion = new ConfusionMatrix(facts.classes);
  confusion.add(
    expected,
    Int32Array.from({ length: pictures.length }, (_, i) => pictures.label(i)),
  );
  const data = { train: pictures, validation: pictures, test: pictures, testName: 'them', title: 'them' };
  const saver = new RunSaver(new CheckpointFiles(run), () => {});
  const parts = {
    model,
    facts,
    data,
    record: { title: 'a run' },
    folder: run,
    saver,
    history: [],
    tenCrop: true,
    pictures: true,
    terminal: new Terminal(),
  };
  const said: string[] = [];
  parts.terminal.say = (text) => void said.push(text);
  parts.terminal.progress = () => {};
  assert.is(await testRun({ ...parts, signal: new AbortController().signal }), 'done');
  assert.match(said.join('\n'), `Test accuracy, ten crops: ${(100 * confusion.accuracy).toFixed(1)} %`);
  assert.ok(said.includes(String(confusion)), said.join('\n'));
  const { title, results } = readRunFacts(new TextDecoder().decode(run.read('run.json')), 'run.json');
  assert.equal([title, results!['accuracy, ten crops']], ['a run', confusion.accuracy]);
  model.dispose();
});

test('run.json says what the run was; one that goes on keeps the time when it began', () => {
  const facts = factsOf();
  const run = new RunFolder(join(folder, 'recorded'));
  run.create();
  const data = { train: pictures, validation: pictures, test: pictures, testName: 'them', title: 'garden, zoo' };
  const record = recordOf({ ...facts, folders: ['garden', 'zoo'] }, data, run);
  assert.equal(
    [record.title, record.summary],
    ['AlexNet on garden, zoo', "Variant 'paper', width 0.0625, crops of 67 pixels."],
  );
  assert.equal(record.configuration!.pictures, ['garden', 'zoo']);
  assert.not.ok('limit' in record.configuration!, 'all pictures');
  assert.is(record.environment!.adapter, deviceInfo().name);
  const half = pictures.length / 2;
  const counts = { count: pictures.length, classes: { cat: half, dog: half } };
  assert.equal(record.data, [{ name: 'training', ...counts }, { name: 'validation', ...counts }]); // biome-ignore format: a list
  run.write('run.json', writeRunFacts({ ...record, started: '2026-01-02T03:04:05Z' }));
  assert.is(recordOf(facts, data, run).started, '2026-01-02T03:04:05Z');
  run.write('run.json', 'half a fi');
  assert.ok(Date.parse(recordOf(facts, data, run).started!) > Date.parse('2026-01-02'));
});

test('a folder is predicted picture by picture, and counted', async () => {
  const run = new RunFolder(join(folder, 'another run'));
  run.create();
  const facts = factsOf({ pixels: 'standard' });
  const model = buildModel(facts);
  run.write('best.safetensors', await writeWeights(model, { facts: writeFacts(facts) }));
  model.dispose();
  mkdirSync(join(folder, 'album/train'), { recursive: true });
  for (const [i, name] of ['10', '9', 'train/1'].entries()) savePicture(i, join(folder, `album/${name}.png`));
  writeFileSync(join(folder, 'album/note.webp'), '');
  const { lines, code } = await printed(() => predict([join(folder, 'album')], run.path, wgrad));
  assert.is(code, 0);
  const said = lines.map((line) => line.replace(`${folder}/album/`, '').replace(/\s+/g, ' '));
  assert.is(said[0], 'left out note.webp: a webp file; only JPEG and PNG are read');
  const rows = said.slice(1, 4).map((line) => /^(\S+) (\S+) [\d.]+ %$/.exec(line)!);
  assert.equal(
    rows.map(([, name]) => name),
    ['9.png', '10.png', 'train/1.png'],
  );
  const counts = facts.classes.map((name) => `${rows.filter(([, , named]) => named === name).length} ${name}`);
  assert.is(said[4], `of 3: ${counts.join(', ')}`);
  await assertRefused(
    () => predict([run.path], run.path, wgrad),
    /another run: holds no \.jpg, \.jpeg or \.png files$/,
  );
});

test('where there is no run, the network that comes along names pictures, and that is said', async () => {
  const none = { ...wgrad, runs: join(folder, 'nowhere/run') };
  const file = join(folder, 'one.png');
  savePicture(0, file);
  const { lines, code } = await printed(() => predict([file], undefined, none));
  assert.is(code, 0);
  assert.match(
    lines[0],
    /^By the network that comes with wgrad, as .*nowhere\/run has none yet: cat or dog\. npx wgrad train makes one of yours\.$/,
  );
  assert.match(lines[1], /one\.png {2}(cat|dog) +[\d.]+ %$/);
  assert.is(lines.length, 2);
});

async function assertRefused(body: () => Promise<unknown>, message: RegExp): Promise<void> {
  const said = await body().then(String, (error: Error) => error.message);
  assert.match(said, message);
}

/** What a program prints, by line. */
async function printed(body: () => Promise<number>): Promise<{ lines: string[]; code: number }> {
  const lines: string[] = [];
  const { log, error } = console;
  console.log = (line: string) => void lines.push(line);
  console.error = console.log;
  try {
    return { code: await body(), lines };
  } finally {
    Object.assign(console, { log, error });
  }
}

test.run();
