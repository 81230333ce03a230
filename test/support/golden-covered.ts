// Which exports have values of PyTorch on disk, and why others have none.
import { goldenCases } from './golden.js';

/** Exports that tests of their own compare, by the folder of test/golden that they read. */
const byFolder: Record<string, readonly string[]> = {
  conv2d: ['conv2d'],
  matmul: ['matmul'],
  linear: ['linear'],
  max_pool2d: ['maxPool2d'],
  avg_pool2d: ['avgPool2d'],
  adaptive_avg_pool2d: ['adaptiveAvgPool2d'],
  local_response_norm: ['localResponseNorm'],
  batch_norm: ['batchNorm'],
  cross_entropy: ['crossEntropy'],
  mse_loss: ['mseLoss'],
  l1_loss: ['l1Loss'],
  binary_cross_entropy_with_logits: ['binaryCrossEntropyWithLogits'],
  averaged: ['ExponentialMovingAverage'],
  training: ['alexnet', 'AlexNet', 'Sequential'],
};

/** Exports that have values on disk. */
export function counterparts(): Set<string> {
  const covered = new Set<string>();
  for (const [folder, names] of Object.entries(byFolder)) {
    if (goldenCases(folder).length > 0) for (const name of names) covered.add(name);
  }
  for (const { args } of goldenCases('every')) covered.add(args.run as string);
  for (const { args } of goldenCases('stepped')) {
    covered.add(args.run as string);
    for (const spec of args.schedules as Spec[]) for (const name of namesIn(spec)) covered.add(name);
  }
  return covered;
}

type Spec = [name: string, args: { schedules?: Spec[] }];

const namesIn = ([name, { schedules = [] }]: Spec): string[] => [name, ...schedules.flatMap(namesIn)];

const because = (reason: string, names: string): Record<string, string> =>
  Object.fromEntries(names.split(' ').map((name) => [name, reason]));

/** Exports that have none, with the reason. */
export const withoutCounterpart: Record<string, string> = {
  HookHandle: 'what registerForwardHook gives',
  GradScaler: 'its history is compared in test/optim/grad-scaler.test.ts',
  ...because(
    'drawn by a generator of our own; test/ops/random.test.ts has its definition and its moments',
    'rand randn uniform normal normalInit uniformInit heNormalInit heUniformInit xavierUniformInit',
  ),
  ...because('its contents are undefined', 'empty'),
  ...because('every case goes through it', 'Tensor Module Optimizer parameter backward record'),
  ...because(
    'about what is recorded, not about values; test/autograd',
    'noGrad gradEnabled gradcheck autocast checkpoint',
  ),
  ...because('about NaN being found; test/autograd/anomaly.test.ts', 'detectAnomaly setDetectAnomaly'),
  ...because('PyTorch has none: memory by scopes', 'scope keep'),
  ...because("PyTorch has none: the user's own kernels", 'kernel within'),
  ...because(
    'PyTorch has none: the device',
    'init shutdown ready sync flush activity memory features limits deviceInfo deviceLost measurePeaks ' +
      'profile profileRows profileTable profileTrace',
  ),
  ...because('the state of a generator of our own', 'manualSeed rngState setRngState'),
  ...because('shapes and messages', 'showShape showValue sizeOf'),
  ...because(
    'an error',
    'WgradError ShapeError DtypeError LimitError OutOfMemoryError DeviceLostError DeviceError KernelError DataError ' +
      'CheckpointError UsageError AnomalyError',
  ),
  ...because(
    "about whole models; test/layers compares them with PyTorch's",
    'summary summarize outputShape freeze unfreeze inEvaluation foldBatchNorm',
  ),
};
