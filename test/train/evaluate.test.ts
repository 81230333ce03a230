// evaluate and predictProbabilities against the same sums on the host, and what they refuse.
import * as assert from 'uvu/assert';
import {
  DataError,
  Dropout,
  Flatten,
  Linear,
  Module,
  manualSeed,
  mean,
  memory,
  mul,
  ReLU,
  Sequential,
  ShapeError,
  type Tensor,
  UsageError,
} from '../../src/index.js';
import {
  type BatchSource,
  classification,
  evaluate,
  predictProbabilities,
  softmaxRows,
  type Task,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('train/evaluate');
test.before(useDevice);

const SHAPE = [2, 2, 3];
const NUMBERS = 12;
const CLASSES = ['a', 'b', 'c', 'd'];
const task = classification({ classes: CLASSES });

interface Batch {
  images: { data: Float32Array; shape: number[] };
  labels: Int32Array;
}

const network = () => new Sequential(new Flatten(), new Linear(NUMBERS, 4), new Dropout(0.5));

const batch = (size: number, salt: number): Batch => ({
  images: { data: seeded(size * NUMBERS, salt, 2), shape: [size, ...SHAPE] },
  labels: Int32Array.from({ length: size }, (_, i) => (i * 3 + salt) % 4),
});

const sourceOf = (batches: readonly Batch[]): BatchSource<Batch> => ({
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

test('loss, accuracy and what a task names, over batches of several sizes, in evaluation mode', async () => {
  const model = network();
  const batches = [batch(7, 1), batch(7, 2), batch(2, 3)];
  let [loss, correct, spread] = [0, 0, 0];
  for (const { images, labels } of batches) {
    const logits = await logitsOf(model, images.data);
    const probabilities = softmaxRows(logits, 4);
    spread += logits.reduce((sum, v) => sum + v * v, 0) / 4; // of each batch the mean, times its size
    for (const [i, label] of labels.entries()) {
      const row = [...probabilities.subarray(i * 4, i * 4 + 4)];
      loss -= Math.log(row[label]) / 16;
      if (row[label] === Math.max(...row)) correct++;
    }
  }
  const modes: boolean[] = [];
  const withSpread: Task<Batch> = (m, given, mode) => {
    modes.push(mode.training, m.training);
    const result = task(m, given, mode);
    const logits = m.forward(given.images);
    return { ...result, metrics: { ...result.metrics, spread: mean(mul(logits, logits)) } };
  };
  const told: number[] = [];
  const { liveBytes } = memory();
  const onProgress = (examples: number) => void told.push(examples);
  const found = await evaluate({ model, task: withSpread, data: sourceOf(batches), onProgress });
  assert.equal(Object.keys(found), ['loss', 'accuracy', 'spread']);
  assert.ok(Math.abs(found.loss - loss) < 1e-5, `${found.loss}, not ${loss}`);
  assert.ok(Math.abs(found.accuracy - correct / 16) < 1e-7, `${found.accuracy}, not ${correct} of 16`);
  assert.ok(Math.abs(found.spread - spread / 16) < 1e-5, `${found.spread}, not ${spread / 16}`);
  assert.equal(modes, Array(6).fill(false));
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
    await evaluate({ model, task, data: sourceOf([batch(2, 1)]) });
    assert.is(model.training, on);
    await evaluate({ model, task, data: sourceOf([]) }).catch(() => {});
    assert.is(model.training, on);
    await predictProbabilities(model, seeded(NUMBERS, 1), SHAPE);
    assert.is(model.training, on);
  }
});

test('a signal ends it with its reason', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const seen: number[] = [];
  const onProgress = (examples: number) => {
    seen.push(examples);
    stop.abort(reason);
  };
  const batches = Array.from({ length: 9 }, (_, i) => batch(2, i));
  const error = await evaluate({
    ...{ model: network(), task, data: sourceOf(batches), onProgress },
    signals: [undefined, stop.signal],
  }).catch((e) => e);
  assert.is(error, reason);
  assert.is(seen.length, 1);
});

test('data that cannot be counted are refused by name', async () => {
  const model = network();
  const check = (batches: readonly Batch[]) => evaluate({ model, task, data: sourceOf(batches) });
  const wrongLabel = (label: number) => ({ ...batch(3, 1), labels: Int32Array.of(0, label, 1) });
  await fails(check([]), DataError, /^evaluate: the data are empty/);
  const noClass = (label: number) =>
    new RegExp(`^(classification|crossEntropy): a label is no class, such as ${label}; classes are 0 to 3`);
  await fails(check([batch(3, 1), wrongLabel(4)]), UsageError, noClass(4));
  await fails(check([wrongLabel(-1)]), UsageError, noClass(-1));
  await fails(check([batch(0, 1)]), ShapeError, /^crossEntropy: there is no row in logits \[0, 4\]$/);
  const short = { ...batch(3, 1), images: { data: new Float32Array(35), shape: [3, ...SHAPE] } };
  await fails(check([short]), ShapeError, /35 .*\[3, 2, 2, 3\]/);
  const list = { images: [1, 2], labels: [0] } as unknown as Batch;
  await fails(
    check([list]),
    UsageError,
    /^classification: a batch is \{ images, labels \}, arrays or tensors; got \{ .* \}$/,
  );
  for (const nothing of [7, null, new Float32Array(3)]) {
    const data: BatchSource<Batch> = {
      ...sourceOf([]),
      async *epoch() {
        yield nothing as unknown as Batch;
      },
    };
    const message = /^evaluate: a batch is an object of arrays or tensors, such as \{ x, y \}, got /;
    await fails(evaluate({ model, task, data }), DataError, message);
  }
  const three = new Sequential(new Flatten(), new Linear(NUMBERS, 3));
  const narrow = evaluate({ model: three, task, data: sourceOf([batch(2, 1)]) });
  await fails(narrow, ShapeError, /^classification: the model gives \[2, 3\] for 2 images, expected \[2, 4\]/);
  const parts = { model, task, data: sourceOf([]) };
  const wrong = (more: object, message: RegExp) => fails(evaluate({ ...parts, ...more }), UsageError, message);
  await wrong({ model: undefined }, /^evaluate: model is missing; it is a Module$/);
  await wrong({ data: [batch(2, 1)] }, /^evaluate: data is a source of batches/);
  await wrong({ task: { loss: 1 } }, /^evaluate: task is a function \(model, batch\) => \{ loss, size, metrics \}/);
  await wrong({ classes: CLASSES }, /^evaluate: there is no option 'classes'/);
});

test('scores that are no numbers are wrong answers', async () => {
  const model = network();
  const odd = batch(3, 5);
  const right = await evaluate({ model, task, data: sourceOf([odd]) });
  odd.images.data.fill(Number.NaN, NUMBERS, 2 * NUMBERS);
  odd.labels[1] = 0; // the first class, which argmax gives for NaN
  const { loss, accuracy } = await evaluate({ model, task, data: sourceOf([odd]) });
  assert.ok(Number.isNaN(loss));
  assert.ok(accuracy <= 2 / 3 && right.accuracy <= 1, `${accuracy}`);
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
