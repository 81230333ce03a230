// The paper preset against golden/paper.py, a program in PyTorch written from the paper's text: ten batches from bytes to losses.
import * as assert from 'uvu/assert';
import { readFacts, writeFacts } from '../../src/cli/facts.js';
import { buildLoaders, buildParts, coloursOf } from '../../src/cli/parts.js';
import { presets, type RunOptions } from '../../src/cli/presets.js';
import { type ColourStatistics, ImageDataset } from '../../src/data/index.js';
import { type Module, manualSeed, mul, scope, type Tensor, tensor } from '../../src/index.js';
import { classification, evaluate, Trainer, type TrainerParts } from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { formula } from '../support/formula.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('train/paper');
test.before(useDevice);

interface Args extends Record<'deviation' | 'rate' | 'size' | 'crop' | 'batch' | 'steps', number> {
  train: number;
  check: number;
  seed: number;
  masks: number;
}

const CELL = 15;

const drawn = new Map<number, ImageDataset>();

/** The pictures of paper.py: light, a pattern that all share, one of their own, a tint, and noise. */
function pictures(count: number, size: number): ImageDataset {
  const known = drawn.get(count);
  if (known) return known;
  const bytes = (n: number, salt: number) => formula(n, salt, 1).map((v) => Math.min(255, Math.floor((v + 1) * 128)));
  const cells = size / CELL;
  const [light, tint, shared] = [bytes(count, 1), bytes(count * 3, 2), bytes(cells ** 2, 3)];
  const [own, noise] = [bytes(count * cells ** 2, 4), bytes(count * 3 * size ** 2, 5)];
  const made = Uint8Array.from(noise, (grain, at) => {
    const [p, c] = [Math.floor(at / (3 * size ** 2)), Math.floor(at / size ** 2) % 3];
    const cell = Math.floor((Math.floor(at / size) % size) / CELL) * cells + Math.floor((at % size) / CELL);
    const hue = tint[p * 3 + c];
    const tinted = p % 2 === 1 && c === 0 ? Math.floor((hue + 255) / 2) : hue;
    return Math.floor((2 * light[p] + 2 * shared[cell] + 3 * own[p * cells ** 2 + cell] + 3 * tinted + 2 * grain) / 12);
  });
  const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
  const dataset = new ImageDataset(made, size, ['even', 'odd'], labels, Array.from(labels, String));
  drawn.set(count, dataset);
  return dataset;
}

/** An eigenvector and its opposite are one axis: the one whose largest part is positive is taken, as in paper.py. */
function turned(colours: ColourStatistics): ColourStatistics {
  const axes = colours.axes.map((axis) => {
    const largest = axis.reduce((top, v) => (Math.abs(v) > Math.abs(top) ? v : top));
    return axis.map((v) => v * Math.sign(largest));
  });
  return { ...colours, axes };
}

interface Run {
  colours: ColourStatistics;
  losses: number[];
  /** By normalization: for each step the least, mean and largest of what it multiplies by. */
  factors: Map<string, number[][]>;
  gradientNorms: Map<string, number>;
  /** How far each parameter has moved. */
  changes: Map<string, number>;
  checkLogits: number[];
  checkLoss: number;
}

const norm = (values: ArrayLike<number>) => Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0));

/** Ten batches by the preset, with some options changed, or another normalization. */
async function train(args: Args, more: Partial<RunOptions> = {}, normalize?: (x: Tensor) => Tensor): Promise<Run> {
  const { size: stored, crop: image, batch, seed, deviation, rate: lr } = args;
  const all = pictures(args.train + args.check, stored);
  const places = Array.from({ length: all.length }, (_, i) => i);
  const [own, check] = [all.subset(places.slice(0, args.train)), all.subset(places.slice(args.train))];
  const options = { ...presets.paper.options, width: 1 / 16, image, stored, batch, seed, lr, ...more };
  const colours = turned(coloursOf(own, options));
  const written = writeFacts({ options, classes: own.classes, colours, folders: null });
  const facts = readFacts({ name: 'facts', tensors: new Map(), metadata: { facts: written } }, 'resume');
  const loaders = buildLoaders(facts, own, check, 0);
  const parts = buildParts(facts, loaders);
  const { model, optimizer }: TrainerParts<object, Module> = parts;
  for (const [i, p] of model.parameters().entries()) {
    if (p.rank > 1) p.set(formula(p.size, i + 1, deviation * Math.sqrt(3))); // biases are the preset's own
  }
  const factors = watchNormalization(model, normalize);
  const read = async () =>
    new Map(await Promise.all(model.namedParameters().map(async ([name, p]) => [name, await p.data()] as const)));
  const start = await read();
  manualSeed(args.masks);
  const trainer = new Trainer(parts);
  const run = { colours, losses: [] as number[], gradientNorms: new Map<string, number>() };
  let sum = 0;
  for await (const made of loaders.train.epoch(0)) {
    if (run.losses.length === args.steps / 2) optimizer.lr /= 10;
    await trainer.trainStep(made);
    if (run.losses.length === 0) {
      for (const [name, p] of model.namedParameters()) run.gradientNorms.set(name, norm(await p.grad!.data()));
    }
    const { loss } = trainer.position;
    run.losses.push((loss.sum - sum) / batch);
    sum = loss.sum;
  }
  const changes = new Map<string, number>();
  for (const [name, end] of await read()) changes.set(name, norm(end.map((v, i) => v - start.get(name)![i])));
  const seen = new Map<string, number[][]>();
  for (const [name, steps] of factors) seen.set(name, await Promise.all(steps)); // before anything is evaluated
  const { loss: checkLoss } = await evaluate({
    ...{ model, data: loaders.validation! },
    task: classification({ classes: own.classes }),
  });
  const checkLogits: number[] = [];
  model.eval();
  for await (const { images } of loaders.validation!.epoch(0)) {
    const inner = scope();
    const logits = model.forward(tensor(images)).data();
    inner.close();
    checkLogits.push(...(await logits));
  }
  optimizer.dispose();
  model.dispose();
  return { ...run, changes, factors: seen, checkLoss, checkLogits };
}

