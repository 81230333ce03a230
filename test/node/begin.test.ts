// Runs that begin with weights: whose network they have, what is new, what is frozen, and at which rates they learn.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { freezeStart, loadStart, openStart, type Start, startGroups, startOptions } from '../../src/cli/begin.js';
import { type RunFacts, writeFacts } from '../../src/cli/facts.js';
import { buildLoaders, buildModel, buildParts, coloursOf, randomOf } from '../../src/cli/parts.js';
import { presets, type RunOptions, TUNING } from '../../src/cli/presets.js';
import { drawnStandIns } from '../../src/data/index.js';
import { manualSeed, normalInit, UsageError } from '../../src/index.js';
import { readSafetensors } from '../../src/io/index.js';
import { Trainer, writeWeights } from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';
import { startTrainer } from '../support/trainer-program.js';

const test = suite('node/begin');
const folder = mkdtempSync(join(tmpdir(), 'wgrad-begin-'));
const file = join(folder, 'known.safetensors');
test.after(() => rmSync(folder, { recursive: true }));

const [STORED, CROP] = [75, 67];
const pictures = drawnStandIns(24, STORED, 3);
const small = { width: 1 / 16, image: CROP, stored: STORED, dropout: 0.2, poolDropout: [0.1, 0, 0.1] };

test.before(async () => {
  await useDevice();
  manualSeed(1);
  const options = { ...presets.best.options, ...small };
  const facts = { options, classes: ['cat', 'dog'], colours: coloursOf(pictures, options), folders: ['them'] };
  const model = buildModel(facts);
  normalInit(model.layers.fc8.weight, 0, 0.1); // it begins as zeros, which pass no gradient on
  writeFileSync(file, await writeWeights(model, { facts: writeFacts(facts) }));
  model.dispose();
});

function factsFor(start: Start, classes: readonly string[], given: Partial<RunOptions> = {}): RunFacts {
  const options = startOptions(start, { from: file, ...given });
  return { options, classes, colours: start.facts.colours, folders: null };
}

