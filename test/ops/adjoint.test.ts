// Ops that are linear in an input: the gradient is the transpose, <Ju, v> = <u, J'v>.
import * as ops from '../../src/index.js';
import { type Tensor, tensor } from '../../src/index.js';
import { assertAdjoint } from '../support/adjoint.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('ops/adjoint');
test.before(useDevice);

/** A fixed other operand. */
const fixed = (...shape: number[]) =>
  tensor(
    seeded(
      shape.reduce((a, b) => a * b, 1),
      99,
    ),
    { shape },
  );

const linear: [name: string, shape: number[], op: (u: Tensor) => Tensor, terms?: number][] = [
  ['matmul, left', [17, 23], (u) => ops.matmul(u, fixed(23, 9)), 23],
  ['matmul, right', [23, 9], (u) => ops.matmul(fixed(17, 23), u), 23],
  ['matmul, batched and broadcast', [1, 5, 7], (u) => ops.matmul(u, fixed(3, 7, 6)), 21],
  [
    'conv2d, image',
    [2, 6, 9, 11],
    (u) => ops.conv2d(u, fixed(4, 3, 3, 5), null, { stride: 2, padding: 1, groups: 2 }),
    60,
  ],
  ['conv2d, weight', [4, 6, 3, 3], (u) => ops.conv2d(fixed(2, 6, 9, 8), u, null, { padding: 2, dilation: 2 }), 144],
  ['avgPool2d', [2, 3, 9, 7], (u) => ops.avgPool2d(u, { kernelSize: 3, stride: 2, padding: 1 }), 9],
  ['adaptiveAvgPool2d', [2, 3, 7, 10], (u) => ops.adaptiveAvgPool2d(u, [3, 4]), 12],
  [
    'batchNorm, evaluating',
    [3, 4, 5],
    (u) => ops.batchNorm(u, ops.zeros([4]), ops.ones([4]), fixed(4), ops.zeros([4])),
  ],
  ['sum of some dims', [3, 4, 5, 2], (u) => ops.sum(u, [0, 2]), 15],
  ['mean of all', [257], (u) => ops.mean(u), 257],
  ['broadcastTo', [3, 1, 5], (u) => ops.broadcastTo(u, [2, 3, 4, 5]), 8],
  ['mul, broadcast', [5], (u) => ops.mul(u, fixed(7, 5)), 7],
  ['add, broadcast', [5], (u) => ops.add(ops.mul(u, fixed(7, 5)), u), 7],
  ['sub, broadcast', [4, 1], (u) => ops.sub(ops.mul(u, 2), ops.mul(fixed(4, 6), u)), 6],
  ['div, above', [3, 5], (u) => ops.div(u, ops.add(ops.abs(fixed(3, 5)), 1))],
  ['reshape and flatten', [3, 4, 5], (u) => ops.flatten(ops.reshape(u, [5, -1, 2]), 1)],
  ['permute', [2, 3, 4, 5], (u) => ops.permute(u, [3, 0, 2, 1])],
  ['transpose', [6, 7], (u) => ops.transpose(u)],
  ['slice with steps', [7, 8], (u) => ops.slice(u, [1, 6], [-1, undefined, -3])],
  ['concat', [2, 3], (u) => ops.concat([u, ops.mul(u, 2), u], 1), 3],
  ['stack', [2, 3], (u) => ops.stack([u, u], 1), 2],
  [
    'pad',
    [3, 4],
    (u) =>
      ops.pad(u, [
        [1, 2],
        [0, 3],
      ]),
  ],
  ['where', [5, 6], (u) => ops.where(ops.gt(fixed(5, 6), ops.zeros([5, 6])), u, ops.mul(u, 3)), 2],
];

for (const [name, shape, op, terms] of linear) test(name, () => assertAdjoint(op, shape, { terms }));

test('dropout, the mask of one seed', async () => {
  await assertAdjoint(
    (u) => {
      ops.manualSeed(5);
      return ops.dropout(u, 0.3);
    },
    [31, 7],
  );
});

test.run();
