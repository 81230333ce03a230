// Faults in the trainer, evaluation, prediction, checkpoints and recovery.
import { type Fault, planted } from './fault.js';

const figures = planted('train/figures', [
  [
    'src/train/evaluate.ts',
    'the validation loss is a mean of batches, whatever their sizes',
    'loss.add(lossValue, labels.length);',
    'loss.add(lossValue, 1);',
    'train/evaluate',
  ],
  [
    'src/train/evaluate.ts',
    'half of each batch is not counted',
    'confusion.add(scores, labels);',
    'confusion.add(scores.slice(0, (labels.length >> 1) * classes.length), labels.slice(0, labels.length >> 1));',
    'train/evaluate',
  ],
  [
    'src/train/evaluate.ts',
    'validation runs in training mode',
    'inEvaluation(model, () => model.forward(x))',
    'inEvaluation(model, () => model.train().forward(x))',
    'train/evaluate',
  ],
  [
    'src/train/evaluate.ts',
    'the first batch is asked for again and again',
    'source.epoch(0)',
    'source.epoch(1)',
    ['train/evaluate', 'train/figures'],
  ],
  [
    'src/train/trainer.ts',
    'trainLoss is the last batch’s',
    'const trainLoss = this.loss.value;',
    'const trainLoss = this.batchLoss;',
  ],
  [
    'src/train/trainer.ts',
    'batches count alike in trainLoss',
    'this.loss.add(loss, labels.length);',
    'this.loss.add(loss, 4);',
  ],
  [
    'src/train/trainer.ts',
    'label smoothing is ignored',
    'crossEntropy(logits, target, { labelSmoothing })',
    'crossEntropy(logits, target, { labelSmoothing: 0 * labelSmoothing })',
  ],
  [
    'src/train/trainer.ts',
    'schedules of epochs are never stepped',
    "if (schedule?.each === 'epoch')",
    "if (schedule?.each === 'epoch' && this.epoch < 0)",
  ],
  [
    'src/train/trainer.ts',
    'schedules of steps are stepped before the update',
    `    const rate = this.update();
    if (schedule?.each === 'step') schedule.rule.step();`,
    `    if (schedule?.each === 'step') schedule.rule.step();
    const rate = this.update();`,
  ],
  [
    'src/train/watched.ts',
    'a schedule of epochs is fed the training loss',
    "validated ? 'validationLoss'",
    "validated ? 'trainLoss'",
  ],
  [
    'src/train/watched.ts',
    'the plateau’s error is its accuracy',
    '(validationAccuracy === null ? null : 1 - validationAccuracy)',
    'validationAccuracy',
  ],
  [
    'src/train/trainer.ts',
    'the best epoch is the one of the highest loss',
    'score < this.bestLoss',
    'score > this.bestLoss',
  ],
  [
    'src/train/trainer.ts',
    'right answers add up over all epochs',
    '    this.correct = 0;\n    this.history.push(record);',
    '    this.history.push(record);',
  ],
  [
    'src/train/trainer.ts',
    'gradients of all steps add up',
    'optimizer.zeroGrad();',
    'if (this.step === 0) optimizer.zeroGrad();',
    ['train/figures', 'train/golden-training'],
  ],
  [
    'src/train/trainer.ts',
    'every epoch has the pictures of the first',
    'train.epoch(this.epoch, {',
    'train.epoch(0, {',
  ],
  [
    'src/train/trainer.ts',
    'the reported rate is that of the next epoch',
    'learningRate,\n      trainLoss,',
    'learningRate: learningRate && this.parts.optimizer.lr * 0.1,\n      trainLoss,',
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
    'inEvaluation(model, () => model.forward(x))',
    'inEvaluation(model, () => model.train().forward(x))',
  ],
]);

