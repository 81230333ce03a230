// Labels that are no class: they are on the GPU, so the next read tells.
import * as assert from 'uvu/assert';
import { crossEntropy, memory, oneHot, scope, type Tensor, tensor, zeros } from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('ops/classes');
test.before(useDevice);

const logits = () => tensor([[1, 0, -1]], { requiresGrad: true });
const labels = (...values: number[]) => tensor(Int32Array.from(values));

async function refusal(make: () => Tensor): Promise<string> {
  const result = scope(make);
  const outcome = await result.data().then(
    () => 'accepted',
    (error: Error) => `${error.name}: ${error.message}`,
  );
  result.dispose();
  return outcome;
}

test('crossEntropy: a target of 3 among three classes', async () => {
  const wrong = await refusal(() => crossEntropy(logits(), labels(3)));
  assert.match(
    wrong,
    /^UsageError: crossEntropy: a label is no class, such as 3; classes are 0 to 2, or -100 to be ignored$/,
  );
  assert.match(await refusal(() => crossEntropy(logits(), labels(-1))), /such as -1; classes are 0 to 2/);
  assert.match(await refusal(() => crossEntropy(logits(), labels(-101))), /such as -101/);
});

test('how many there are, and none but what is wrong', async () => {
  const many = Int32Array.from({ length: 1000 }, (_, i) => (i % 100 === 7 ? 5 : i % 3));
  const wrong = await refusal(() => crossEntropy(zeros([1000, 3]), tensor(many)));
  assert.match(wrong, /10 labels are no classes, such as 5; classes are 0 to 2/);
  const fine = crossEntropy(zeros([3, 3]), labels(0, 2, -100));
  assert.ok(Math.abs((await fine.item()) - Math.log(3)) < 1e-6, 'what was told once is not told again');
  assert.is(await refusal(() => crossEntropy(zeros([2, 3]), labels(7, 1), { ignoreIndex: 7 })), 'accepted');
});

test('each kind of check says what its labels are to be', async () => {
  for (const [classes, label] of [
    [3, 3],
    [5, 7],
  ]) {
    const wrong = await refusal(() => crossEntropy(zeros([1, classes]), labels(label), { ignoreIndex: -1 }));
    assert.match(wrong, new RegExp(`such as ${label}; classes are 0 to ${classes - 1}, or -1 to be ignored$`));
  }
});

test('any read tells, and only the next', async () => {
  const other = tensor([1, 2]);
  scope(() => crossEntropy(logits(), labels(4)));
  const outcome = await other.data().catch((error: Error) => error.message);
  assert.match(String(outcome), /crossEntropy: a label is no class, such as 4/);
  assert.equal([...(await other.data())], [1, 2]);
  other.dispose();
});

test('where several ops saw a wrong label, the first one tells, whichever came first before', async () => {
  const both = (first: typeof oneHot, second: typeof oneHot) => {
    scope(() => first(labels(5, 1), 4));
    return second(labels(5, 1), 4);
  };
  const entropy = (target: Tensor, classes: number) => crossEntropy(zeros([2, classes]), target);
  assert.match(await refusal(() => both(oneHot, entropy)), /^UsageError: oneHot: a label is no class, such as 5/);
  assert.match(await refusal(() => both(entropy, oneHot)), /^UsageError: crossEntropy: a label is no class, such as 5/);
});

test('oneHot, of both dtypes', async () => {
  assert.match(
    await refusal(() => oneHot(labels(0, 3), 3)),
    /^UsageError: oneHot: a label is no class, such as 3; classes are 0 to 2$/,
  );
  assert.match(await refusal(() => oneHot(labels(-1), 3)), /such as -1/);
  assert.match(await refusal(() => oneHot(tensor(Uint8Array.of(255, 1)), 3)), /such as 255/);
  assert.is(await refusal(() => oneHot(labels(0, 2), 3)), 'accepted');
});

test('of a thousand kinds of checks each is told by its own name', async () => {
  for (let classes = 3; classes < 2100; classes += 1) {
    using _ = scope();
    oneHot(labels(classes % 700 === 0 ? classes : 0), classes);
    if (classes % 100 > 0) continue;
    const outcome = await tensor([1])
      .data()
      .then(
        () => 'fine',
        (error: Error) => error.message,
      );
    assert.is(outcome.includes(`classes are 0 to ${classes - 1}`), classes % 700 === 0, `${classes}: ${outcome}`);
  }
});

test('checks hold no memory that a user sees', async () => {
  const before = memory().liveBuffers;
  for (let i = 0; i < 100; i++) await refusal(() => crossEntropy(zeros([2, 3 + (i % 70)]), labels(0, 1)));
  assert.is(memory().liveBuffers, before);
});

test.run();
