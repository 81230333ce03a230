// Batches as a task gets them: what is used is uploaded, once, and types say what becomes of what.
import * as assert from 'uvu/assert';
import { DataError, memory, scope, type Tensor, tensor } from '../../src/index.js';
import { type OnDevice, onDevice, timed } from '../../src/train/batches.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('train/batches');
test.before(useDevice);

test('arrays become tensors, in the open scope, when they are used; all else is as it was', async () => {
  const before = memory().liveBuffers;
  const made = tensor([7]);
  const batch = {
    x: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] },
    labels: Int32Array.of(0, 1),
    bytes: Uint32Array.of(5),
    made,
    names: ['a', 'b'],
    size: 2,
    nothing: null,
  };
  const opened = scope();
  const given = onDevice('trainer', batch);
  // What the types say: these lines would not compile otherwise.
  const x: Tensor = given.x;
  const labels: Tensor = given.labels;
  const names: string[] = given.names;
  const size: number = given.size;
  assert.is(memory().liveBuffers, before + 3, 'of x, labels and the tensor that was there');
  assert.is(given.x, x, 'uploaded once');
  assert.is(given.made, made);
  assert.equal([x.shape, x.dtype, labels.shape, labels.dtype], [[2, 2], 'f32', [2], 'i32']);
  assert.equal([names, size, given.nothing], [['a', 'b'], 2, null]);
  assert.equal(Object.keys(given), Object.keys(batch));
  const { x: again, ...others } = given; // takes all of them
  assert.is(again, x);
  assert.equal([...(await others.bytes.data())], [5]);
  opened.close();
  assert.is(memory().liveBuffers, before + 1);
  made.dispose();
});

test('the types of batches on the device', () => {
  type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
  const arrays: Same<
    OnDevice<{ x: Float32Array; y: { data: Float32Array; shape: number[] }; name: string }>,
    { x: Tensor; y: Tensor; name: string }
  > = true;
  // biome-ignore lint/suspicious/noExplicitAny: of what is not known, anything
  const unknown: Same<OnDevice<any>, any> = true;
  assert.ok(arrays && unknown);
});

test('what is no batch is refused', () => {
  for (const [wrong, shown] of [
    [7, '7'],
    [null, 'null'],
    [undefined, 'undefined'],
    [new Float32Array(2), 'Float32Array'],
  ] as const)
    assert.throws(
      () => onDevice('trainer', wrong as unknown as object),
      (e: unknown) =>
        e instanceof DataError &&
        e.message.startsWith('trainer: a batch is an object of arrays or tensors, such as { x, y }, got ') &&
        e.message.includes(shown),
    );
});

test('seconds that batches were waited for, and a source that is closed when its reader stops', async () => {
  let closed = false;
  async function* slow() {
    try {
      for (let i = 0; i < 3; i++) {
        await new Promise((resolve) => setTimeout(resolve, 30));
        yield i;
      }
    } finally {
      closed = true;
    }
  }
  const noted: number[] = [];
  const seen: number[] = [];
  for await (const i of timed(slow(), (seconds) => void noted.push(seconds))) {
    seen.push(i);
    await new Promise((resolve) => setTimeout(resolve, 60)); // is not waiting for a batch
    if (i === 1) break;
  }
  assert.equal(seen, [0, 1]);
  assert.is(noted.length, 2);
  assert.ok(noted.every((s) => s > 0.02) && noted[0] < 10, String(noted));
  assert.ok(closed);
});

test.run();
