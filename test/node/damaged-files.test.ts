// Files that a disk, a crash, a person or another program has spoiled: each gives its named error, or the documented
// fallback, and never a stack trace. Readers are fuzzed as well (fuzz.test.ts); here is what each kind of damage is called.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { BLANK_SEAL, seal } from '../../src/checkpoint/seal.js';
import { readFacts } from '../../src/cli/facts.js';
import { CheckpointError, DataError, Linear, SGD } from '../../src/index.js';
import { readSafetensors, writeSafetensors } from '../../src/io/index.js';
import { CheckpointFiles, decodeImage, loadImageFolder, RunFolder } from '../../src/node/index.js';
import {
  classification,
  readCheckpoint,
  restoreModel,
  restoreRun,
  Trainer,
  writeCheckpoint,
  writeWeights,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { startTrainer } from '../support/trainer-program.js';
import { gradient, makeJpeg, makePng } from './made-images.js';

const test = suite('node/damaged-files');
let folder = '';
let whole: Uint8Array;
let trainer: Trainer;

function newTrainer(outputs = 2, images = 8): Trainer {
  const model = new Linear(3, outputs);
  const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
  const train = {
    length: images,
    async *epoch() {
      yield { images: { data: seeded(3 * images, 1), shape: [images, 3] }, labels: new Int32Array(images) };
    },
  };
  return new Trainer({ model, optimizer, task: classification({ classes: ['a', 'b'] }), train });
}

test.before(useDevice);
test.before(async () => {
  folder = mkdtempSync(`${tmpdir()}/wgrad-damaged-`);
  trainer = newTrainer();
  await trainer.fit({ epochs: 1 });
  whole = await writeCheckpoint(trainer);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] ^= 4;
  return copy;
}

const placeOf = (bytes: Uint8Array, text: string) => Buffer.from(bytes).indexOf(text);

/** The checkpoint with other metadata, sealed again: a mistake that no checksum tells. */
function withMetadata(change: Record<string, string>): Uint8Array {
  const { tensors, metadata } = readSafetensors(whole, 'whole');
  return seal(writeSafetensors(tensors, { ...metadata, ...BLANK_SEAL, ...change }));
}

interface State {
  position: Record<string, unknown>;
  rollbacks: unknown;
  parts: Record<string, Record<string, unknown>>;
}

/** With its state changed as an object or, `raw`, as text. */
function withState(change: (state: State) => void, raw = (text: string) => text): Uint8Array {
  const state = JSON.parse(readSafetensors(whole, 'whole').metadata.state);
  change(state);
  return withMetadata({ state: raw(JSON.stringify(state)) });
}

/** How a file is refused, by whoever reads it first. */
function refusal(type: new (message: string) => Error, read: () => void): string {
  try {
    read();
  } catch (error) {
    assert.instance(error, type);
    assert.ok((error as Error).message.startsWith('file'), `the file is named: ${(error as Error).message}`);
    return (error as Error).message;
  }
  return 'accepted';
}

const checkpoints: [what: string, damaged: () => Uint8Array, reason: RegExp][] = [
  ['empty', () => new Uint8Array(), /the file is empty/],
  ['zeros', () => new Uint8Array(1000), /the header is not JSON/],
  ['text', () => new TextEncoder().encode('epoch,loss\n1,0.5\n'), /not a safetensors file, or cut off/],
  ['a picture', () => makePng(8, 8, gradient), /not a safetensors file, or cut off/],
  ['cut off in the header', () => whole.slice(0, 100), /cut off/],
  ['cut off in a tensor', () => whole.slice(0, -5), /lies at \d+ to \d+, the data end at/],
  ['half of a second write behind it', () => Uint8Array.from([...whole, ...whole.slice(0, 99)]), /99 bytes at the end/],
  ['a bit flipped in a tensor', () => flipped(whole, whole.length - 7), /damaged: its checksum should be/],
  ['a bit flipped in the state', () => flipped(whole, placeOf(whole, 'lrScale')), /damaged: its checksum should be/],
  ['a bit flipped in the checksum', () => flipped(whole, placeOf(whole, 'crc32:') + 8), /damaged: its checksum/],
  ['a header whose length is a bit off', () => flipped(whole, 7), /not a safetensors file, or cut off/],
  [
    'a safetensors file of another program',
    () => writeSafetensors([], { format: 'pt' }),
    /not a checkpoint of this library \(format pt\)/,
  ],
  [
    'an older version',
    () => withMetadata({ format: 'wgrad checkpoint 1' }),
    /an older version .* use the version that wrote it/,
  ],
  ['a newer version', () => withMetadata({ format: 'wgrad checkpoint 99' }), /a newer version .* update wgrad/],
  ['no checksum', () => writeSafetensors([], { format: 'wgrad checkpoint 2' }), /has no checksum/],
  ['a state that is not JSON', () => withMetadata({ state: '{"position":' }), /state is not JSON/],
  [
    'a state with a text for a number',
    () => withState((s) => (s.rollbacks = '7')),
    /state\.rollbacks should be a whole number, 0 or more, it is "7"/,
  ],
  [
    'a state without a part',
    () => withState((s) => delete (s as Partial<State>).parts),
    /state\.parts should be an object, it is missing/,
  ],
  [
    'a state that is nowhere',
    () => withState((s) => delete (s as Partial<State>).position),
    /state\.position is missing/,
  ],
  ['a negative count', () => withState((s) => (s.rollbacks = -1)), /state\.rollbacks should be a whole number/],
  [
    'a polluting key',
    () =>
      withState(
        () => {},
        (text) => text.replace('{', '{"__proto__":{"a":1},'),
      ),
    /has a field '__proto__'/,
  ],
];

for (const [what, damaged, reason] of checkpoints) {
  test(`checkpoint: ${what}`, () => {
    assert.match(
      refusal(CheckpointError, () => readCheckpoint(damaged(), 'file')),
      reason,
    );
  });
}

const sums = (accuracy: unknown) => (s: State) => {
  s.parts.metrics = { accuracy };
};

/** What a trainer finds in a file that is whole otherwise, and how it is refused. */
const changes: [change: (s: State) => void, reason: RegExp][] = [
  [(s) => (s.position.step = '7'), /state\.position\.step should be a whole number, 0 or more, it is "7"/],
  [(s) => (s.position.epoch = -1), /state\.position\.epoch should be a whole number/],
  [(s) => (s.position.loss = null), /state\.position\.loss should be an object, it is null/],
  [(s) => (s.position.history = [{}]), /state\.position\.history\[0\]\.epoch should be a whole number/],
  [(s) => (s.parts.model = {}), /this run's model: its state\.frozen should be a list, it is missing/],
  [(s) => (s.parts.model.frozen = [3]), /this run's model: its state\.frozen\[0\] should be a text, it is 3/],
  [(s) => (s.parts.model.frozen = ['head.weight']), /its state has 'head\.weight', which the model has not/],
  [(s) => (s.parts.model.evaluating = ['norm']), /its state has 'norm', which the model has not/],
  [(s) => (s.parts.optimizer.updates = [1]), /optimizer: its state\.updates should be a list of 2, it is \[1\]/],
  [(s) => (s.parts.optimizer.steps = 1.5), /this run's optimizer: SGD: .* its steps and updates are whole numbers/],
  [(s) => (s.parts.optimizer.lrScale = -1), /this run's optimizer: SGD: .* its lrScale is a finite number, 0 or more/],
  [(s) => delete s.parts.data, /saved without a data, this run has one/],
  [(s) => (s.parts.average = {}), /saved with a average, this run has none/],
  [sums(null), /this run's metrics: its state\.accuracy should be an object, it is null/],
  [sums({ size: 0, sums: { batches: 1 } }), /its state\.accuracy\.size should be a whole number, 1 or more, it is 0/],
  [sums({ size: 2, sums: { batches: -1 } }), /its state\.accuracy\.sums\.batches should be a whole number/],
  [sums({ size: 2, sums: { batches: 3 } }), /of metric 'accuracy' 3 partial sums of 2 are not there/],
  [(s) => (s.parts.callbacks = [] as never), /this run's callbacks: it is no list of states/],
];

test('checkpoint: whole, but of something else; the trainer is as before', async () => {
  const state = async (t: Trainer) =>
    Buffer.from(await writeCheckpoint(t))
      .toString('latin1')
      .replace(/"(checksum|seconds|waited)":[^,}]*/g, '');
  const refused = async (bytes: Uint8Array, into: Trainer, reason: RegExp) => {
    const before = await state(into);
    assert.match(
      refusal(CheckpointError, () => restoreRun(readCheckpoint(bytes, 'file'), into)),
      reason,
    );
    assert.is(await state(into), before, 'nothing was overwritten');
  };
  await refused(whole, newTrainer(3), /does not fit this run's model: weight is \[2, 3\] in the file, \[3, 3\] here/);
  await refused(
    whole,
    newTrainer(2, 4),
    /does not fit this run's data: an epoch had 8 examples, it has 4 now; a run goes on/,
  );
  await refused(
    await writeWeights(trainer.parts.model),
    newTrainer(),
    /holds weights only, a run cannot go on from it/,
  );
  await refused(
    withState(
      () => {},
      (text) => text.replace('"groups":[{', '"groups":[{"beta1":0.9,'),
    ),
    newTrainer(),
    /does not fit this run's optimizer: its state\.groups\[0\] has 'beta1', which this run's has not/,
  );
  for (const [change, reason] of changes) await refused(withState(change), newTrainer(), reason);
  await refused(
    withMetadata({ format: 'wgrad checkpoint 2' }),
    newTrainer(),
    /written by an older version .* its weights can be used, but a run cannot go on from it/,
  );
  const other = new Linear(4, 2);
  assert.match(
    refusal(CheckpointError, () => restoreModel(readCheckpoint(whole, 'file'), other)),
    /does not fit this model/,
  );
});

test('facts: missing, or not as they should be', () => {
  const facts = (text?: string) => {
    const metadata: Record<string, string> = text === undefined ? {} : { facts: text };
    return refusal(CheckpointError, () => readFacts({ name: 'file', tensors: new Map(), metadata }, 'predict'));
  };
  assert.match(facts(), /does not say which network and classes/);
  assert.match(facts('{'), /facts are not JSON/);
  assert.match(facts('[]'), /facts\.options should be an object, it is missing/);
  assert.match(facts('{"options":{"variant":"vgg"},"classes":["a"]}'), /facts\.options\.variant should be one of/);
});

test('the newest whole checkpoint is found, and those passed over are named', () => {
  const run = new RunFolder(`${folder}/found`);
  run.create();
  const files = new CheckpointFiles(run, { keep: 3 });
  for (let i = 0; i < 3; i++) files.save(whole);
  writeFileSync(run.file('last.safetensors'), whole.slice(0, -1));
  writeFileSync(run.file('last-1.safetensors'), '');
  writeFileSync(run.file('last.safetensors.partial'), 'left by a crash');
  const { checkpoint, damaged } = files.newest();
  assert.is(checkpoint.name, run.file('last-2.safetensors'));
  assert.equal(
    damaged.map(({ message }) => message.replace(/ (the file is empty|tensor).*/, '')),
    [`${run.file('last.safetensors')}:`, `${run.file('last-1.safetensors')}:`],
  );
  files.save(whole);
  assert.ok(existsSync(run.file('last.safetensors.damaged')), 'kept for whoever wants to look');
  assert.is(files.newest().damaged.length, 0);
  for (const name of ['last', 'last-1', 'last-2']) writeFileSync(run.file(`${name}.safetensors`), 'x');
  assert.throws(
    () => files.newest(),
    (e: unknown) =>
      e instanceof CheckpointError &&
      /last\.safetensors: .*; .*last-2\.safetensors: .*; there is no other$/.test(e.message),
  );
});

test('pictures: every kind of damage is named and left out, and the rest is used', async () => {
  const made = `${folder}/pictures`;
  mkdirSync(made);
  const good = makeJpeg(40, 30, gradient);
  const damaged: Record<string, [Uint8Array | string, RegExp]> = {
    'cat.1.jpg': [good.slice(0, 300), /cut off/],
    'cat.2.jpg': ['not a picture', /neither a JPEG nor a PNG/],
    'cat.3.jpg': [new Uint8Array(), /the file is empty/],
    'cat.4.png': [makePng(9, 9, gradient).fill(255, 16, 24), /megapixels/],
    'cat.5.png': [flipped(makePng(9, 9, gradient), 60), /cut off or damaged/],
  };
  for (const [name, [bytes]] of Object.entries(damaged)) writeFileSync(`${made}/${name}`, bytes);
  for (const name of ['cat.9.jpg', 'dog.1.jpg', 'dog.2.jpg']) writeFileSync(`${made}/${name}`, good);
  const loaded = await loadImageFolder(made, { size: 16, workers: 1, cache: false });
  assert.is(loaded.dataset.length, 3);
  assert.equal(
    loaded.damaged.map(({ file }) => file),
    Object.keys(damaged),
  );
  for (const { file, reason } of loaded.damaged) assert.match(reason, damaged[file][1]);
  assert.match(
    refusal(DataError, () => decodeImage(good.slice(0, 300), 'file')),
    /cut off/,
  );
});

/** The trainer's own words and exit code. */
async function runTrainer(...args: string[]): Promise<{ code: number | null; output: string }> {
  const { code, output } = await startTrainer(args).ended;
  assert.not.match(output, /^\s+at .*(:\d+:\d+\)|file:)/m, `no stack trace:\n${output}`);
  return { code, output };
}

test('the program goes on from the checkpoint before a damaged one, aloud; without any it says why', async () => {
  const run = `${folder}/run`;
  const small = '--stand-ins --limit 64 --batch 8 --width 0.0625 --image 67 --stored 75 --no-ten-crop'.split(' ');
  const begun = await runTrainer(...small, '--epochs', '2', '--save-every', '2', '--steps', '6', '--out', run);
  assert.is(begun.code, 0, begun.output);
  const last = `${run}/last.safetensors`;
  copyFileSync(last, `${folder}/torn`);
  writeFileSync(last, readFileSync(last).subarray(0, -100));
  const resumed = await runTrainer('--resume', run, '--steps', '7');
  assert.is(resumed.code, 0, resumed.output);
  assert.match(resumed.output, /last\.safetensors.*(cut off|lies at)/s);
  assert.match(resumed.output, /last-1\.safetensors/);
  assert.match(resumed.output, /Stopped and saved at step 7/);
  for (const name of ['last', 'last-1']) writeFileSync(`${run}/${name}.safetensors`, 'nothing');
  const hopeless = await runTrainer('--resume', run);
  assert.is(hopeless.code, 1, hopeless.output);
  assert.match(hopeless.output, /last\.safetensors: not a safetensors file.*there is no other/s);
  writeFileSync(`${folder}/picture.png`, makePng(80, 80, gradient));
  const predicted = await runTrainer('predict', `${folder}/picture.png`, '--run', `${run}/last.safetensors`);
  assert.is(predicted.code, 1, predicted.output);
  assert.match(predicted.output, /last\.safetensors: not a safetensors file/);
});

test.run();
