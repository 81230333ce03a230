// Options that nobody reads would be ignored in silence: a wrong name is an error that knows the one meant, in every op.
import * as assert from 'uvu/assert';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('ops/options');
test.before(useDevice);

const f = (...shape: number[]) => w.ones(shape);
const labels = () => w.zeros([2], { dtype: 'i32' });
const norms = () => [f(2), f(2), f(2), f(2)] as const;

/** An op with options, each of them wrong, and what is said. */
const wrong: [what: string, call: (options: never) => unknown, options: object, message: string][] = [
  ['conv2d', (o) => w.conv2d(f(1, 1, 4, 4), f(1, 1, 3, 3), null, o), { strides: 2 }, "did you mean 'stride'?"],
  ['conv2d', (o) => w.conv2d(f(1, 1, 4, 4), f(1, 1, 3, 3), null, o), { pad: 1 }, 'known are stride, padding, dilation'],
  ['maxPool2d', (o) => w.maxPool2d(f(1, 1, 4, 4), o), { kernel_size: 2 }, "did you mean 'kernelSize'?"],
  ['maxPool2d', (o) => w.maxPool2d(f(1, 1, 4, 4), o), { kernelSize: 2, ceil_mode: true }, "did you mean 'ceilMode'?"],
  ['maxPool2d', (o) => w.maxPool2d(f(1, 1, 4, 4), o), { kernelSize: 2, countIncludePad: true }, 'known are kernelSize'],
  ['avgPool2d', (o) => w.avgPool2d(f(1, 1, 4, 4), o), { kernelSize: 2, dilation: 2 }, 'known are kernelSize'],
  ['batchNorm', (o) => w.batchNorm(f(2, 2), ...norms(), o), { train: true }, 'known are eps, momentum, training'],
  ['localResponseNorm', (o) => w.localResponseNorm(f(1, 2, 3), o), { size: 3, Beta: 1 }, "did you mean 'beta'?"],
  [
    'crossEntropy',
    (o) => w.crossEntropy(f(2, 3), labels(), o),
    { label_smoothing: 0.1 },
    "did you mean 'labelSmoothing'?",
  ],
  ['crossEntropy', (o) => w.crossEntropy(f(2, 3), labels(), o), { ignore_index: 0 }, "did you mean 'ignoreIndex'?"],
  ['mseLoss', (o) => w.mseLoss(f(2), f(2), o), { reduce: 'sum' }, 'known are reduction'],
  ['l1Loss', (o) => w.l1Loss(f(2), f(2), o), { reductions: 'sum' }, "did you mean 'reduction'?"],
  [
    'binaryCrossEntropyWithLogits',
    (o) => w.binaryCrossEntropyWithLogits(f(2), f(2), o),
    { pos_weight: 1 },
    "did you mean 'posWeight'?",
  ],
  ['variance', (o) => w.variance(f(2), 0, o), { unbiased: false }, 'known are correction, keepDim'],
  ['variance', (o) => w.variance(f(2), 0, o), { keepdim: true }, "did you mean 'keepDim'?"],
  ['dropout', (o) => w.dropout(f(2), 0.5, o), { train: false }, 'known are training'],
  ['zeros', (o) => w.zeros([2], o), { requires_grad: true }, "did you mean 'requiresGrad'?"],
  ['full', (o) => w.full([2], 1, o), { type: 'i32' }, "did you mean 'dtype'?"],
  ['arange', (o) => w.arange(0, 2, 1, o), { requiresgrad: true }, "did you mean 'requiresGrad'?"],
  ['randn', (o) => w.randn([2], o), { seed: 1 }, 'known are requiresGrad'],
  ['uniform', (o) => w.uniform([2], 0, 1, o), { requires_grad: true }, "did you mean 'requiresGrad'?"],
];

for (const [op, call, options, message] of wrong) {
  test(`${op} with ${JSON.stringify(options)}`, () => {
    using _ = w.scope();
    assert.throws(
      () => call(options as never),
      (error: Error) =>
        error instanceof w.UsageError &&
        error.message.startsWith(`${op}: there is no option '`) &&
        error.message.includes(message),
    );
  });
}

/** Values that TypeScript would not let through, or that no option takes. */
const values: [what: string, call: () => unknown, message: RegExp, type?: new (message: string) => Error][] = [
  [
    'a dtype that is not offered',
    () => w.zeros([2], { dtype: 'f64' as never }),
    /^zeros: dtype is f32, f16, i32 or u8/,
    w.DtypeError,
  ],
  [
    'a momentum of 2',
    () => w.batchNorm(f(2, 2), ...norms(), { momentum: 2 }),
    /momentum is a number from 0 to 1, got 2/,
  ],
  ['an infinite eps', () => w.batchNorm(f(2, 2), ...norms(), { eps: Infinity }), /eps is a finite number, 0 or more/],
  [
    'smoothing above 1',
    () => w.crossEntropy(f(2, 3), labels(), { labelSmoothing: 1.5 }),
    /labelSmoothing is a number from 0 to 1/,
  ],
  [
    'half a label',
    () => w.crossEntropy(f(2, 3), labels(), { ignoreIndex: 0.5 }),
    /ignoreIndex is a whole number of i32/,
  ],
  ['a word for a flag', () => w.dropout(f(2), 0.5, { training: 'no' as never }), /training is true or false, got 'no'/],
  ['options for keepDim', () => w.sum(f(2, 2), 0, { keepDim: true } as never), /^sum: keepDim is true or false/],
  ['a number for keepDim', () => w.argmax(f(2, 2), 0, 1 as never), /^argmax: keepDim is true or false, got 1/],
  ['a range that f32 does not reach', () => w.uniform([2], -3e38, 3e38), /^uniform: from -3e\+38 to 3e\+38 is wider/],
  ['an infinite range', () => w.uniform([2], 0, Infinity), /^uniform: from 0 to Infinity is wider/],
];

for (const [what, call, message, type = w.UsageError] of values) {
  test(what, () => {
    using _ = w.scope();
    assert.throws(call, (error: Error) => error instanceof type && message.test(error.message));
  });
}

test.run();