/** Keeps what each normalization multiplies its positive inputs by: least, mean, largest. */
function watchNormalization(model: Module, instead?: (x: Tensor) => Tensor): Map<string, Promise<number[]>[]> {
  const seen = new Map<string, Promise<number[]>[]>();
  for (const [name, layer] of model.children()) {
    if (!name.startsWith('norm')) continue;
    const forward = layer.forward.bind(layer);
    const own: Promise<number[]>[] = [];
    seen.set(name, own);
    layer.forward = (x) => {
      const y = instead ? instead(x) : forward(x);
      own.push(Promise.all([x.data(), y.data()]).then(([before, after]) => range(before, after)));
      return y;
    };
  }
  return seen;
}

function range(before: ArrayLike<number>, after: ArrayLike<number>): number[] {
  let [least, sum, most, count] = [Number.POSITIVE_INFINITY, 0, 0, 0];
  for (let i = 0; i < before.length; i++) {
    if (!(before[i] > 1e-6)) continue; // ratios of smaller ones are of rounding
    const ratio = after[i] / before[i];
    [least, sum, most, count] = [Math.min(least, ratio), sum + ratio, Math.max(most, ratio), count + 1];
  }
  return [least, sum / count, most];
}

function near(actual: number, expected: number, relative: number, what: string): void {
  const error = Math.abs(actual - expected) / Math.max(Math.abs(expected), 1e-9);
  assert.ok(error <= relative, `${what}: ${actual}, PyTorch has ${expected} (off by ${error.toExponential(1)})`);
}

async function follow(golden: GoldenCase): Promise<void> {
  const { colours, losses, factors, gradientNorms, changes, checkLogits, checkLoss } = await train(
    golden.args as never,
  );
  assertClose(
    colours.axisStd.map((d) => (d / 255) ** 2),
    golden.output('eigenvalues').data,
    { what: 'eigenvalues' },
  );
  assertClose(colours.axes.flat(), golden.output('axes').data, { what: 'axes', terms: 1000 });
  const { size } = golden.args as unknown as Args;
  const seventh = colours.meanImage!.filter((_, i) => (Math.floor(i / size) % size) % 7 === 0 && (i % size) % 7 === 0);
  assertClose(seventh, golden.output('mean_image').data, { what: 'mean picture' });
  for (const [t, expected] of golden.output('loss').data.entries())
    assert.ok(Math.abs(losses[t] - expected) < 1e-4, `loss of batch ${t}: ${losses[t]}, PyTorch has ${expected}`);
  for (const [name, value] of gradientNorms) {
    near(value, golden.output(`gradnorm.${name}`).data[0], 1e-3, `gradient norm of ${name}`);
    near(changes.get(name)!, golden.output(`change.${name}`).data[0], 2e-3, `change of ${name}`);
  }
  for (const i of [1, 2]) {
    const [found, expected] = [factors.get(`norm${i}`)!, golden.output(`lrn${i}`).data];
    assertClose(found.flat(), expected, { what: `what norm${i} multiplies by`, terms: 1000 });
  }
  assertClose(checkLogits, golden.output('check_logits').data, { what: 'logits in evaluation', terms: 1e4 });
  near(checkLoss, golden.output('check_loss').data[0], 1e-4, 'loss in evaluation');
}

