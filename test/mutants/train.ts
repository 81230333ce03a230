// Faults in the trainer, tasks, callbacks, evaluation, prediction, checkpoints and recovery.
import { type Fault, planted } from './fault.js';

const figures = planted('train/figures', [
  [
    'src/train/evaluate.ts',
    'the validation loss is a mean of batches, whatever their sizes',
    'loss.sum += value * result.size;\n      loss.weight += result.size;',
    'loss.sum += value;\n      loss.weight += 1;',
    'train/evaluate',
  ],
  [
    'src/train/evaluate.ts',
    'validation is told that it trains',
    'task(model, given, { training: false })',
    'task(model, given, { training: true })',
    'train/evaluate',
  ],
  [
    'src/train/evaluate.ts',
    'validation runs in training mode',
    'inEvaluation(model, look)',
    'inEvaluation(model, () => (model.train(), look()))',
    'train/evaluate',
  ],
  [
    'src/train/evaluate.ts',
    'the first batch is asked for again and again',
    'data.epoch(0)',
    'data.epoch(1)',
    ['train/evaluate', 'train/figures'],
  ],
  [
    'src/train/figures.ts',
    'the epoch’s loss is the last batch’s',
    '{ loss: meanLoss(at), ...(await measures.read(team)), ...checked }',
    '{ loss: meanLoss(at) && this.batchLoss, ...(await measures.read(team)), ...checked }',
  ],
  [
    'src/train/figures.ts',
    'batches count alike in the epoch’s loss',
    'at.loss.sum += value * size;',
    'at.loss.sum += value * 4;',
  ],
  [
    'src/train/figures.ts',
    'metrics add up over all epochs',
    '    this.measures.reset();\n    this.seen = {};',
    '    this.seen = {};',
  ],
  [
    'src/train/tasks.ts',
    'label smoothing is ignored',
    'labelSmoothing: training ? labelSmoothing : 0',
    'labelSmoothing: training ? 0 * labelSmoothing : 0',
  ],
  [
    'src/train/tasks.ts',
    'labels are smoothed in validation, too',
    'labelSmoothing: training ? labelSmoothing : 0',
    'labelSmoothing: training || !training ? labelSmoothing : 0',
  ],
  [
    'src/train/trainer.ts',
    'schedules of epochs are never stepped',
    "if (schedule?.each === 'epoch')",
    "if (schedule?.each === 'epoch' && at.epoch < 0)",
  ],
  [
    'src/train/update.ts',
    'schedules of steps are stepped before the update',
    `  } else optimizer.step();
  if (schedule?.each === 'step') schedule.rule.step();`,
    `  } else {
    if (schedule?.each === 'step') schedule.rule.step();
    optimizer.step();
  }`,
  ],
  [
    'src/train/kept.ts',
    'a schedule of epochs is fed the training loss',
    "watch ?? usuallyWatched('val_loss' in metrics)",
    "watch ?? usuallyWatched('val_loss' in metrics && false)",
  ],
  [
    'src/train/step.ts',
    'gradients of all steps add up',
    'if (fresh) optimizer.zeroGrad();',
    'if (fresh && optimizer.steps === 0) optimizer.zeroGrad();',
  ],
  [
    'src/train/trainer.ts',
    'every epoch has the batches of the first',
    'train.epoch(epoch, { startBatch });',
    'train.epoch(0 * epoch, { startBatch });',
  ],
  [
    'src/train/trainer.ts',
    'the reported rate is that of the next epoch',
    '{ learningRate, seconds: this.seconds(), metrics }',
    '{ learningRate: learningRate && this.optimizer.lr * 0.1, seconds: this.seconds(), metrics }',
  ],
]);

const updates = planted('train/updates', [
  [
    'src/train/update.ts',
    'gathered gradients are added up, not averaged',
    'averageGradients(params, batches)',
    'averageGradients(params, 1)',
  ],
  [
    'src/train/trainer.ts',
    'the last batches of an epoch wait for the next',
    'if (this.gathered > 0) this.update();',
    'if (this.gathered < 0) this.update();',
  ],
  [
    'src/train/trainer.ts',
    'a run is saved while gradients wait',
    'if (this.gathered > 0) continue; // what is saved has no gradients',
    '',
  ],
  [
    'src/train/update.ts',
    'gradients are clipped after they were used',
    '  const given: unknown = beforeUpdate?.({ model, optimizer });',
    `  optimizer.step();
  const given: unknown = beforeUpdate?.({ model, optimizer });
  optimizer.zeroGrad();`,
  ],
]);

