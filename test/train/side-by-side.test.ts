// Several models at work in one process, on one device and one command list.
import * as assert from 'uvu/assert';
import { noGrad, scope, tensor } from '../../src/index.js';
import { warmup } from '../../src/tuning/warmup.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { inputShape, type SmallRun, smallRun } from '../support/small-run.js';
import { suite } from '../support/suite.js';

const test = suite('train/side-by-side');
test.before(useDevice);

const STEPS = 6;

/** Losses and state of a run, giving way `pauses` times after each step. */
async function train(run: SmallRun, pauses = 0): Promise<number[][]> {
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    losses.push(await run.step());
    for (let p = 0; p < pauses; p++) await new Promise((resolve) => setTimeout(resolve));
  }
  return [losses, ...(await run.state())];
}

async function alone(seed: number): Promise<number[][]> {
  const run = smallRun(seed);
  const numbers = await train(run);
  run.dispose();
  return numbers;
}

test('two models trained at once give the bits that each gives alone', async () => {
  const expected = [await alone(1), await alone(2)];
  const runs = [smallRun(1), smallRun(2)];
  assert.equal(await Promise.all([train(runs[0], 1), train(runs[1])]), expected);
  for (const run of runs) run.dispose();
});

test('training while another model predicts: the same bits', async () => {
  const expected = await alone(1);
  const [trained, other] = [smallRun(1), smallRun(2)];
  other.model.eval();
  const images = seeded(2 * 3 * 8 * 8, 3);
  const predict = () => scope(() => noGrad(() => other.model.forward(tensor(images, { shape: inputShape })))).data();
  const answer = [...(await predict())];
  const answers: number[][] = [];
  const training = train(trained);
  for (let i = 0; i < 2 * STEPS; i++) answers.push([...(await predict())]);
  assert.equal(await training, expected);
  for (const each of answers) assert.equal(each, answer);
  trained.dispose();
  other.dispose();
});

test('training while another model warms up, and rehearses between the steps: the same bits', async () => {
  const expected = await alone(1);
  const [trained, other] = [smallRun(1), smallRun(2)];
  const training = train(trained);
  for (let i = 0; i < 3; i++) await warmup(other.model, inputShape);
  assert.equal(await training, expected);
  trained.dispose();
  other.dispose();
});

test.run();