const saved = planted('train/checkpoint', [
  [
    'src/train/checkpoint.ts',
    'a checksum that does not fit is let pass',
    'checkSeal(bytes, name);',
    'if (bytes.length === 0) checkSeal(bytes, name);',
    ['train/checkpoint', 'node/damaged-files'],
  ],
  [
    'src/io/crc32.ts',
    'a byte’s bits are taken in the other order',
    'sum & 1 ? POLYNOMIAL',
    'sum & 2 ? POLYNOMIAL',
    'train/seal',
  ],
  [
    'src/train/seal.ts',
    'the last byte is not sealed',
    'crc32(head.subarray(place + DIGITS), crc32',
    'crc32(file.subarray(place + DIGITS, -1), crc32',
    'train/seal',
  ],
  [
    'src/train/snapshot.ts',
    'random numbers do not go on where they were',
    'setRngState(saved.rng);',
    'void setRngState;',
    ['train/checkpoint', 'train/recovery'],
  ],
  [
    'src/train/snapshot.ts',
    'the schedule begins anew',
    'if (saved.schedule) schedule?.rule.restore(saved.schedule);',
    'void schedule;',
    ['train/checkpoint', 'train/recovery'],
  ],
  [
    'src/train/snapshot.ts',
    'the optimizer’s state is lost',
    'Object.fromEntries(state)',
    'Object.fromEntries(state.slice(0, 0))',
    ['train/checkpoint', 'train/recovery'],
  ],
  [
    'src/train/snapshot.ts',
    'infinities pass as finite',
    'if (data[i] - data[i] !== 0) return true;',
    'if (Number.isNaN(data[i])) return true;',
    'train/recovery',
  ],
  [
    'src/train/saved-state.ts',
    'a run goes on with another order of its pictures',
    'position.batch > 0 ? [...new Set(',
    'position.batch < 0 ? [...new Set(',
    'train/resumed-order',
  ],
  [
    'src/train/saved-state.ts',
    'a schedule is lost without a word',
    'if ((saved.schedule === null) !== (schedule === undefined)) {',
    'if (saved.schedule === null && schedule !== undefined) {',
  ],
  [
    'src/train/trainer.ts',
    'a run that goes on has forgotten its best loss',
    'this.bestLoss = position.bestLoss;',
    'this.bestLoss = null;',
    ['train/figures', 'train/checkpoint', 'train/recovery'],
  ],
  [
    'src/train/trainer.ts',
    'a run that goes on begins its epoch’s figures anew',
    'this.loss = new Mean(loss.sum, loss.weight);',
    'this.loss = new Mean(0 * loss.sum, 0);',
    ['train/figures', 'train/checkpoint'],
  ],
  [
    'src/train/trainer.ts',
    'a run that goes on begins its epoch anew',
    'this.batch = position.batch;',
    'this.batch = 0;',
    ['train/figures', 'train/checkpoint'],
  ],
]);

const recovery = planted('train/recovery', [
  [
    'src/train/recovery.ts',
    'rates rise after a rollback',
    'lrScale: lrScale * lrFactor',
    'lrScale: lrScale / lrFactor',
  ],
  ['src/train/recovery.ts', 'rollbacks are not counted', 'rollbacks: rollbacks + 1', 'rollbacks: rollbacks + 0'],
  [
    'src/train/recovery.ts',
    'it goes back to where losses were on their way up',
    'if (this.wanted && recent <= RISING',
    'if (this.wanted && recent >= 0 * RISING',
  ],
  [
    'src/train/recovery.ts',
    'broken weights are saved',
    'const broken = firstNotFinite(snapshot);',
    'const broken = firstNotFinite({ ...snapshot, tensors: [] });',
  ],
  [
    'src/train/divergence.ts',
    'a single loss counts as much as the last ten',
    'const WINDOW = 10;',
    'const WINDOW = 1;',
    'train/divergence',
  ],
  [
    'src/train/trainer.ts',
    'schedules go on from the scaled rates',
    'group.lr = rates[i]; // schedules',
    'group.lr = rates[i] * this.lrScale; // schedules',
  ],
  [
    'src/train/trainer.ts',
    'the update after a rollback is with the old rates',
    'for (const group of optimizer.groups) group.lr *= this.lrScale;',
    '',
  ],
]);

export const trainFaults: readonly Fault[] = [...figures, ...predict, ...saved, ...recovery];