const tasks = planted('train/tasks', [
  [
    'src/train/measures.ts',
    'scalars count alike, whatever their batches’ sizes',
    'mean.of(given, size)',
    'mean.of(given, size && 1)',
  ],
  [
    'src/train/measures.ts',
    'metrics of a run that goes on begin anew',
    'sums: this.waiting.get(name) ?? new Accumulator(metric.size)',
    'sums: new Accumulator(metric.size)',
  ],
  ['src/train/checks.ts', 'a batch without examples counts', 'if (size === 0) throw', 'if (size === -1) throw'],
  [
    'src/train/batches.ts',
    'arrays are uploaded each time they are used',
    'const get = () => (uploaded ??= tensor(',
    'const get = () => (uploaded && false) || (uploaded = tensor(',
    'train/batches',
  ],
]);

const callbacks = planted('train/callbacks', [
  [
    'src/train/callback.ts',
    'hooks are not awaited',
    'if (result instanceof Promise) await result;',
    'if (result instanceof Promise) void result;',
  ],
  [
    'src/train/callback.ts',
    'a mistyped hook is never called, without a word',
    'if (mistyped)\n',
    'if (mistyped && !owner)\n',
  ],
  [
    'src/train/callback.ts',
    'what nobody has asked for is lost at the next save',
    'Object.entries(this.waiting).map(',
    'Object.entries(this.waiting).slice(0, 0).map(',
  ],
  [
    'src/train/callbacks/early-stopping.ts',
    'epochs without improvement are counted over the whole run',
    '      this.waited = 0;\n',
    '',
  ],
  [
    'src/train/callbacks/early-stopping.ts',
    'the latest weights are kept for the best',
    'if (restoreBestWeights) this.hold(training);\n      return;\n    }',
    'if (restoreBestWeights) this.hold(training);\n      return;\n    }\n    if (restoreBestWeights) this.hold(training);',
  ],
  [
    'src/train/callbacks/monitor.ts',
    'less of an accuracy is better',
    "(mode === 'auto' && moreIsBetter(monitor))",
    "(mode === 'auto' && !moreIsBetter(monitor))",
  ],
  [
    'src/train/validation.ts',
    'a validation that a lost device cut off ends the next one',
    'if (!failed.aborted) await callbacks',
    'await callbacks',
    'checkpoint/recovery',
  ],
  ['src/train/callbacks/monitor.ts', 'as good is better', '!(gain > minDelta)', '!(gain >= minDelta)'],
  [
    'src/train/callbacks/model-checkpoint.ts',
    'a run that goes on has forgotten its best figure',
    'this.monitor.best = (state as { best: number | null }).best;',
    'void state;',
  ],
]);

const predict = planted('train/evaluate', [
  ['src/train/predict.ts', 'crops of a picture are added up, not averaged', 'rows[i] / crops', 'rows[i]'],
  [
    'src/train/predict.ts',
    'crops of different pictures are averaged',
    'Math.floor(i / (classes * crops))',
    'Math.floor(i / classes) % (count / crops)',
  ],
  ['src/train/predict.ts', 'probabilities run over the pictures', 'softmax(logits, -1)', 'softmax(logits, 0)'],
  [
    'src/train/predict.ts',
    'predicting drops units out',
    'inPrecision(precision, () => model.forward(x))',
    'inPrecision(precision, () => model.train().forward(x))',
  ],
]);

