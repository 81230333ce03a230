// Ops called outside of all scopes: nothing but the result is left, and disposing of it leaves nothing.
import * as assert from 'uvu/assert';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('ops/leaks');
test.before(useDevice);

const made: w.Tensor[] = [];
const give = (...shape: number[]) => {
  const t = w.tensor(
    seeded(w.sizeOf(shape), 1).map((v) => Math.abs(v) + 0.1),
    { shape },
  );
  made.push(t);
  return t;
};
const classes = (...labels: number[]) => {
  const t = w.tensor(Int32Array.from(labels));
  made.push(t);
  return t;
};
const image = () => give(2, 4, 6, 6);
const [row, grid] = [() => give(6), () => give(4, 6)];

const unary = [
  w.abs, w.neg, w.exp, w.log, w.sqrt, w.square, w.reciprocal, w.relu, w.sigmoid, w.tanh, w.gelu, w.silu, w.softplus,
  w.elu, w.leakyRelu, w.cos, w.sin, w.onesLike, w.zerosLike, w.flatten, w.softmax, w.logSoftmax, w.norm, w.variance,
]; // biome-ignore format: a list
const binary = [w.add, w.sub, w.mul, w.div, w.maximum, w.minimum, w.eq, w.ne, w.lt, w.le, w.gt, w.ge];
const scalar = [w.add, w.sub, w.mul, w.div];
const reductions = [w.sum, w.mean, w.norm, w.amax, w.amin];
const losses = [w.mseLoss, w.l1Loss, w.binaryCrossEntropyWithLogits];

const calls: [string, () => w.Tensor][] = [
  ...unary.map((op): [string, () => w.Tensor] => [op.name, () => (op as (x: w.Tensor) => w.Tensor)(grid())]),
  ...binary.flatMap((op): [string, () => w.Tensor][] => [
    [op.name, () => op(grid(), grid())],
    [`${op.name}, broadcast`, () => op(grid(), row())],
  ]),
  ...scalar.map((op): [string, () => w.Tensor] => [`${op.name} with a number`, () => op(grid(), 2)]),
  ...reductions.flatMap((op): [string, () => w.Tensor][] => [
    [`${op.name} of all`, () => op(grid())],
    [`${op.name} of dims apart`, () => op(image(), [0, 2])],
    [`${op.name}, kept`, () => op(grid(), 1, true)],
    [`${op.name} of one element`, () => op(give(1, 1), 0)],
  ]),
  ...losses.map((op): [string, () => w.Tensor] => [op.name, () => op(grid(), grid())]),
  ['crossEntropy', () => w.crossEntropy(grid(), classes(0, 1, 2, 3))],
  ['crossEntropy, smoothed', () => w.crossEntropy(grid(), classes(0, 1, 2, 3), { labelSmoothing: 0.1 })],
  ['crossEntropy, weighted', () => w.crossEntropy(grid(), classes(0, 1, 2, 3), { weight: give(6) })],
  ['crossEntropy of probabilities', () => w.crossEntropy(grid(), grid(), { weight: give(6), labelSmoothing: 0.1 })],
  ['binaryCrossEntropyWithLogits, weighted', () => w.binaryCrossEntropyWithLogits(grid(), grid(), { weight: row(), posWeight: row() })],
  ['variance of rows', () => w.variance(grid(), 1, { keepDim: true })],
  ['argmax', () => w.argmax(grid(), 1)],
  ['argmin', () => w.argmin(grid(), 0)],
  ['bincount', () => w.bincount(classes(0, 2, 2), 3)],
  ['oneHot', () => w.oneHot(classes(0, 2), 3)],
  ['pow', () => w.pow(grid(), 1.5)],
  ['clamp', () => w.clamp(grid(), 0, 1)],
  ['where', () => w.where(row(), row(), 2)],
  ['cast', () => w.cast(classes(1, 2), 'f32')],
  ['matmul', () => w.matmul(give(3, 4), give(4, 5))],
  ['a product of vectors', () => w.matmul(give(4), give(4))],
  ['matmul in batches', () => w.matmul(give(2, 3, 4), give(4, 5))],
  ['linear', () => w.linear(give(2, 6), give(3, 6), give(3))],
  ['conv2d', () => w.conv2d(image(), give(3, 4, 3, 3), give(3), { padding: 1 })],
  ['conv2d in groups', () => w.conv2d(image(), give(4, 2, 3, 3), null, { groups: 2 })],
  ['maxPool2d', () => w.maxPool2d(image(), { kernelSize: 3, stride: 2 })],
  ['avgPool2d', () => w.avgPool2d(image(), { kernelSize: 2 })],
  ['adaptiveAvgPool2d', () => w.adaptiveAvgPool2d(image(), 3)],
  ['localResponseNorm', () => w.localResponseNorm(image(), { size: 5 })],
  ['batchNorm', () => w.batchNorm(image(), give(4), give(4), give(4), give(4), { training: true })],
  ['batchNorm in evaluation', () => w.batchNorm(image(), give(4), give(4), give(4), give(4))],
  ['dropout', () => w.dropout(grid(), 0.5, { training: true })],
  ['reshape', () => w.reshape(grid(), [24])],
  ['transpose', () => w.transpose(grid(), 0, 1)],
  ['permute', () => w.permute(image(), [0, 2, 3, 1])],
  ['slice', () => w.slice(grid(), null, [1, 3])],
  ['concat', () => w.concat([grid(), grid()], 1)],
  ['stack', () => w.stack([grid(), grid()])],
  ['squeeze', () => w.squeeze(give(1, 3))],
  ['unsqueeze', () => w.unsqueeze(grid(), 0)],
  ['broadcastTo', () => w.broadcastTo(row(), [4, 6])],
  ['sumTo', () => w.sumTo(grid(), [6])],
  ['pad', () => w.pad(row(), [[1, 1]])],
]; // biome-ignore format: a list

for (const [name, call] of calls) {
  test(name, () => {
    const before = w.memory().liveBuffers;
    call().dispose();
    for (const t of made.splice(0)) t.dispose();
    assert.is(w.memory().liveBuffers, before, `${w.memory().holders.map(({ label }) => label)}`);
  });
}

test.run();
