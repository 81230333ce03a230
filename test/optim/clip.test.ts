import * as assert from 'uvu/assert';
import { clipGradNorm, clipGradValue, parameter, SGD, tensor } from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('optim/clip');
test.before(useDevice);

function params(): ReturnType<typeof parameter>[] {
  const [a, b, frozen] = [parameter(tensor([0, 0])), parameter(tensor([0])), parameter(tensor([0]))];
  a.grad = tensor([3, 0]);
  b.grad = tensor([-4]);
  return [a, b, frozen];
}

test('a joint norm above the limit is scaled down, one below is left', async () => {
  const [a, b, frozen] = params();
  assertClose(await clipGradNorm([a, b, frozen], 1).data(), [5]);
  assertClose(await a.grad!.data(), [0.6, 0]);
  assertClose(await b.grad!.data(), [-0.8]);
  assertClose(await clipGradNorm([a, b], 10).data(), [1]);
  assertClose(await b.grad!.data(), [-0.8]);
  assert.is(frozen.grad, null);
});

test('single elements are kept within a limit', async () => {
  const [a, b] = params();
  clipGradValue([a, b], 2);
  assert.equal([...(await a.grad!.data()), ...(await b.grad!.data())], [2, 0, -2]);
});

test('groups have settings of their own; a parameter given twice is refused', async () => {
  const [a, b] = params();
  const optimizer = new SGD([{ params: [a] }, { params: [b], lr: 0.5 }], { lr: 0.1 });
  optimizer.step();
  assertClose(await a.data(), [-0.3, 0]);
  assertClose(await b.data(), [2]);
  assert.throws(() => new SGD([a, a], { lr: 1 }), /SGD: a parameter is given twice/);
  assert.throws(() => new SGD([], { lr: 1 }), /SGD: no parameters to optimize/);
});

test.run();
