// Wrong arguments: each call fails with a typed error whose message says what was expected and what came, and before
// anything is recorded for the GPU. Callers may be plain JavaScript, so some calls are ones that TypeScript would refuse.
import * as assert from 'uvu/assert';
import * as ops from '../../src/autograd/ops/index.js';
import { activity, DtypeError, ShapeError, type Tensor, tensor, UsageError, type WgradError } from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { constantsOf, pointwise } from '../support/ops.js';
import { suite } from '../support/suite.js';

const test = suite('ops/invalid');
test.before(useDevice);

const w = ops as unknown as Record<string, (...args: unknown[]) => Tensor>;

type Wrong = [args: () => unknown[], type: typeof WgradError, message: string];

const f = (...shape: number[]) => tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), { shape });
const i = (...shape: number[]) => tensor(new Int32Array(shape.reduce((a, b) => a * b, 1)), { shape });
const u8 = (...shape: number[]) => tensor(new Uint8Array(shape.reduce((a, b) => a * b, 1)), { shape });

/** What every op of one f32 tensor says. */
const ofOne = (op: string, ...rest: unknown[]): Wrong[] => [
  [() => [undefined, ...rest], UsageError, `${op}: takes a tensor, got undefined`],
  [() => [[1, 2], ...rest], UsageError, `${op}: takes a tensor, got [1, 2]`],
  [() => [i(2, 3), ...rest], DtypeError, `${op}: takes f32 or f16, got i32 [2, 3]; cast it first`],
];

/** What every op of two tensors or a tensor and a number says. */
const ofTwo = (op: string): Wrong[] => [
  [() => [f(2), undefined], UsageError, `${op}: takes a tensor, got undefined`],
  [() => ['1', f(2)], UsageError, `${op}: takes a tensor, got '1'`],
  [() => [f(2), i(2)], DtypeError, `${op}: takes f32 or f16, got i32 [2]; cast it first`],
  [() => [f(2, 3), f(4)], ShapeError, `${op}: [2, 3] and [4] do not broadcast (3 against 4)`],
  [() => [f(1, 1, 1, 1, 1, 1, 2), f(1)], ShapeError, `${op}: more than 6 dimensions, [1, 1, 1, 1, 1, 1, 2]`],
];

/** ... and if both may be numbers by their types. */
const numbers = (op: string): Wrong[] => [
  ...ofTwo(op),
  [() => [1, 2], UsageError, `${op}: takes a tensor and a number or another tensor, got 1 and 2`],
];

/** What reductions say. */
const reduction = (op: string): Wrong[] => [
  ...ofOne(op),
  [() => [f(2, 3), 2], ShapeError, `${op}: dim 2 is out of range for a tensor with 2 dimensions`],
  [() => [f(2, 3), [0, -2]], ShapeError, `${op}: dim 0 is named twice in [0, -2]`],
  [() => [f(2, 3), 0.5], ShapeError, `${op}: dim 0.5 is out of range`],
  [() => [f(2, 3), Number.NaN], ShapeError, `${op}: dim NaN is out of range`],
  [() => [f(2, 3), 'all'], ShapeError, `${op}: dims are whole numbers, got 'all'`],
  [() => [f(2, 3), ['0']], ShapeError, `${op}: dim '0' is out of range`],
];

const argReduction = (op: string): Wrong[] => [
  ...ofOne(op),
  [() => [f(2, 3), 2], ShapeError, `${op}: dim 2 is out of range for a tensor with 2 dimensions`],
  [() => [f(2, 3), null], ShapeError, `${op}: dim null is out of range`],
  [() => [f(2, 0)], ShapeError, `${op}: [2, 0] has no elements along [1]; only a sum of nothing is 0`],
];

const nothing = (op: string): Wrong => [
  () => [f(0, 3), 0],
  ShapeError,
  `${op}: [0, 3] has no elements along [0]; only a sum of nothing is 0`,
];

const elementLoss = (op: string, options = 'reduction'): Wrong[] => [
  ...ofOne(op, null).slice(0, 2),
  [() => [f(2), i(2)], DtypeError, `${op}: takes f32 or f16, got i32 [2]; cast it first`],
  [() => [f(2, 3), f(3, 2)], ShapeError, `${op}: input [2, 3] and target [3, 2] differ`],
  [() => [f(2), f(2), { reduction: 'avg' }], UsageError, `${op}: reduction is 'mean', 'sum' or 'none', got 'avg'`],
  [() => [f(2), f(2), 'sum'], UsageError, `${op}: takes options { ${options} }, got 'sum'`],
  [() => [f(0), f(0)], ShapeError, `${op}: a mean of nothing, x is [0]`],
];

