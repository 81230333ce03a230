// Whole training runs, step by step, against PyTorch's: the real 61-million-parameter AlexNet among them.
import * as assert from 'uvu/assert';
import { crossEntropy } from '../../src/autograd/ops/losses.js';
import { scope } from '../../src/tensor/scope.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';
import { type AlexNet, alexnet } from '../../src/models/alexnet.js';
import { SGD } from '../../src/optim/sgd.js';
import { useDevice } from '../support/device.js';
import { formula } from '../support/formula.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { suite } from '../support/suite.js';

interface RunArgs {
  classes: number;
  width: number;
  image: number;
  norm: 'lrn' | 'batch';
  groups: number;
  batch: number;
  steps: number;
  sgd: { lr: number; momentum?: number; weight_decay?: number };
}

const test = suite('train/golden-training');
test.before(useDevice);

function formulaModel(args: RunArgs): AlexNet {
  const model = alexnet({
    variant: 'paper',
    numClasses: args.classes,
    width: args.width,
    imageSize: args.image,
    groups: args.groups,
    normalization: args.norm === 'lrn' ? 'local-response' : 'batch',
    dropout: 0,
  });
  for (const [i, p] of model.parameters().entries()) {
    const salt = i + 1;
    const isScale = p.rank === 1 && model.namedParameters()[i][0].endsWith('weight');
    if (p.rank > 1) p.set(formula(p.size, salt, Math.sqrt(6 / (p.size / p.shape[0]))));
    else if (isScale) p.set(formula(p.size, salt, 0.1).map((v) => 1 + v));
    else p.set(formula(p.size, salt, 0.1));
  }
  return model;
}

async function norm(t: Tensor): Promise<number> {
  let sum = 0;
  for (const v of await t.data()) sum += v * v;
  return Math.sqrt(sum);
}

/** Relative to the expected value: rounding differs at every step and feeds back into the next. */
function near(actual: number, expected: number, relative: number, what: string): void {
  const error = Math.abs(actual - expected) / Math.max(Math.abs(expected), 1e-3);
  assert.ok(error <= relative, `${what}: ${actual}, PyTorch has ${expected} (off by ${error.toExponential(1)})`);
}

async function follow(golden: GoldenCase): Promise<void> {
  const args = golden.args as unknown as RunArgs;
  const model = formulaModel(args);
  const { lr, momentum, weight_decay: weightDecay } = args.sgd;
  const optimizer = new SGD(model.parameters(), { lr, momentum, weightDecay });
  const expected = golden.output('loss').data;
  const { batch, image, classes } = args;
  for (let t = 0; t < args.steps; t++) {
    const step = scope();
    const x = tensor(formula(batch * 3 * image * image, 1000 + t, 1), { shape: [batch, 3, image, image] });
    const y = tensor(Int32Array.from({ length: batch }, (_, i) => (i * 7 + t * 3) % classes));
    const logits = model.forward(x);
    const loss = crossEntropy(logits, y);
    optimizer.zeroGrad();
    loss.backward();
    const firstLogits = t === 0 ? logits.data() : null;
    const lossValue = loss.item();
    step.close();
    if (firstLogits) {
      const reference = golden.output('first_logits').data;
      const scale = Math.max(...[...reference].map(Math.abs));
      (await firstLogits).forEach((v, i) => {
        const error = Math.abs(v - reference[i]) / scale;
        assert.ok(error < 2e-5, `first logit ${i}: ${v}, PyTorch has ${reference[i]}`);
      });
      for (const [name, p] of model.namedParameters()) {
        if (p.grad) await nearNorm(golden, `gradnorm.${pytorchName(model, name)}`, p.grad, 2e-3);
      }
    }
    optimizer.step();
    near(await lossValue, expected[t], 1e-3, `loss of step ${t}`);
  }
  for (const [name, p] of model.namedParameters()) {
    await nearNorm(golden, `norm.${pytorchName(model, name)}`, p, 1e-4);
  }
  optimizer.dispose();
  model.dispose();
}

async function nearNorm(golden: GoldenCase, key: string, t: Tensor, relative: number): Promise<void> {
  near(await norm(t), golden.output(key).data[0], relative, key);
}

/** PyTorch's Sequential counts its layers; ours have names. The order is the same. */
function pytorchName(model: AlexNet, name: string): string {
  const [layer, ...rest] = name.split('.');
  return [model.children().findIndex(([child]) => child === layer), ...rest].join('.');
}

for (const golden of goldenCases('training')) test(golden.name, () => follow(golden));

test.run();