const saved = planted('checkpoint/checkpoint', [
  [
    'src/checkpoint/files.ts',
    'a checksum that does not fit is let pass',
    'checkSeal(bytes, name);',
    'if (bytes.length === 0) checkSeal(bytes, name);',
    ['checkpoint/checkpoint', 'node/damaged-files'],
  ],
  [
    'src/io/crc32.ts',
    'a byte’s bits are taken in the other order',
    'sum & 1 ? polynomial',
    'sum & 2 ? polynomial',
    'checkpoint/seal',
  ],
  [
    'src/checkpoint/seal.ts',
    'the last byte is not sealed',
    'crc32(head.subarray(place + DIGITS), crc32',
    'crc32(head.subarray(place + DIGITS, -1), crc32',
    'checkpoint/seal',
  ],
  [
    'src/checkpoint/snapshot.ts',
    'random numbers do not go on where they were',
    'setRngState(saved.rng);',
    'void setRngState;',
    ['checkpoint/own-loop', 'checkpoint/recovery'],
  ],
  [
    'src/train/kept.ts',
    'the schedule begins anew',
    'this.schedule.rule.restore((state as { rule: ScheduleState }).rule);',
    'void (state as { rule: ScheduleState }).rule;',
  ],
  [
    'src/checkpoint/parts.ts',
    'the optimizer’s state is lost',
    'part.restore(state as unknown as OptimizerState, valuesOf(tensors));',
    'part.restore(state as unknown as OptimizerState, valuesOf({}));',
  ],
  [
    'src/checkpoint/snapshot.ts',
    'infinities pass as finite',
    'if (data[i] - data[i] !== 0) return true;',
    'if (Number.isNaN(data[i])) return true;',
    'checkpoint/own-loop',
  ],
  [
    'src/checkpoint/files.ts',
    'a part is lost without a word',
    'if (extra !== undefined) throw',
    'if (extra === undefined && parts.length === 0) throw',
  ],
  [
    'src/checkpoint/json.ts',
    'lists may be of any length',
    '!Array.isArray(value) || value.length !== own.length',
    '!Array.isArray(value)',
    'checkpoint/own-loop',
  ],
  [
    'src/checkpoint/model-state.ts',
    'what a file freezes that the model has not is let pass',
    'return unknown && `its state',
    'return unknown && undefined && `its state',
    'node/damaged-files',
  ],
  [
    'src/train/kept.ts',
    'a plateau goes on with the best of another metric',
    '(saved.watch ?? null) !== watch)',
    '(saved.watch ?? null) !== (saved.watch ?? watch))',
  ],
  [
    'src/train/trainer.ts',
    'a run that goes on begins its epoch’s loss anew',
    'this.at = positionOf(position);',
    'this.at = { ...positionOf(position), loss: { sum: 0, weight: 0 } };',
    ['train/figures', 'checkpoint/checkpoint'],
  ],
  [
    'src/train/trainer.ts',
    'a run that goes on begins its epoch anew',
    'train.epoch(epoch, { startBatch });',
    'train.epoch(epoch, { startBatch: 0 * startBatch });',
    ['train/figures', 'checkpoint/checkpoint'],
  ],
]);

const recovery = planted('checkpoint/recovery', [
  [
    'src/checkpoint/recovery.ts',
    'rates rise after a rollback',
    '(scales.get(name) ?? 1) * lrFactor',
    '(scales.get(name) ?? 1) / lrFactor',
    ['checkpoint/own-loop', 'checkpoint/recovery'],
  ],
  [
    'src/checkpoint/recovery.ts',
    'rollbacks are not counted',
    'this.goBack(snapshot, lrFactor, rollbacks + 1);',
    'this.goBack(snapshot, lrFactor, rollbacks);',
    ['checkpoint/own-loop', 'checkpoint/recovery'],
  ],
  [
    'src/train/recovering.ts',
    'it goes back to where losses were on their way up',
    'recent <= RISING * Math.max(start, 1)',
    'recent >= 0 * RISING * Math.max(start, 1)',
  ],
  [
    'src/checkpoint/recovery.ts',
    'any state is gone back to',
    'if (this.options.isSound?.(snapshot.saved.position) ?? true) this.lastSound',
    'if (this.options.isSound || true) this.lastSound',
    'checkpoint/own-loop',
  ],
  [
    'src/checkpoint/recovery.ts',
    'broken weights are saved',
    'const broken = firstNotFinite(snapshot);',
    'const broken = firstNotFinite({ ...snapshot, tensors: [] });',
  ],
  [
    'src/checkpoint/divergence.ts',
    'a single loss counts as much as the last ten',
    'const WINDOW = 10;',
    'const WINDOW = 1;',
    'checkpoint/divergence',
  ],
]);

export const trainFaults: readonly Fault[] = [
  ...figures,
  ...updates,
  ...tasks,
  ...callbacks,
  ...predict,
  ...saved,
  ...recovery,
];