const pool = (op: string): Wrong[] => [
  ...ofOne(op, { kernelSize: 2 }),
  [() => [f(1, 1, 4, 4)], UsageError, `${op}: takes options { kernelSize, stride, `],
  [() => [f(1, 1, 4, 4), 2], UsageError, `${op}: takes options { kernelSize, stride, `],
  [() => [f(4, 4), { kernelSize: 2 }], ShapeError, `${op}: x is (batch, channels, height, width), got [4, 4]`],
  ...(
    [
      [{}, 'kernelSize undefined', 1],
      [{ kernelSize: 0 }, 'kernelSize 0', 1],
      [{ kernelSize: [2, 2, 2] }, 'kernelSize [2, 2, 2]', 1],
      [{ kernelSize: '2' }, "kernelSize '2'", 1],
      [{ kernelSize: 2, stride: 0 }, 'stride 0', 1],
      [{ kernelSize: 2, stride: Number.NaN }, 'stride NaN', 1],
      [{ kernelSize: 2, padding: -1 }, 'padding -1', 0],
      [{ kernelSize: 2, padding: [0, 0.5] }, 'padding [0, 0.5]', 0],
    ] as const
  ).map(
    ([options, what, least]): Wrong => [
      () => [f(1, 1, 4, 4), options],
      ShapeError,
      `${op}: ${what} is not a whole number, ${least} or more, or a pair of them`,
    ],
  ),
  [
    () => [f(1, 1, 4, 4), { kernelSize: 3, padding: 2 }],
    ShapeError,
    `${op}: padding 2x2 is more than half the kernel, 3x3 (x [1, 1, 4, 4])`,
  ],
  [() => [f(1, 1, 2, 9), { kernelSize: 3 }], ShapeError, `${op}: a 3x3 window does not fit x [1, 1, 2, 9]`],
  [() => [f(1, 0, 4, 4), { kernelSize: 2 }], ShapeError, `${op}: a 2x2 window does not fit x [1, 0, 4, 4]`],
];

const filled = (op: string, ...value: unknown[]): Wrong[] => [
  [() => [undefined, ...value], ShapeError, `${op}: undefined is not a shape (sizes are whole numbers, 0 or more)`],
  [() => [[2, -1], ...value], ShapeError, `${op}: [2, -1] is not a shape`],
  [() => [[1.5], ...value], ShapeError, `${op}: [1.5] is not a shape`],
  [() => [3, ...value], ShapeError, `${op}: 3 is not a shape`],
  [() => [[2], ...value, { dtype: 'f64' }], DtypeError, `${op}: dtype is f32, f16, i32 or u8, got 'f64'`],
  [
    () => [[2], ...value, { dtype: 'i32', requiresGrad: true }],
    DtypeError,
    `${op}: only floats can require a gradient`,
  ],
  [() => [[2], ...value, null], UsageError, `${op}: takes options { dtype, requiresGrad }, got null`],
];

const random = (op: string, ...range: unknown[]): Wrong[] => [
  [() => [undefined, ...range], ShapeError, `${op}: undefined is not a shape`],
  [() => [[2, -1], ...range], ShapeError, `${op}: [2, -1] is not a shape`],
  [() => [[2], ...range, 7], UsageError, `${op}: takes options { requiresGrad }, got 7`],
];

const conv = (x: number[], weight: number[], options: object, message: string): Wrong => [
  () => [f(...x), f(...weight), null, options],
  ShapeError,
  `conv2d: ${message}`,
];
const [IMAGE, WEIGHT] = [
  [1, 4, 5, 5],
  [6, 4, 3, 3],
];
const SHAPES = '(x [1, 4, 5, 5], weight [6, 4, 3, 3], groups 1)';

