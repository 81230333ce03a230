// A call that works for every function and class of the library: what a wrong argument is put into.
import * as w from '../../../src/index.js';
import { type Example, inputsOf, table } from '../ops.js';

/** Arguments that work. */
export type Call = () => unknown[];

const f = (...shape: number[]) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return w.tensor(
    Float32Array.from({ length: size }, (_, i) => (i % 5) / 4 + 0.25),
    { shape, requiresGrad: true },
  );
};
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
const none: Call = () => [];

const each = (names: string[], call: Call) => Object.fromEntries(names.map((name) => [name, call]));

/** An example's arguments, made anew for each call. */
function argsOf(example: Example): Call {
  const { args = (...all) => all } = example;
  return () => args(...inputsOf(example, { requiresGrad: true }));
}

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
  HookHandle: 'made by registerForwardHook',
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
  ...Object.fromEntries(Object.entries(table).map(([op, { examples }]) => [op, argsOf(examples[0])])),
  ...each(['fanIn', 'heNormalInit', 'heUniformInit', 'xavierUniformInit'], one),

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
  autocast: () => ['f16', () => f(2)],
  checkpoint: () => [(x: w.Tensor) => w.reshape(x, [-1]), f(2)],
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
  Adagrad: () => [weights(), { lr: 0.1, lrDecay: 0.1, initialAccumulatorValue: 0.1, eps: 1e-8, weightDecay: 0.1 }],
  Lion: () => [weights(), { lr: 0.1, betas: [0.9, 0.99], weightDecay: 0.1 }],
  LARS: () => [weights(), { lr: 0.1, momentum: 0.9, weightDecay: 0.1, trustCoefficient: 0.01, adapt: true }],
  LAMB: () => [weights(), { lr: 0.1, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.1, adapt: true }],
  GradScaler: () => [{ initScale: 8 }],
  ExponentialMovingAverage: () => [new w.Linear(2, 2), { decay: 0.9, warmup: true, buffers: true }],
  clipGradNorm: () => [withGradient(), 1],
  clipGradValue: () => [withGradient(), 1],
  StepLR: () => [optimizer(), { stepSize: 2, gamma: 0.5 }],
  MultiStepLR: () => [optimizer(), { milestones: [1, 2], gamma: 0.5 }],
  ExponentialLR: () => [optimizer(), { gamma: 0.5 }],
  CosineAnnealingLR: () => [optimizer(), { tMax: 5, etaMin: 0.01 }],
  LinearWarmup: () => [optimizer(), { steps: 5, startFactor: 0.1 }],
  LinearLR: () => [optimizer(), { startFactor: 0.5, endFactor: 0.1, totalIters: 5 }],
  ConstantLR: () => [optimizer(), { factor: 0.5, totalIters: 5 }],
  PolynomialLR: () => [optimizer(), { totalIters: 5, power: 2 }],
  CosineAnnealingWarmRestarts: () => [optimizer(), { t0: 5, tMult: 2, etaMin: 0.01 }],
  withWarmup: () => [new w.ExponentialLR(optimizer(), { gamma: 0.9 }), { steps: 5, startFactor: 0.1 }],
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
