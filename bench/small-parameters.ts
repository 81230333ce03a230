// What joining small parameters saves: updates of networks as ResNet-18 and ResNet-50, narrow, and of AlexNet, which has few tensors.
//   node scripts/run.mjs bench/small-parameters.ts [--rounds 9]
import { parseArgs } from 'node:util';
import {
  Adam,
  type AnyModule,
  activity,
  add,
  alexnet,
  BatchNorm2d,
  Conv2d,
  clipGradNorm,
  crossEntropy,
  deviceInfo,
  div,
  ExponentialMovingAverage,
  GradScaler,
  init,
  Linear,
  Module,
  manualSeed,
  mean,
  minimum,
  mul,
  noGrad,
  relu,
  SGD,
  scope,
  sqrt,
  square,
  sum,
  sync,
  type Tensor,
  tensor,
} from '../src/index.js';
import { numbers } from './case.js';
import { summarize } from './measure.js';

class Unit extends Module {
  readonly conv: Conv2d;
  readonly norm: BatchNorm2d;
  constructor(from: number, to: number, size: number, stride = 1) {
    super();
    this.conv = new Conv2d(from, to, size, { stride, padding: size >> 1, bias: false });
    this.norm = new BatchNorm2d(to);
  }
  forward(x: Tensor): Tensor {
    return this.norm.forward(this.conv.forward(x));
  }
}

class Block extends Module {
  readonly units: Unit[];
  readonly skip: Unit | null;
  constructor(from: number, to: number, stride: number, sizes: number[]) {
    super();
    const inner = sizes.length === 3 ? to / 4 : to;
    const widths = sizes.map((_, i) => (i === sizes.length - 1 ? to : inner));
    this.units = sizes.map(
      (size, i) => new Unit(i ? widths[i - 1] : from, widths[i], size, i === sizes.length - 2 ? stride : 1),
    );
    this.skip = stride > 1 || from !== to ? new Unit(from, to, 1, stride) : null;
  }
  forward(x: Tensor): Tensor {
    let y = x;
    for (const [i, unit] of this.units.entries()) {
      y = unit.forward(y);
      if (i < this.units.length - 1) y = relu(y);
    }
    return relu(add(y, this.skip ? this.skip.forward(x) : x));
  }
}

class ResNet extends Module {
  readonly stem: Unit;
  readonly blocks: Block[] = [];
  readonly head: Linear;
  constructor(depths: number[], widths: number[], sizes: number[]) {
    super();
    this.stem = new Unit(3, widths[0], 3);
    let from = widths[0];
    for (const [stage, depth] of depths.entries()) {
      for (let i = 0; i < depth; i++) {
        this.blocks.push(new Block(from, widths[stage], stage > 0 && i === 0 ? 2 : 1, sizes));
        from = widths[stage];
      }
    }
    this.head = new Linear(from, 10);
  }
  forward(x: Tensor): Tensor {
    let y = relu(this.stem.forward(x));
    for (const block of this.blocks) y = block.forward(y);
    return this.head.forward(mean(y, [2, 3]));
  }
}

/** What clipGradNorm was before gradients were joined: four launches and a copy each. */
function clipAlone(params: readonly Tensor[], maxNorm: number): void {
  using _ = scope();
  noGrad(() => {
    const grads = params.flatMap(({ grad }) => grad ?? []);
    const norm = sqrt(grads.map((g) => sum(square(g))).reduce((a, b) => add(a, b)));
    const factor = minimum(div(maxNorm, add(norm, 1e-6)), tensor(1));
    for (const g of grads) g.copy(mul(g, factor));
  });
}

/** An `update` of their own is given parameters one by one. A scaler joins their gradients all the same. */
class AloneSGD extends SGD {
  protected override update(...args: Parameters<SGD['update']>): void {
    super.update(...args);
  }
}
class AloneAdam extends Adam {
  protected override update(...args: Parameters<Adam['update']>): void {
    super.update(...args);
  }
}

const { values } = parseArgs({ options: { rounds: { type: 'string' } } });
const rounds = Number(values.rounds ?? 9);
await init();

const networks: Record<string, { side: number; make: () => AnyModule }> = {
  'ResNet-18': { side: 32, make: () => new ResNet([2, 2, 2, 2], [16, 32, 64, 128], [3, 3]) },
  'ResNet-50': { side: 32, make: () => new ResNet([3, 4, 6, 3], [32, 64, 128, 256], [1, 3, 1]) },
  'AlexNet, quick preset': { side: 115, make: () => alexnet({ variant: 'dogcat', width: 0.25, imageSize: 115 }) },
};
const HOW = ['SGD', 'SGD, clipped', 'Adam', 'Adam, scaler, average'];

function prepare({ side, make }: (typeof networks)[string], how: string, alone: boolean) {
  manualSeed(1);
  const model = make();
  const params = model.parameters();
  const sgd = { lr: 1e-3, momentum: 0.9, weightDecay: 1e-4 };
  const rule = how === 'SGD' ? new (alone ? AloneSGD : SGD)(params, sgd) : new (alone ? AloneAdam : Adam)(params);
  const scaler = how.includes('scaler') ? new GradScaler() : undefined;
  const average = how.includes('average') ? new ExponentialMovingAverage(model) : undefined;
  const x = tensor({ data: numbers(2 * 3 * side * side, 1), shape: [2, 3, side, side] });
  const labels = tensor(Int32Array.of(0, 1));
  const passes = () => {
    using _ = scope();
    const loss = crossEntropy(model.forward(x), labels);
    rule.zeroGrad();
    (scaler ? scaler.scale(loss) : loss).backward();
  };
  const update = () => {
    if (how.includes('clipped')) (alone ? clipAlone : clipGradNorm)(params, 1);
    if (scaler) {
      scaler.step(rule);
      scaler.update();
    } else rule.step();
    average?.update();
  };
  const figures = { step: [] as number[], update: [] as number[], launches: 0 };
  const round = async (counts: boolean) => {
    const begin = performance.now();
    passes();
    await sync();
    const between = performance.now();
    const before = activity().dispatches;
    update();
    figures.launches = activity().dispatches - before;
    await sync();
    const end = performance.now();
    if (!counts) return;
    figures.step.push(end - begin);
    figures.update.push(end - between);
  };
  const release = () => {
    for (const part of [rule, model, scaler, average, x, labels]) part?.dispose();
  };
  return { figures, round, release, tensors: params.length };
}

console.log(`${deviceInfo().description}; medians of ${rounds} rounds in turn, in ms: each parameter alone -> joined`);
for (const [name, network] of Object.entries(networks)) {
  for (const how of HOW) {
    const runs = [true, false].map((alone) => prepare(network, how, alone));
    for (let round = -2; round < rounds; round++) for (const run of runs) await run.round(round >= 0);
    const [alone, joined] = runs.map(({ figures }) => figures);
    const change = (of: 'step' | 'update') =>
      [alone, joined].map((figures) => summarize(figures[of]).ms.toFixed(2)).join(' -> ');
    console.log(
      `${name}, ${runs[0].tensors} tensors, ${how}: update ${change('update')}, ` +
        `${alone.launches} -> ${joined.launches} launches; step ${change('step')}`,
    );
    for (const run of runs) run.release();
  }
}
process.exit(0);
