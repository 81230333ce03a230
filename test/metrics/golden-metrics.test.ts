// Metrics over batches of different sizes against scikit-learn's values (test/golden/metrics.py has a line for each case): by
// themselves, begun anew, and as a trainer keeps them, with a stop and a restart in the middle.
import * as assert from 'uvu/assert';
import { scope, type Tensor } from '../../src/index.js';
import type { StoredTensor } from '../../src/io/safetensors.js';
import * as metrics from '../../src/metrics/index.js';
import { useDevice } from '../support/device.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('metrics/golden-metrics');
test.before(useDevice);

/** A class of wgrad, and its options. */
type Made = [kind: string, options: object];

interface Args {
  batches: number;
  /** By the name of a figure; what follows the point is what is looked at. */
  figures: Record<string, Made>;
}

type Kind = new (...options: unknown[]) => metrics.Metric;

function make([kind, options]: Made, c: GoldenCase): metrics.Metric {
  const made = (metrics as unknown as Record<string, Kind>)[kind];
  if (kind !== 'ConfusionMatrix') return new made(options);
  return new made(
    Array.from({ length: c.output('ConfusionMatrix').shape[0] }, (_, i) => `class ${i}`),
    options,
  );
}

/** Feeds each batch, in a scope of its own. */
function feed(c: GoldenCase, from: number, to: number, take: (scores: Tensor, target: Tensor) => void): void {
  for (let i = from; i < to; i++) {
    using _ = scope();
    take(c.input(`scores${i}`), c.input(`target${i}`));
  }
}

const points = (metric: metrics.Metric, sums: Float64Array) => (metric as metrics.RocAuc).curve(sums).points;

/** What a figure is compared with: a number, or a list of them. */
function seen(name: string, metric: metrics.Metric, sums: Float64Array): number[] {
  if (name === 'ConfusionMatrix') return [...sums];
  if (name.endsWith('.perClass')) return (metric as metrics.Precision).perClass(sums);
  if (name === 'RocAuc.falsePositives') return points(metric, sums).map((point) => point[0]);
  if (name === 'RocAuc.truePositives') return points(metric, sums).map((point) => point[1]);
  return [metric.value(sums)];
}

/** By itself: update, compute and reset. */
async function alone(c: GoldenCase, metric: metrics.Metric, batches: number): Promise<Float64Array> {
  const update = (scores: Tensor, target: Tensor) => metric.update(scores, target);
  feed(c, 0, 1, update);
  metric.reset();
  assert.ok(Number.isNaN(await metric.compute()), 'a figure of nothing is NaN');
  feed(c, 0, batches, update);
  const sums = await metric.sums();
  assert.is(await metric.compute(), metric.value(sums));
  metric.reset();
  return sums;
}

/** As a trainer keeps it, stopped after a batch and restored from what a checkpoint holds. */
async function resumed(c: GoldenCase, metric: metrics.Metric, batches: number): Promise<Float64Array> {
  const [before, after] = [new metrics.Accumulator(metric.size), new metrics.Accumulator(metric.size)];
  feed(c, 0, 1, (scores, target) => before.add(metric.of(scores, target).sums));
  const tensors: Record<string, StoredTensor> = {};
  for (const [name, t] of Object.entries(before.tensors())) tensors[name] = { data: await t.data(), shape: t.shape };
  after.restore(JSON.parse(JSON.stringify(before.state())), tensors);
  before.reset();
  feed(c, 1, batches, (scores, target) => after.add(metric.of(scores, target).sums));
  const sums = await after.read();
  after.reset();
  return sums;
}

async function compare(c: GoldenCase): Promise<void> {
  const { batches, figures } = c.args as unknown as Args;
  const counted = new Map<string, Float64Array>(); // averages are made of the same statistics
  for (const [name, made] of Object.entries(figures)) {
    const metric = make(made, c);
    const key = JSON.stringify([made[0], { ...made[1], average: undefined }]);
    const sums = counted.get(key) ?? (await alone(c, metric, batches));
    if (!counted.has(key)) assert.equal(await resumed(c, metric, batches), sums, `${name} resumed`);
    counted.set(key, sums);
    const expected = c.output(name).data;
    // Where scores share a bin that are not equal, it may be off, but not by more than it says.
    const shared = name === 'RocAuc' && !c.name.startsWith('roc_apart');
    const allowed = shared ? [1e-7 + (metric as metrics.RocAuc).uncertainty(sums)] : undefined;
    assertClose(seen(name, metric, sums), expected, { what: name, ...(allowed && { allowed }) });
  }
}

for (const c of goldenCases('metrics')) test(c.name, () => compare(c));

test.run();
