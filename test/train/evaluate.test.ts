// evaluate and predictProbabilities against the same sums on the host, and what they refuse.
import * as assert from 'uvu/assert';
import {
  DataError,
  Dropout,
  Flatten,
  Linear,
  Module,
  manualSeed,
  memory,
  ReLU,
  Sequential,
  ShapeError,
  type Tensor,
  UsageError,
} from '../../src/index.js';
import { type Batch, type BatchSource, evaluate, predictProbabilities, softmaxRows } from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('train/evaluate');
test.before(useDevice);

const SHAPE = [2, 2, 3];
const NUMBERS = 12;
const CLASSES = ['a', 'b', 'c', 'd'];

const network = () => new Sequential(new Flatten(), new Linear(NUMBERS, 4), new Dropout(0.5));

const batch = (size: number, salt: number): Batch => ({
  images: { data: seeded(size * NUMBERS, salt, 2), shape: [size, ...SHAPE] },
  labels: Int32Array.from({ length: size }, (_, i) => (i * 3 + salt) % 4),
});

const sourceOf = (batches: readonly Batch[]): BatchSource => ({
  length: batches.reduce((sum, { labels }) => sum + labels.length, 0),
  async *epoch() {
    yield* batches;
  },
});

/** Rows of logits, as a Linear gives them, in float64. */
async function logitsOf(model: Module, images: Float32Array): Promise<Float64Array> {
  const [weight, bias] = await Promise.all(model.parameters().map((p) => p.data()));
  const out = new Float64Array((images.length / NUMBERS) * 4);
  return out.map((_, i) => {
    const [row, c] = [Math.floor(i / 4), i % 4];
    let sum = bias[c];
    for (let k = 0; k < NUMBERS; k++) sum += images[row * NUMBERS + k] * weight[c * NUMBERS + k];
    return sum;
  });
}

const fails = async (work: Promise<unknown>, type: new (message: string) => Error, message: RegExp): Promise<void> => {
  const error = await work.then(() => null).catch((e: Error) => e);
  assert.instance(error, type, String(error));
  assert.match(error!.message, message);
};

test('loss and confusion matrix of batches of several sizes, in evaluation mode', async () => {
  const model = network();
  const batches = [batch(7, 1), batch(7, 2), batch(2, 3)];
  let loss = 0;
  const counts = CLASSES.map(() => [0, 0, 0, 0]);
  for (const { images, labels } of batches) {
    const probabilities = softmaxRows(await logitsOf(model, images.data), 4);
    for (const [i, label] of labels.entries()) {
      const row = [...probabilities.subarray(i * 4, i * 4 + 4)];
      loss -= Math.log(row[label]) / 16;
      counts[label][row.indexOf(Math.max(...row))]++;
    }
  }
  const told: number[] = [];
  const { liveBytes } = memory();
  const found = await evaluate(model, sourceOf(batches), CLASSES, (images) => told.push(images));
  assert.ok(Math.abs(found.loss - loss) < 1e-5, `${found.loss}, not ${loss}`);
  assert.equal(found.confusion.counts, counts);
  assert.is(found.confusion.total, 16);
  assert.equal(told.length, 3);
  assert.ok(
    told.every((n, i) => n >= (told[i - 1] ?? 0) && [0, 7, 14, 16].includes(n)),
    String(told),
  );
  assert.is(memory().liveBytes, liveBytes);
  assert.ok(model.parameters().every((p) => p.grad === null));
});

test('the mode is as before afterwards, whatever happens', async () => {
  for (const on of [true, false]) {
    const model = network().train(on);
    await evaluate(model, sourceOf([batch(2, 1)]), CLASSES);
    assert.is(model.training, on);
    await evaluate(model, sourceOf([]), CLASSES).catch(() => {});
    assert.is(model.training, on);
    await predictProbabilities(model, seeded(NUMBERS, 1), SHAPE);
    assert.is(model.training, on);
  }
});

test('a signal ends it with its reason', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const seen: number[] = [];
  const told = (images: number) => {
    seen.push(images);
    stop.abort(reason);
  };
  const batches = Array.from({ length: 9 }, (_, i) => batch(2, i));
  const error = await evaluate(network(), sourceOf(batches), CLASSES, told, undefined, stop.signal).catch((e) => e);
  assert.is(error, reason);
  assert.is(seen.length, 1);
});