test('the preset is the paper’s, and the quick one is not', () => {
  const { options } = presets.paper;
  assert.equal(options, {
    ...{ variant: 'paper', width: 1, image: 227, stored: 256, dropout: 0.5, dropoutScaling: 'evaluation' },
    ...{ poolDropout: [0.25, 0.25, 0.25], warmup: 0.3, ema: 0, area: 1, jitter: [0, 0, 0] },
    ...{ from: '', freeze: '', thaw: 0, featuresLr: 0, precision: 'f32' },
    ...{
      initialization: 'paper',
      batch: 128,
      epochs: 90,
      optimizer: 'sgd',
      lr: 0.01,
      momentum: 0.9,
      weightDecay: 5e-4,
    },
    ...{
      rateInVelocity: true,
      schedule: 'plateau',
      watch: 'error',
      labelSmoothing: 0,
      pixels: 'mean-image',
      flip: true,
    },
    ...{ colourShift: 0.1, colourScale: 'eigenvalue', validation: 0.05, limit: Number.POSITIVE_INFINITY, seed: 1 },
  });
  const same = Object.keys(options).filter(
    (key) => String(options[key as keyof RunOptions]) === String(presets.quick.options[key as keyof RunOptions]),
  );
  const kept = [
    ...['poolDropout', 'warmup', 'ema', 'area', 'jitter', 'from', 'freeze', 'thaw', 'featuresLr', 'precision'],
    ...['dropout', 'momentum', 'labelSmoothing', 'flip', 'colourShift', 'validation', 'limit', 'seed'],
  ];
  assert.equal(same.sort(), kept.sort());
});

test('the plateau of a run watches what the options say; without validation pictures, training', () => {
  const set = pictures(20, 75);
  const [own, check, none] = [set.subset([0, 1, 2, 3]), set.subset([4, 5]), set.subset([])];
  const small = { ...presets.paper.options, width: 1 / 16, image: 67, stored: 75, batch: 2 };
  for (const [watch, checked, expected] of [
    ['error', check, 'val_accuracy'],
    ['loss', check, 'val_loss'],
    ['error', none, 'accuracy'],
    ['loss', none, 'loss'],
  ] as const) {
    const options = { ...small, watch };
    const facts = { options, classes: set.classes, colours: coloursOf(own, options), folders: null };
    const { schedule, model, optimizer } = buildParts(facts, buildLoaders(facts, own, checked, 0));
    assert.equal([schedule?.each, schedule?.watch], ['epoch', expected]);
    assert.equal(optimizer.settings().groups, [
      { lr: 0.01, momentum: 0.9, dampening: 0, weightDecay: 5e-4, nesterov: false, rateInVelocity: true },
    ]);
    const rates = [0, 1, 2, 3, 4].map(() => {
      schedule!.rule.step(0.5); // no better than before
      return optimizer.lr;
    });
    assertClose(rates, [0.01, 0.01, 0.01, 0.01, 0.001], { what: 'rates while nothing improves' });
    model.dispose();
  }
});

const cases = goldenCases('paper');
for (const golden of cases) test(`ten batches as in PyTorch: ${golden.name}`, () => follow(golden));

test('each choice of the paper is seen in the losses', async () => {
  const golden = cases.find(({ name }) => name === 'grown')!;
  const expected = golden.output('loss').data;
  // More than ten times what the comparison above allows.
  const apart = (run: Run) => Math.max(...run.losses.map((loss, t) => Math.abs(loss - expected[t])));
  const others: Partial<RunOptions>[] = [
    { pixels: 'standard' },
    { pixels: 'mean-colour' },
    { colourScale: 'deviation' },
    { flip: false },
    { initialization: 'he' }, // its biases: the weights are set
    { dropoutScaling: 'training' },
    { rateInVelocity: false },
    { momentum: 0 },
  ];
  for (const more of others) {
    const difference = apart(await train(golden.args as never, more));
    assert.ok(difference > 1e-3, `${JSON.stringify(more)}: losses differ by ${difference}`);
  }
  const first = cases.find(({ name }) => name === 'ten_batches')!;
  const { changes } = await train(first.args as never, { weightDecay: 0 }); // little in a loss, much in what hardly moves
  const change = first.output('change.conv1.weight').data[0];
  assert.ok(Math.abs(changes.get('conv1.weight')! / change - 1) > 0.02, `${changes.get('conv1.weight')} and ${change}`);
  const constant = await train(golden.args as never, {}, (x) => mul(x, 2 ** -0.75));
  assert.ok(apart(constant) > 1e-3, 'a normalization that is a constant');
});

test('local response normalization is no constant on pixels from 0 to 255, and is one on pixels of deviation 1', async () => {
  const golden = cases.find(({ name }) => name === 'ten_batches')!;
  const spread = async (more: Partial<RunOptions>) => {
    const { factors } = await train(golden.args as never, more);
    const steps = factors.get('norm1')!;
    return Math.max(...steps.map(([, , most]) => most)) - Math.min(...steps.map(([least]) => least));
  };
  const [own, standard] = [await spread({}), await spread({ pixels: 'standard' })];
  assert.ok(own > 0.03, `from 0 to 255: ${own}`);
  assert.ok(standard < 1e-4, `of deviation 1: ${standard}`);
});

test.run();