test('the network is that of the weights, all else what suits few pictures', () => {
  const start = openStart(file);
  const options = startOptions(start, { from: file, epochs: 3, dropout: 0 });
  assert.equal([options.width, options.image, options.stored, options.variant], [1 / 16, CROP, STORED, 'dogcat']);
  assert.equal([options.poolDropout, options.dropout], [[0.1, 0, 0.1], 0]);
  assert.equal(
    [options.epochs, options.lr, options.featuresLr, options.batch],
    [3, TUNING.lr, TUNING.featuresLr, TUNING.batch],
  );
  assert.throws(
    () => startOptions(start, { from: file, image: 64 }),
    (e: Error) => e instanceof UsageError && e.message === `--image 64: the network is that of ${file}`,
  );
  assert.throws(
    () => openStart(join(folder, 'none.safetensors')),
    /none\.safetensors: cannot be read \(there is no such file/,
  );
  assert.equal(openStart('dogcat').facts.classes, ['cat', 'dog']);
});

test('other classes get a new last layer, the same ones keep it', async () => {
  const start = openStart(file);
  const saved = (name: string) => [...start.checkpoint.tensors.get(`model.${name}`)!.data];
  for (const [classes, isNew] of [
    [['cat', 'dog'], false],
    [['dog', 'cat'], true],
    [['a', 'b', 'c'], true],
  ] as const) {
    // biome-ignore format: a table
    const model = buildModel(factsFor(start, classes));
    assert.is(loadStart(start, model, classes), isNew);
    for (const name of ['conv1.weight', 'norm7.runningVar', 'fc7.bias'])
      assert.equal([...(await model.stateDict()[name].data())], saved(name), name);
    assert.equal(model.layers.fc8.weight.shape[0], classes.length);
    model.dispose();
  }
});

test('what is frozen keeps its statistics and drops nothing; the rest learns at two rates', () => {
  const start = openStart(file);
  const facts = factsFor(start, ['a', 'b', 'c'], { freeze: 'conv*, fc6.weight' });
  const model = buildModel(facts);
  freezeStart(model, facts.options.freeze);
  const trained = model.namedParameters().filter(([, p]) => p.requiresGrad).map(([name]) => name); // biome-ignore format: one line
  const dense = ['fc6.bias', 'norm6.weight', 'norm6.bias', 'fc7.weight', 'fc7.bias', 'norm7.weight', 'norm7.bias'];
  assert.equal(trained, [...dense, 'fc8.weight', 'fc8.bias']);
  const asleep = model.children().filter(([, layer]) => !layer.training).map(([name]) => name); // biome-ignore format: one line
  const blocks = [1, 2, 3, 4, 5].flatMap((i) => [`relu${i}`, `norm${i}`]);
  assert.equal(asleep.filter((name) => /^(relu|norm)/.test(name)), blocks); // biome-ignore format: one line
  assert.ok(asleep.includes('dropout5') && !asleep.includes('dropout6') && model.training);
  const groups = startGroups(model, facts.options);
  assert.equal(groups.map(({ lr }) => lr), [3e-3, 1e-3]); // biome-ignore format: one line
  assert.equal(groups.map(({ params }) => params.length), [2, model.parameters().length - 2]); // biome-ignore format: one line
  assert.throws(() => freezeStart(model, '*'), /^--freeze \*: nothing is left to train$/);
  assert.throws(() => freezeStart(model, 'conv9'), /^freeze: no parameter has a path like 'conv9'/);
  model.dispose();
});

test('a step of such a run moves what is trained, in proportion to its rate, and nothing else', async () => {
  const start = openStart(file);
  const facts = factsFor(start, ['cat', 'dog'], { freeze: 'conv1', schedule: 'constant', optimizer: 'sgd', momentum: 0, weightDecay: 0, lr: 0.1, featuresLr: 0.01, batch: 24 }); // biome-ignore format: one line
  const loaders = buildLoaders(facts, pictures, pictures.subset([]), 0);
  const parts = buildParts(facts, loaders, start);
  assert.equal(parts.optimizer.groups.map(({ lr }) => lr), [0.1, 0.01]); // biome-ignore format: one line
  await new Trainer(parts).fit({ epochs: 1 });
  const moved = async (name: string) => {
    const before = start.checkpoint.tensors.get(`model.${name}`)!.data;
    const now = Float32Array.from(await parts.model.stateDict()[name].data());
    return now.reduce((sum, v, i) => sum + Math.abs(v - before[i]), 0);
  };
  for (const name of ['conv1.weight', 'norm1.weight', 'norm1.runningMean']) assert.is(await moved(name), 0, name);
  for (const name of ['conv2.weight', 'norm2.runningMean', 'fc8.weight']) assert.ok((await moved(name)) > 0, name);
  parts.model.dispose();
  await loaders.close();
});

test('one cycle has the two rates', () => {
  const start = openStart(file);
  const facts = factsFor(start, ['a', 'b'], { epochs: 4, batch: 4 });
  const { optimizer, model } = buildParts(facts, buildLoaders(facts, pictures, pictures.subset([]), 0), start);
  assertClose(
    optimizer.groups.map(({ lr }) => lr),
    [3e-3 / 25, 1e-3 / 25],
    { what: 'first rates' },
  );
  model.dispose();
});

test('training pictures are cut and coloured as the options say', () => {
  const facts = factsFor(openStart(file), ['a', 'b'], { colourShift: 0.1 });
  const names = (how: object) =>
    'transforms' in how ? (how.transforms as { name: string }[]).map(({ name }) => name) : ['augment'];
  const of = (more: Partial<RunOptions>) => names(randomOf({ ...facts, options: { ...facts.options, ...more } }));
  const last = ['ColorJitter', 'ToTensor', 'ColourShift', 'Normalize'];
  assert.equal(of({}), ['RandomResizedCrop', 'RandomHorizontalFlip', ...last]);
  assert.equal(of({ area: 1, flip: false }), ['RandomCrop', ...last]);
  assert.equal(of({ colourShift: 0, area: 1 }), [
    'RandomCrop',
    'RandomHorizontalFlip',
    'ColorJitter',
    'ToTensor',
    'Normalize',
  ]);
  assert.equal(of({ area: 1, jitter: [0, 0, 0] }), ['augment']);
});

test('the program: frozen for an epoch, stopped, and gone on with to the same bits; averaged weights are kept', async () => {
  const line = ['--stand-ins', '--limit', '40', '--from', file, '--freeze', 'conv*', '--thaw', '1', '--epochs', '3', '--ema', '0.9', '--no-ten-crop', '--no-pictures', '--validation', '0']; // biome-ignore format: a command
  const train = async (...more: string[]) => {
    const { code, output } = await startTrainer([...line, ...more]).ended;
    assert.is(code, 0, output);
    return output;
  };
  const said = await train('--out', join(folder, 'whole'));
  assert.match(
    said,
    /Begins with .*known\.safetensors \(cat, dog\): all its layers, the others at 0\.001; conv\* frozen for 1 epoch\./,
  );
  await train('--out', join(folder, 'halved'), '--steps', '3');
  const { code, output } = await startTrainer(['--resume', join(folder, 'halved'), '--no-ten-crop', '--no-pictures'])
    .ended;
  assert.is(code, 0, output);
  const tensorsOf = (file: string) => readSafetensors(readFileSync(join(folder, file))).tensors;
  for (const name of ['best', 'last']) {
    const whole = tensorsOf(`whole/${name}.safetensors`);
    assert.ok(whole.size > 40);
    for (const [key, { data }] of tensorsOf(`halved/${name}.safetensors`))
      assert.ok(Buffer.from(data.buffer).equals(Buffer.from(whole.get(key)!.data.buffer)), `${name}: ${key}`);
  }
  const [best, last] = ['best', 'last'].map((name) => tensorsOf(`whole/${name}.safetensors`));
  const average = [...last.keys()].find((name) => name.endsWith('ModelEMA.conv2.weight'))!;
  assert.equal(best.get('model.conv2.weight')!.data, last.get(average)!.data, 'the average');
  assert.not.equal(best.get('model.conv2.weight')!.data, last.get('model.conv2.weight')!.data);
  const filters = (start: Start) => [...start.checkpoint.tensors.get('model.conv1.weight')!.data];
  assert.not.equal(filters(openStart(join(folder, 'whole'))), filters(openStart(file)), 'thawed');
});

test.run();
