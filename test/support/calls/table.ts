// A call that works for every function and class of the library: what a wrong argument is put into.
import * as w from '../../../src/index.js';

/** Arguments that work. */
export type Call = () => unknown[];

const f = (...shape: number[]) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return w.tensor(
    Float32Array.from({ length: size }, (_, i) => (i % 5) / 4 + 0.25),
    { shape, requiresGrad: true },
  );
};
const classes = (...values: number[]) => w.tensor(Int32Array.from(values));
const weights = () => [w.parameter(w.tensor([1, 2]))];
const optimizer = () => new w.SGD(weights(), { lr: 0.1, momentum: 0.9 });
const twoSchedules = (o: w.Optimizer) => [
  new w.ExponentialLR(o, { gamma: 0.9 }),
  new w.ExponentialLR(o, { gamma: 0.5 }),
];
const withGradient = () => {
  const params = weights();
  params[0].grad = w.tensor([3, 4]);
  return params;
};

const one: Call = () => [f(2, 3)];
const two: Call = () => [f(2, 3), f(2, 3)];
const loss: Call = () => [f(2, 3), f(2, 3), { reduction: 'sum' }];
const reduction: Call = () => [f(2, 3), 1, true];
const filled: Call = () => [[2, 3], { dtype: 'f32', requiresGrad: true }];
const pool: Call = () => [f(1, 2, 5, 5), { kernelSize: 2, stride: [1, 2], padding: 1, ceilMode: true }];
const none: Call = () => [];

const each = (names: string[], call: Call) => Object.fromEntries(names.map((name) => [name, call]));

/** Exports that are not called with wrong arguments, with the reason. */
export const notCalled: Record<string, string> = {
  init: 'it would open another device; test/options.test.ts',
  shutdown: 'it takes nothing, and closes the device',
  measurePeaks: 'it takes nothing, and a second',
  deviceLost: 'it takes nothing, and waits for a loss',
  sizeOf: 'for what is a shape: every op calls it, after a check',
  showShape: 'for what is a shape: messages call it',
  Tensor: 'made by tensor() and the ops',
  AlexNet: 'made by alexnet()',
  Optimizer: 'abstract: made by those that extend it',
  ...Object.fromEntries(
    Object.keys(w).flatMap((name) => (name.endsWith('Error') ? [[name, 'errors take any message']] : [])),
  ),
};

/** Exports that run a model or make its layers, which speak for themselves. */
export const throughOthers = new Set(['summary', 'summarize', 'outputShape', 'alexnet']);

/** Exports that show or keep whatever they are given. */
export const anythingGoes = new Set(['showValue', 'keep']);

