// Losses with class weights, class probabilities and weights of positives, over twenty steps of SGD against PyTorch's:
// test/golden/losses.py has a line for each.
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('train/golden-losses');
test.before(useDevice);

const LOSSES = {
  cross_entropy: w.crossEntropy,
  binary_cross_entropy_with_logits: w.binaryCrossEntropyWithLogits,
};

interface Args {
  run: keyof typeof LOSSES;
  options: object;
  /** Options that are tensors of the case. */
  tensors: string[];
  lr: number;
  momentum: number;
}

async function follow(c: GoldenCase): Promise<void> {
  const { run, options, tensors, ...settings } = c.args as unknown as Args;
  using _ = w.scope();
  const [x, t, weights] = [c.input('x'), c.input('t'), w.parameter(c.input('w'))];
  const given = { ...options, ...Object.fromEntries(tensors.map((name) => [name, c.input(name)])) };
  const optimizer = new w.SGD([weights], settings);
  const seen: Promise<number>[] = [];
  for (let step = 0; step < c.output('loss').data.length; step++) {
    using _step = w.scope();
    const loss = LOSSES[run](x.rank === 2 ? w.linear(x, weights) : w.matmul(weights, x), t, given);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    seen.push(loss.item());
  }
  assertClose(await Promise.all(seen), c.output('loss').data, { what: 'losses', terms: 20 });
  assertClose(await weights.data(), c.output('w').data, { what: 'weights after the last step', terms: 20 });
  optimizer.dispose();
}

for (const c of goldenCases('losses')) test(c.name, () => follow(c));

test.run();