test('data that cannot be counted are refused by name', async () => {
  const model = network();
  const check = (batches: readonly Batch[]) => evaluate(model, sourceOf(batches), CLASSES);
  const wrongLabel = (label: number) => ({ ...batch(3, 1), labels: Int32Array.of(0, label, 1) });
  await fails(check([]), DataError, /^evaluate: the data are empty/);
  await fails(check([batch(3, 1), wrongLabel(4)]), DataError, /^evaluate: a label is 4, the classes are 0 to 3$/);
  await fails(check([wrongLabel(-1)]), DataError, /^evaluate: a label is -1/);
  await fails(check([batch(0, 1)]), DataError, /^evaluate: a batch has no images$/);
  const short = { ...batch(3, 1), images: { data: new Float32Array(35), shape: [3, ...SHAPE] } };
  await fails(check([short]), DataError, /^evaluate: a batch has 35 numbers, images \[3, 2, 2, 3\] are 36$/);
  const list = { images: [1, 2], labels: [0] } as unknown as Batch;
  await fails(
    check([list]),
    DataError,
    /a batch is \{ images: \{ data: Float32Array, shape \}, labels: Int32Array \}, got images \[1, 2\]/,
  );
  const three = new Sequential(new Flatten(), new Linear(NUMBERS, 3));
  const narrow = evaluate(three, sourceOf([batch(2, 1)]), CLASSES);
  await fails(narrow, ShapeError, /^evaluate: the model gives \[2, 3\] for 2 images, expected \[2, 4\]/);
  const nothing = undefined as unknown as Module;
  await fails(evaluate(nothing, sourceOf([]), CLASSES), UsageError, /^evaluate: model is missing; it is a Module$/);
  const array = [batch(2, 1)] as unknown as BatchSource;
  await fails(evaluate(model, array, CLASSES), UsageError, /^evaluate: source is a source of batches/);
});

test('scores that are no numbers call no class', async () => {
  const odd = batch(3, 5);
  odd.images.data.fill(Number.NaN, NUMBERS, 2 * NUMBERS);
  const { loss, confusion } = await evaluate(network(), sourceOf([odd]), CLASSES);
  assert.ok(Number.isNaN(loss));
  assert.equal(confusion.undecided, [1, 0, 0, 0]); // its label is 0
  assert.is(confusion.total, 3);
});

test('probabilities: of each picture the mean over its crops', async () => {
  manualSeed(1);
  const model = network();
  for (const crops of [1, 3]) {
    const images = seeded(2 * crops * NUMBERS, 8, 2);
    const rows = softmaxRows(await logitsOf(model, images), 4);
    const expected = [0, 1].flatMap((picture) =>
      [0, 1, 2, 3].map((c) => {
        let sum = 0;
        for (let crop = 0; crop < crops; crop++) sum += rows[(picture * crops + crop) * 4 + c];
        return sum / crops;
      }),
    );
    const found = await (crops === 1
      ? predictProbabilities(model, images, SHAPE)
      : predictProbabilities(model, images, SHAPE, crops));
    assert.instance(found, Float64Array);
    assertClose(found, expected, { what: `${crops} crops`, terms: NUMBERS });
    assert.ok(Math.abs(found[0] - found[4]) > 1e-3, 'the pictures differ');
  }
  assert.equal(await predictProbabilities(model, new Float32Array(0), SHAPE), new Float64Array(0));
});

test('probabilities of what is no whole number of pictures, or from what is no classifier', async () => {
  const model = network();
  const predict = (numbers: number, crops?: number, shape = SHAPE) =>
    predictProbabilities(model, new Float32Array(numbers), shape, crops);
  await fails(predict(13), ShapeError, /^predictProbabilities: 13 numbers are not .* \(1 x \[2, 2, 3\] each\)$/);
  await fails(predict(36, 2), ShapeError, /^predictProbabilities: 36 numbers are not .* \(2 x \[2, 2, 3\] each\)$/);
  await fails(predict(24, 0), UsageError, /crops is a whole number, 1 or more, got 0/);
  await fails(predict(24, 1, [2, 0, 3]), UsageError, /imageShape is a list of sizes/);
  const list = [1, 2, 3] as unknown as Float32Array;
  await fails(predictProbabilities(model, list, SHAPE), UsageError, /images is a Float32Array, got \[1, 2, 3\]/);
  class Whole extends Module {
    inner = new ReLU();
    forward(x: Tensor): Tensor {
      return this.inner.forward(x);
    }
  }
  const images = predictProbabilities(new Whole(), new Float32Array(24), SHAPE);
  await fails(images, ShapeError, /the model gives \[2, 2, 2, 3\] for 2 inputs, expected \[2, classes\]/);
});

test.run();