export const calls: Record<string, Call> = {
  ...each(['abs', 'cos', 'exp', 'gelu', 'log', 'neg', 'reciprocal', 'relu', 'sigmoid', 'silu', 'sin', 'softplus'], one),
  ...each(['sqrt', 'square', 'tanh', 'zerosLike', 'onesLike', 'fanIn'], one),
  ...each(['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'eq', 'ne', 'gt', 'ge', 'lt', 'le'], two),
  ...each(['sum', 'mean', 'amax', 'amin', 'norm', 'argmax', 'argmin'], reduction),
  ...each(['mseLoss', 'l1Loss'], loss),
  ...each(['zeros', 'ones'], filled),
  ...each(['rand', 'randn'], () => [[2, 3], { requiresGrad: true }]),
  ...each(['heNormalInit', 'heUniformInit', 'xavierUniformInit'], one),
  ...each(['softmax', 'logSoftmax'], () => [f(2, 3), 1]),
  leakyRelu: () => [f(2, 3), 0.1],
  elu: () => [f(2, 3), 0.5],
  clamp: () => [f(2, 3), -1, 1],
  pow: () => [f(2, 3), 3],
  where: () => [f(2, 3), f(2, 3), f(2, 3)],
  variance: () => [f(2, 3), 1, { correction: 1, keepDim: true }],
  sumTo: () => [f(2, 3), [1, 3]],
  cast: () => [f(2, 3), 'i32'],
  bincount: () => [classes(0, 1), 3],
  oneHot: () => [classes(0, 1), 3],
  reshape: () => [f(2, 3), [3, 2]],
  flatten: () => [f(2, 3), 0, 1],
  unsqueeze: () => [f(2, 3), 1],
  squeeze: () => [f(2, 1, 3), 1],
  permute: () => [f(2, 3), [1, 0]],
  transpose: () => [f(2, 3), 0, 1],
  slice: () => [f(2, 3), [0, 1, 1], null],
  concat: () => [[f(2, 3), f(2, 3)], 1],
  stack: () => [[f(2, 3), f(2, 3)], 1],
  pad: () => [f(2, 3), [[1, 1]], 0.5],
  broadcastTo: () => [f(3), [2, 3]],
  matmul: () => [f(2, 3), f(3, 2)],
  linear: () => [f(2, 3), f(4, 3), f(4)],
  conv2d: () => [f(1, 2, 5, 5), f(2, 1, 3, 3), f(2), { stride: 1, padding: [1, 1], dilation: 1, groups: 2 }],
  maxPool2d: () => [...pool().slice(0, 1), { ...(pool()[1] as object), dilation: 1 }],
  avgPool2d: () => [...pool().slice(0, 1), { ...(pool()[1] as object), countIncludePad: false }],
  adaptiveAvgPool2d: () => [f(1, 2, 5, 5), [2, 2]],
  batchNorm: () => [f(4, 3), f(3), f(3), f(3), f(3), { training: true, momentum: 0.1, eps: 1e-5 }].map(asBuffer),
  localResponseNorm: () => [f(2, 3, 4), { size: 3, alpha: 1e-4, beta: 0.75, k: 1 }],
  crossEntropy: () => [
    f(2, 3),
    classes(0, 2),
    { reduction: 'sum', labelSmoothing: 0.1, ignoreIndex: -1, weight: f(3).detach() },
  ],
  binaryCrossEntropyWithLogits: () => [f(2, 3), f(2, 3), { reduction: 'sum', weight: f(3), posWeight: f(2, 1) }],
  dropout: () => [f(2, 3), 0.5, { training: true }],
  full: () => [[2, 3], 7, { dtype: 'f32', requiresGrad: true }],
  arange: () => [0, 6, 2, { dtype: 'f32', requiresGrad: true }],
  linspace: () => [0, 1, 5],
  eye: () => [3],
  uniform: () => [[2, 3], 0, 1, { requiresGrad: true }],
  normal: () => [[2, 3], 0, 1, { requiresGrad: true }],

  tensor: () => [
    [
      [1, 2],
      [3, 4],
    ],
    { dtype: 'f32', requiresGrad: true, shape: [4] },
  ],
  ...each(
    [
      'activity',
      'deviceInfo',
      'deviceLost',
      'features',
      'flush',
      'gradEnabled',
      'limits',
      'memory',
      'ready',
      'rngState',
      'sync',
    ],
    none,
  ),
  showValue: () => [1],
  setDetectAnomaly: () => [false, { infinity: true }],
  parameter: () => [w.tensor([1, 2])],
  empty: () => [[2, 3], 'f32', 'empty'],
  keep: one,
  scope: () => [() => f(2)],
  noGrad: () => [() => f(2)],
  within: () => ['place', () => 1],
  record: () => ['mine', w.tensor([1, 2]), [f(2)], () => [null]],
  backward: () => [w.sum(f(2, 3))],
  manualSeed: () => [7],
  setRngState: () => [{ seed: 1, stream: 2 }],
  kernel: () => [DOUBLE],
  gradcheck: () => [(x: w.Tensor) => w.square(x), [f(2)], { eps: 1e-2, tolerance: 1e-1, samples: 2 }],
  detectAnomaly: () => [() => f(2), { infinity: true }],
  profileRows: () => [EMPTY_PROFILE, 'kernel'],
  profileTable: () => [EMPTY_PROFILE],
  profileTrace: () => [EMPTY_PROFILE],
  profile: () => [() => w.relu(f(2))],

  ...each(['ReLU', 'GELU', 'Sigmoid', 'Tanh', 'Module'], none),
  LeakyReLU: () => [0.1],
  Dropout: () => [0.5],
  Flatten: none,
  Linear: () => [2, 3, { bias: false }],
  Conv2d: () => [2, 4, 3, { stride: 1, padding: 1, dilation: 1, groups: 2, bias: false }],
  MaxPool2d: () => [2, { stride: 2, padding: 1, dilation: 1, ceilMode: true }],
  AvgPool2d: () => [2, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }],
  AdaptiveAvgPool2d: () => [[2, 2]],
  BatchNorm1d: () => [3, { eps: 1e-5, momentum: 0.1 }],
  BatchNorm2d: () => [3, { eps: 1e-5, momentum: 0.1 }],
  LocalResponseNorm: () => [5, { alpha: 1e-4, beta: 0.75, k: 1 }],
  Sequential: () => [new w.Linear(2, 2), new w.ReLU()],
  alexnet: () => [
    {
      ...{ variant: 'paper', numClasses: 2, width: 1 / 16, imageSize: 67, hidden: 8, groups: 1, dropout: 0.5 },
      ...{ poolDropout: 0, normalization: 'local-response', initialization: 'he' },
    },
  ],
  summary: () => [new w.Sequential(new w.Linear(2, 2)), [1, 2]],
  summarize: () => [new w.Sequential(new w.Linear(2, 2)), [1, 2]],
  outputShape: () => [new w.Sequential(new w.Linear(2, 2)), [1, 2]],
  freeze: () => [new w.Sequential(new w.Linear(2, 2)), '0'],
  unfreeze: () => [new w.Sequential(new w.Linear(2, 2)), '0'],
  inEvaluation: () => [new w.Sequential(new w.Linear(2, 2)), () => 1],
  foldBatchNorm: () => [new w.Sequential(new w.Conv2d(1, 2, 1), new w.BatchNorm2d(2)).eval()],
  constantInit: () => [f(2, 3), 0.5],
  normalInit: () => [f(2, 3), 0, 0.1],
  uniformInit: () => [f(2, 3), -1, 1],

  SGD: () => [weights(), { lr: 0.1, momentum: 0.9, dampening: 0, nesterov: true, weightDecay: 0.1 }],
  Adam: () => [weights(), { lr: 0.1, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.1 }],
  AdamW: () => [weights(), { lr: 0.1, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.1 }],
  RMSprop: () => [weights(), { lr: 0.1, alpha: 0.9, eps: 1e-8, momentum: 0.1, weightDecay: 0.1 }],
  clipGradNorm: () => [withGradient(), 1],
  clipGradValue: () => [withGradient(), 1],
  StepLR: () => [optimizer(), { stepSize: 2, gamma: 0.5 }],
  MultiStepLR: () => [optimizer(), { milestones: [1, 2], gamma: 0.5 }],
  ExponentialLR: () => [optimizer(), { gamma: 0.5 }],
  CosineAnnealingLR: () => [optimizer(), { tMax: 5, etaMin: 0.01 }],
  LinearWarmup: () => [optimizer(), { steps: 5, startFactor: 0.1 }],
  LambdaLR: () => [optimizer(), (count: number) => 1 / (1 + count)],
  ChainedScheduler: () => [twoSchedules(optimizer())],
  SequentialLR: () => {
    const o = optimizer();
    return [o, { schedules: twoSchedules(o), milestones: [2] }];
  },
  OneCycleLR: () => [
    optimizer(),
    {
      ...{ maxLr: 1, totalSteps: 10, pctStart: 0.3, divFactor: 25, finalDivFactor: 1e4 },
      ...{ cycleMomentum: true, baseMomentum: 0.85, maxMomentum: 0.95 },
    },
  ],
  ReduceLROnPlateau: () => [
    optimizer(),
    { mode: 'max', factor: 0.5, patience: 3, threshold: 1e-3, cooldown: 1, minLr: 1e-4 },
  ],
};

/** Running statistics take no gradient. */
function asBuffer(value: unknown, place: number): unknown {
  return place > 0 && place < 3 ? w.tensor([0.5, 0.5, 0.5]) : value;
}

const EMPTY_PROFILE: w.Profile = { deviceMs: 0, gapMs: 0, hostMs: 0, spans: [], submits: 0 };

const DOUBLE = `// double: y = 2 x
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params { count: u32, }
@group(1) @binding(0) var<uniform> p: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < p.count) { y[id.x] = 2.0 * x[id.x]; }
}`;