const wrong: Record<string, Wrong[]> = {
  ...Object.fromEntries(['add', 'sub', 'mul', 'div'].map((op) => [op, numbers(op)])),
  ...Object.fromEntries(['maximum', 'minimum', 'eq', 'ne', 'gt', 'ge', 'lt', 'le'].map((op) => [op, ofTwo(op)])),
  where: [
    [() => [undefined, f(1), f(1)], UsageError, 'where: takes a tensor, got undefined'],
    [() => [1, f(1), f(1)], UsageError, 'where: takes a tensor, got 1'],
    [() => [f(1), 'a', f(1)], UsageError, "where: takes a tensor, got 'a'"],
    [() => [i(2), f(2), f(2)], DtypeError, 'where: takes f32 or f16, got i32 [2]; cast it first'],
    [() => [f(3), f(2), 0], ShapeError, 'where: [3] and [2] do not broadcast (3 against 2)'],
  ],
  ...Object.fromEntries(Object.entries(pointwise).map(([op, about]) => [op, ofOne(op, ...constantsOf(about))])),
  leakyRelu: [
    ...ofOne('leakyRelu'),
    [() => [f(2), Number.NaN], UsageError, 'leakyRelu: negativeSlope is a number, got NaN'],
  ],
  elu: [...ofOne('elu'), [() => [f(2), '1'], UsageError, "elu: alpha is a number, got '1'"]],
  clamp: [
    ...ofOne('clamp', 0, 1),
    [() => [f(2), 0], UsageError, 'clamp: max is a number, got undefined'],
    [() => [f(2), Number.NaN, 1], UsageError, 'clamp: min is a number, got NaN'],
  ],
  pow: [
    ...ofOne('pow', 2),
    [() => [f(2)], UsageError, 'pow: exponent is a number, got undefined'],
    [() => [f(2), f(2)], UsageError, 'pow: exponent is a number, got a tensor [2]'],
  ],
  batchNorm: [
    ...ofOne('batchNorm', ...[1, 2, 3, 4].map(() => null)).slice(0, 2),
    [() => [f(2, 3), f(3), f(3), i(3), f(3)], DtypeError, 'batchNorm: takes f32, got i32 [3]; cast it first'],
    [() => [f(3), f(3), f(3), f(3), f(3)], ShapeError, 'batchNorm: x is (batch, channels, ...), got [3]'],
    [() => [f(2, 3), f(3), f(4), f(3), f(3)], ShapeError, 'batchNorm: [4] for 3 channels (x [2, 3])'],
    [
      () => [f(1, 3), f(3), f(3), f(3), f(3), { training: true }],
      ShapeError,
      'batchNorm: training needs more than one value a channel, x is [1, 3]',
    ],
    [
      () => [f(2, 3), f(3), f(3), f(3), f(3), { eps: Number.NaN }],
      UsageError,
      'batchNorm: eps is a finite number, 0 or more, got NaN',
    ],
    [
      () => [f(2, 3), f(3), f(3), f(3), f(3), { eps: -1 }],
      UsageError,
      'batchNorm: eps is a finite number, 0 or more, got -1',
    ],
    [
      () => [f(2, 3), f(3), f(3), f(3), f(3), { momentum: null }],
      UsageError,
      'batchNorm: momentum is a number from 0 to 1, got null',
    ],
    [
      () => [f(2, 3), f(3), f(3), f(3), f(3), true],
      UsageError,
      'batchNorm: takes options { eps, momentum, training }, got true',
    ],
  ],
  localResponseNorm: [
    ...ofOne('localResponseNorm', { size: 3 }),
    [() => [f(1, 2, 3)], UsageError, 'localResponseNorm: takes options { size, alpha, beta, k }, got undefined'],
    [() => [f(2, 3), { size: 3 }], ShapeError, 'localResponseNorm: x is (batch, channels, ...), got [2, 3]'],
    ...[0, 65, 2.5, Number.NaN, undefined].map(
      (size): Wrong => [
        () => [f(1, 2, 3), { size }],
        ShapeError,
        `localResponseNorm: size ${size} is not a whole number from 1 to 64`,
      ],
    ),
    [
      () => [f(1, 2, 3), { size: 3, beta: Number.NaN }],
      UsageError,
      'localResponseNorm: beta is a finite number, got NaN',
    ],
  ],
  conv2d: [
    [() => [f(...IMAGE), undefined], UsageError, 'conv2d: takes a tensor, got undefined'],
    [() => [f(...IMAGE), i(...WEIGHT)], DtypeError, 'conv2d: takes f32 or f16, got i32 [6, 4, 3, 3]; cast it first'],
    [() => [u8(...IMAGE), f(...WEIGHT)], DtypeError, 'conv2d: takes f32 or f16, got u8 [1, 4, 5, 5]; cast it first'],
    conv([4, 5, 5], WEIGHT, {}, 'x is (batch, channels, height, width) (x [4, 5, 5]'),
    conv(
      IMAGE,
      [6, 36],
      {},
      'weight is (outChannels, inChannels / groups, height, width) (x [1, 4, 5, 5], weight [6, 36]',
    ),
    conv([2, 0, 5, 5], WEIGHT, {}, 'all sizes but the batch are 1 or more (x [2, 0, 5, 5]'),
    conv(
      [1, 3, 5, 5],
      WEIGHT,
      {},
      'weight has 4 input channels, x has 3 (x [1, 3, 5, 5], weight [6, 4, 3, 3], groups 1)',
    ),
    conv(IMAGE, [6, 1, 3, 3], { groups: 4 }, '6 output channels do not divide into 4 groups (x [1, 4, 5, 5]'),
    conv(IMAGE, WEIGHT, { groups: 0 }, 'groups is a whole number, 1 or more (x [1, 4, 5, 5]'),
    conv(IMAGE, WEIGHT, { groups: 1.5 }, 'groups is a whole number, 1 or more (x [1, 4, 5, 5]'),
    conv(IMAGE, WEIGHT, { stride: 0 }, 'stride 0 is not a whole number, 1 or more, or a pair of them'),
    conv(IMAGE, WEIGHT, { stride: [1, 2, 3] }, 'stride [1, 2, 3] is not a whole number, 1 or more, or a pair of them'),
    conv(IMAGE, WEIGHT, { padding: -1 }, 'padding -1 is not a whole number, 0 or more, or a pair of them'),
    conv(IMAGE, WEIGHT, { padding: Number.NaN }, 'padding NaN is not a whole number, 0 or more, or a pair of them'),
    conv(IMAGE, WEIGHT, { padding: 'full' }, `padding 'full' is not 'same', 'valid' or a number of pixels ${SHAPES}`),
    conv(IMAGE, WEIGHT, { padding: null }, 'padding null is not a whole number, 0 or more, or a pair of them'),
    conv(IMAGE, WEIGHT, { dilation: 0.5 }, 'dilation 0.5 is not a whole number, 1 or more, or a pair of them'),
    conv(IMAGE, WEIGHT, { dilation: 3 }, `the kernel reaches beyond the padded image, padding 0 ${SHAPES}`),
    [
      () => [f(...IMAGE), f(...WEIGHT), f(5)],
      ShapeError,
      'conv2d: bias [5] for 6 output channels (weight [6, 4, 3, 3])',
    ],
    [
      () => [f(...IMAGE), f(...WEIGHT), null, null],
      UsageError,
      'conv2d: takes options { stride, padding, dilation, groups }, got null',
    ],
  ],
  full: [
    ...filled('full', 1),
    [() => [[2], 'x'], UsageError, "full: 'x' is no value of f32"],
    [() => [[2], undefined], UsageError, 'full: undefined is no value of f32'],
    [() => [[2], 1.5, { dtype: 'i32' }], UsageError, 'full: 1.5 is no value of i32'],
    [() => [[2], 300, { dtype: 'u8' }], UsageError, 'full: 300 is no value of u8'],
    [() => [[2], Number.NaN, { dtype: 'i32' }], UsageError, 'full: NaN is no value of i32'],
  ],
  zeros: filled('zeros'),
  ones: filled('ones'),
  zerosLike: [[() => [[2]], UsageError, 'zerosLike: takes a tensor, got [2]']],
  onesLike: [[() => [undefined], UsageError, 'onesLike: takes a tensor, got undefined']],
  arange: [
    [() => [Number.NaN], UsageError, 'arange: end is a number, got NaN'],
    [() => [undefined], UsageError, 'arange: end is a number, got undefined'],
    [() => [0, Number.POSITIVE_INFINITY], UsageError, 'arange: from 0 to Infinity in steps of 1 never ends'],
    [() => [0, 5, 0], UsageError, 'arange: from 0 to 5 in steps of 0 never ends'],
    [() => [0, 5, 1, { dtype: 'f64' }], DtypeError, "arange: dtype is f32, f16, i32 or u8, got 'f64'"],
    [() => [0, 5, 1, { dtype: 'i32', requiresGrad: true }], DtypeError, 'arange: only floats can require a gradient'],
  ],
  linspace: [
    [() => [0, '1', 5], UsageError, "linspace: end is a number, got '1'"],
    [() => [0, 1], ShapeError, 'linspace: [undefined] is not a shape'],
    [() => [0, 1, -5], ShapeError, 'linspace: [-5] is not a shape'],
    [() => [0, 1, 2.5], ShapeError, 'linspace: [2.5] is not a shape'],
  ],
  eye: [
    [() => [-1], ShapeError, 'eye: [-1, -1] is not a shape'],
    [() => [1.5], ShapeError, 'eye: [1.5, 1.5] is not a shape'],
    [() => [], ShapeError, 'eye: [undefined, undefined] is not a shape'],
  ],
  dropout: [
    ...ofOne('dropout'),
    ...[-0.1, 1.1, Number.NaN, '0.5'].map(
      (p): Wrong => [
        () => [f(2), p],
        ShapeError,
        `dropout: p is a probability, from 0 to 1, got ${typeof p === 'string' ? `'${p}'` : p}`,
      ],
    ),
    [() => [f(2), 0.5, null], UsageError, 'dropout: takes options { training }, got null'],
  ],
  linear: [
    [() => [f(2, 3), undefined], UsageError, 'linear: takes a tensor, got undefined'],
    [() => [i(2, 3), f(4, 3)], DtypeError, 'linear: takes f32 or f16, got i32 [2, 3]; cast it first'],
    [() => [f(2, 3), f(3)], ShapeError, 'linear: weight is (out, in) (x [2, 3], weight [3])'],
    [() => [f(2, 3), f(3, 4)], ShapeError, 'linear: weight takes 4 features, x has 3 (x [2, 3], weight [3, 4])'],
    [() => [f(), f(3, 4)], ShapeError, 'linear: weight takes 4 features, x has none (x [], weight [3, 4])'],
    [() => [f(2, 3), f(4, 3), f(3)], ShapeError, 'linear: bias [3] for 4 outputs (x [2, 3], weight [4, 3])'],
  ],
  crossEntropy: [
    ...ofOne('crossEntropy', null),
    [() => [f(2, 3), undefined], UsageError, 'crossEntropy: takes a tensor, got undefined'],
    ...[
      [() => f(2), DtypeError, 'f32 [2]'] as const,
      [() => u8(2), DtypeError, 'u8 [2]'] as const,
      [() => i(3), ShapeError, 'i32 [3]'] as const,
    ].map(
      ([target, type, got]): Wrong => [
        () => [f(2, 3), target()],
        type,
        `crossEntropy: for logits [2, 3], target is class numbers, i32 [2], or probabilities, f32 [2, 3]; got ${got}`,
      ],
    ),
    [() => [f(3), i(3)], ShapeError, 'crossEntropy: logits [3]; expected (batch, classes, ...)'],
    [() => [f(0, 3), f(0, 3)], ShapeError, 'crossEntropy: there is no row in logits [0, 3]'],
    [() => [f(2, 3), i(2), { weight: [1, 2, 3] }], UsageError, 'crossEntropy: weight is a tensor, got [1, 2, 3]'],
    [() => [f(2, 3), i(2), { weight: f(2) }], ShapeError, 'crossEntropy: weight is one for each class [3], got [2]'],
    [() => [f(2, 3), i(2), { weight: i(3) }], DtypeError, 'crossEntropy: takes f32, got i32 [3]; cast it first'],
    [
      () => [f(2, 3), i(2), { weight: tensor([1, 2, 3], { requiresGrad: true }) }],
      UsageError,
      'crossEntropy: weight gets no gradient, as in PyTorch; pass weight.detach()',
    ],
    [
      () => [f(2, 3), f(2, 3), { ignoreIndex: 1 }],
      UsageError,
      'crossEntropy: ignoreIndex is for class numbers, the target is probabilities',
    ],
    [() => [f(2, 0), i(2)], ShapeError, 'crossEntropy: there is no class in logits [2, 0]'],
    [() => [f(0, 3), i(0)], ShapeError, 'crossEntropy: there is no row in logits [0, 3]'],
    [
      () => [f(2, 3), i(2), { reduction: 'avg' }],
      UsageError,
      "crossEntropy: reduction is 'mean', 'sum' or 'none', got 'avg'",
    ],
    [
      () => [f(2, 3), i(2), { labelSmoothing: Number.NaN }],
      UsageError,
      'crossEntropy: labelSmoothing is a number from 0 to 1, got NaN',
    ],
    [
      () => [f(2, 3), i(2), { labelSmoothing: 1.5 }],
      UsageError,
      'crossEntropy: labelSmoothing is a number from 0 to 1, got 1.5',
    ],
    [
      () => [f(2, 3), i(2), { ignoreIndex: 0.5 }],
      UsageError,
      'crossEntropy: ignoreIndex is a whole number of i32, got 0.5',
    ],
    [
      () => [f(2, 3), i(2), null],
      UsageError,
      'crossEntropy: takes options { reduction, labelSmoothing, ignoreIndex, weight }, got null',
    ],
  ],
  mseLoss: elementLoss('mseLoss'),
  l1Loss: elementLoss('l1Loss'),
  binaryCrossEntropyWithLogits: [
    ...elementLoss('binaryCrossEntropyWithLogits', 'reduction, weight, posWeight'),
    [
      () => [f(2, 3), f(2, 3), { posWeight: f(2) }],
      ShapeError,
      'binaryCrossEntropyWithLogits: posWeight [2] does not broadcast to x [2, 3]',
    ],
    [
      () => [f(2, 1), f(2, 1), { weight: f(3) }],
      ShapeError,
      'binaryCrossEntropyWithLogits: weight [3] does not broadcast to x [2, 1]',
    ],
    [() => [f(2), f(2), { weight: 2 }], UsageError, 'binaryCrossEntropyWithLogits: weight is a tensor, got 2'],
    [() => [f(2), f(3), { weight: f(1) }], ShapeError, 'binaryCrossEntropyWithLogits: input [2] and target [3] differ'],
  ],
  matmul: [
    ...ofOne('matmul', null).slice(0, 2),
    [() => [f(2, 3), undefined], UsageError, 'matmul: takes a tensor, got undefined'],
    [() => [f(2, 3), i(3, 2)], DtypeError, 'matmul: takes f32 or f16, got i32 [3, 2]; cast it first'],
    [() => [f(2, 3), f(2, 3)], ShapeError, 'matmul: 3 columns meet 2 rows ([2, 3] · [2, 3])'],
    [() => [f(), f(2, 3)], ShapeError, 'matmul: takes vectors and matrices, got [] and [2, 3]'],
    [() => [f(2, 1, 3), f(3, 3, 1)], ShapeError, 'matmul: [2] and [3] do not broadcast (2 against 3)'],
  ],
  maxPool2d: [
    ...pool('maxPool2d'),
    [
      () => [f(1, 1, 4, 4), { kernelSize: 2, dilation: 0 }],
      ShapeError,
      'maxPool2d: dilation 0 is not a whole number, 1 or more, or a pair of them',
    ],
  ],
  avgPool2d: pool('avgPool2d'),
  adaptiveAvgPool2d: [
    ...ofOne('adaptiveAvgPool2d', 2),
    [() => [f(1, 1, 4, 4)], ShapeError, 'adaptiveAvgPool2d: outputSize undefined is not a whole number, 1 or more'],
    [
      () => [f(1, 1, 4, 4), [0, 1]],
      ShapeError,
      'adaptiveAvgPool2d: outputSize [0, 1] is not a whole number, 1 or more',
    ],
    [() => [f(4, 4), 2], ShapeError, 'adaptiveAvgPool2d: x is (batch, channels, height, width), got [4, 4]'],
    [() => [f(1, 1, 0, 4), 2], ShapeError, 'adaptiveAvgPool2d: an image has no pixels, x is [1, 1, 0, 4]'],
  ],
  upsampleNearest2d: [
    [() => [undefined, 2], UsageError, 'upsampleNearest2d: takes a tensor, got undefined'],
    [() => [f(4, 4), 2], ShapeError, 'upsampleNearest2d: x is (batch, channels, height, width), got [4, 4]'],
    [() => [f(1, 1, 4, 4), 1.5], ShapeError, 'upsampleNearest2d: scale is a whole number above 0, got 1.5'],
  ],
  uniform: [
    ...random('uniform', 0, 1),
    [() => [[2], 0, Number.NaN], UsageError, 'uniform: high is a number, got NaN'],
    [() => [[2], 1, 0], UsageError, 'uniform: low 1 is above high 0'],
  ],
  normal: [
    ...random('normal', 0, 1),
    [() => [[2], '0'], UsageError, "normal: mean is a number, got '0'"],
    [() => [[2], 0, -1], UsageError, 'normal: std is 0 or more, got -1'],
  ],
  rand: random('rand'),
  randn: random('randn'),
  sum: reduction('sum'),
  mean: [...reduction('mean'), nothing('mean')],
  amax: [...reduction('amax'), nothing('amax')],
  amin: [...reduction('amin'), nothing('amin')],
  variance: [
    ...reduction('variance'),
    [
      () => [f(3, 1), 1],
      ShapeError,
      'variance: [3, 1] has 1 elements along [1]; less correction 1 nothing is left to divide by',
    ],
    [() => [f(3), 0, { correction: Number.NaN }], UsageError, 'variance: correction is a finite number, got NaN'],
    [() => [f(3), 0, null], UsageError, 'variance: takes options { correction, keepDim }, got null'],
  ],
  norm: reduction('norm'),
  argmax: argReduction('argmax'),
  argmin: argReduction('argmin'),
  sumTo: [
    ...ofOne('sumTo', [3]),
    [() => [f(2, 3), [4]], ShapeError, 'sumTo: [4] does not broadcast to [2, 3]'],
    [() => [f(2, 3), undefined], ShapeError, 'sumTo: undefined is not a shape'],
  ],
  reshape: [
    [() => [undefined, [2]], UsageError, 'reshape: takes a tensor, got undefined'],
    [() => [f(2, 3)], UsageError, 'reshape: takes a list of sizes, got undefined'],
    ...[[4], [4, -1], [-1, -1], [-2, -3], [1.5, 4], [Number.NaN, 6], [0, -1]].map(
      (shape): Wrong => [
        () => [f(2, 3), shape],
        ShapeError,
        `reshape: [2, 3] (6 elements) does not fit [${shape.join(', ')}]`,
      ],
    ),
  ],
  flatten: [
    [() => [undefined], UsageError, 'flatten: takes a tensor, got undefined'],
    [() => [f(2, 3), 2], ShapeError, 'flatten: dim 2 is out of range for a tensor with 2 dimensions'],
    [() => [f(2, 3), 1, 0], ShapeError, 'flatten: dim 1 comes after dim 0 in [2, 3]'],
  ],
  unsqueeze: [
    [() => [undefined, 0], UsageError, 'unsqueeze: takes a tensor, got undefined'],
    [() => [f(2), 2], ShapeError, 'unsqueeze: dim 2 is out of range'],
    [() => [f(2)], ShapeError, 'unsqueeze: dim undefined is out of range'],
  ],
  squeeze: [
    [() => [undefined], UsageError, 'squeeze: takes a tensor, got undefined'],
    [() => [f(2), 1], ShapeError, 'squeeze: dim 1 is out of range for a tensor with 1 dimensions'],
  ],
  permute: [
    [() => [undefined, [0]], UsageError, 'permute: takes a tensor, got undefined'],
    [() => [f(2, 3)], UsageError, 'permute: takes a list of dimensions, got undefined'],
    [() => [f(2, 3), [0, 0]], ShapeError, 'permute: [0, 0] does not name each dimension of [2, 3] once'],
    [() => [f(2, 3), [0]], ShapeError, 'permute: [0] does not name each dimension of [2, 3] once'],
    [() => [f(2, 3), [0, 2]], ShapeError, 'permute: dim 2 is out of range for a tensor with 2 dimensions'],
    [() => [u8(2, 3), [1, 0]], DtypeError, 'permute: takes f32, f16 or i32, got u8; cast it first'],
  ],
  transpose: [
    [() => [undefined], UsageError, 'transpose: takes a tensor, got undefined'],
    [() => [f(3)], ShapeError, 'transpose: dim -2 is out of range for a tensor with 1 dimensions'],
    [() => [f(2, 3), 0, Number.NaN], ShapeError, 'transpose: dim NaN is out of range'],
  ],
  slice: [
    [() => [undefined, [0, 1]], UsageError, 'slice: takes a tensor, got undefined'],
    [() => [f(3), null, null], ShapeError, 'slice: 2 ranges for [3]'],
    [() => [f(3), 1], UsageError, 'slice: takes a list of [start, end, step] or null for a dimension, got 1'],
    [() => [f(3), [0, 3, 0]], ShapeError, 'slice: step 0 is not a whole number other than 0'],
    [() => [f(3), [0, 3, 0.5]], ShapeError, 'slice: step 0.5 is not a whole number other than 0'],
    [() => [f(3), [0.5, 3]], ShapeError, 'slice: from 0.5 to 3; both are whole numbers'],
    [() => [f(3), [0, Number.NaN]], ShapeError, 'slice: from 0 to NaN; both are whole numbers'],
    [() => [u8(3), [0, 1]], DtypeError, 'slice: takes f32, f16 or i32, got u8; cast it first'],
  ],
  concat: [
    [() => [undefined], UsageError, 'concat: takes a list of tensors, got undefined'],
    [() => [f(2), f(2)], UsageError, 'concat: takes a list of tensors, got a tensor [2]'],
    [() => [[]], ShapeError, 'concat: needs at least one tensor'],
    [() => [[f(2), undefined]], UsageError, 'concat: takes a tensor, got undefined'],
    [() => [[f(), f()]], ShapeError, 'concat: scalars have no dimension to join along; use stack'],
    [() => [[f(2, 3), f(2, 4)]], ShapeError, 'concat: [2, 4] f32 does not join [2, 3] f32 along dim 0'],
    [() => [[f(2), i(2)]], ShapeError, 'concat: [2] i32 does not join [2] f32 along dim 0'],
    [() => [[f(2)], 1], ShapeError, 'concat: dim 1 is out of range for a tensor with 1 dimensions'],
    [() => [[u8(2), u8(2)]], DtypeError, 'concat: takes f32, f16 or i32, got u8; cast it first'],
  ],
  stack: [
    [() => [f(2)], UsageError, 'stack: takes a list of tensors, got a tensor [2]'],
    [() => [[]], ShapeError, 'stack: needs at least one tensor'],
    [() => [[f(2), null]], UsageError, 'stack: takes a tensor, got null'],
    [() => [[f(2), f(3)]], ShapeError, 'stack: [3] f32 and [2] f32 differ'],
    [() => [[f(2)], 2], ShapeError, 'stack: dim 2 is out of range'],
    [() => [[u8(2), u8(2)]], DtypeError, 'stack: takes f32, f16 or i32, got u8; cast it first'],
  ],
  pad: [
    [() => [undefined, [[1, 1]]], UsageError, 'pad: takes a tensor, got undefined'],
    [() => [f(2)], UsageError, 'pad: takes a list of [before, after] pairs, got undefined'],
    [() => [f(2), [1, 1]], ShapeError, 'pad: [1, 1] for [2]; pairs of whole numbers, 0 or more'],
    [() => [f(2), [[1]]], ShapeError, 'pad: [[1]] for [2]; pairs of whole numbers, 0 or more'],
    [() => [f(2), [[0, -1]]], ShapeError, 'pad: [[0, -1]] for [2]; pairs of whole numbers, 0 or more'],
    [
      () => [
        f(2),
        [
          [1, 1],
          [1, 1],
        ],
      ],
      ShapeError,
      'pad: [[1, 1], [1, 1]] for [2]; pairs of whole numbers, 0 or more',
    ],
    [() => [f(2), [[1, 1]], Number.NaN], UsageError, 'pad: value is a number, got NaN'],
    [() => [i(2), [[1, 1]], 0.5], UsageError, 'pad: 0.5 is no value of i32'],
    [() => [u8(2), [[1, 1]]], DtypeError, 'pad: takes f32, f16 or i32, got u8; cast it first'],
  ],
  broadcastTo: [
    [() => [undefined, [2]], UsageError, 'broadcastTo: takes a tensor, got undefined'],
    [() => [f(2), undefined], ShapeError, 'broadcastTo: undefined is not a shape'],
    [() => [f(2), [3]], ShapeError, 'broadcastTo: [2] does not broadcast to [3]'],
    [() => [f(2, 1), [1]], ShapeError, 'broadcastTo: [2, 1] does not broadcast to [1]'],
    [() => [u8(1), [2]], DtypeError, 'broadcastTo: takes f32, f16 or i32, got u8; cast it first'],
    [() => [f(1), [1, 1, 1, 1, 1, 1, 2]], ShapeError, 'broadcastTo: more than 6 dimensions, [1, 1, 1, 1, 1, 1, 2]'],
  ],
  bincount: [
    [() => [undefined, 3], UsageError, 'bincount: takes a tensor, got undefined'],
    [() => [f(2), 3], DtypeError, 'bincount: counts i32, got f32 [2]; cast it first'],
    ...[0, 1.5, Number.NaN, 2 ** 24 + 1, undefined].map(
      (bins): Wrong => [
        () => [i(2), bins],
        ShapeError,
        `bincount: bins is a whole number from 1 to 16777216, got ${bins}`,
      ],
    ),
  ],
  oneHot: [
    [() => [undefined, 3], UsageError, 'oneHot: takes a tensor, got undefined'],
    [() => [f(2), 3], DtypeError, 'oneHot: labels are i32 or u8 class numbers, got f32 [2]; cast them first'],
    ...[0, 1.5, Number.NaN, undefined].map(
      (classes): Wrong => [
        () => [i(2), classes],
        ShapeError,
        `oneHot: classes is a whole number from 1 to 16777216, got ${classes}`,
      ],
    ),
  ],
  cast: [
    [() => [undefined, 'f32'], UsageError, 'cast: takes a tensor, got undefined'],
    [() => [f(2), 'f64'], DtypeError, 'cast: f32 to f64 is not offered; go by way of the host'],
    [() => [f(2), 'u8'], DtypeError, 'cast: f32 to u8 is not offered; go by way of the host'],
    [() => [u8(2), 'i32'], DtypeError, 'cast: u8 to i32 is not offered; go by way of the host'],
  ],
  softmax: [
    ...ofOne('softmax'),
    [() => [f(2), 1], ShapeError, 'softmax: dim 1 is out of range for a tensor with 1 dimensions'],
  ],
  logSoftmax: [
    ...ofOne('logSoftmax'),
    [() => [f(2), 'last'], ShapeError, "logSoftmax: dim 'last' is out of range for a tensor with 1 dimensions"],
  ],
};

for (const [name, calls] of Object.entries(wrong)) {
  test(name, () => {
    for (const [args, type, message] of calls) {
      const given = args();
      const { dispatches } = activity();
      let error: unknown;
      try {
        w[name](...given);
      } catch (thrown) {
        error = thrown;
      }
      assert.ok(error, `${name} took what it must not: ${message}`);
      assert.is((error as Error).message.slice(0, message.length), message);
      assert.is((error as Error).constructor, type, message);
      assert.is(activity().dispatches, dispatches, `${name} launched something before it failed: ${message}`);
    }
  });
}

test('every op is in the table', () => {
  const exported = Object.entries(ops).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  assert.equal(
    exported.filter((name) => !(name in wrong)),
    [],
  );
});

test.run();
