// How close the same training comes on two adapters: node scripts/run.mjs bench/adapters.ts [--other FILE]. Each run is a
// process of its own, because the Vulkan loader picks the driver once. Prints markdown for docs/reproducibility.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DataLoader, drawnStandIns, type ImageBatch } from '../src/data/index.js';
import {
  alexnet,
  crossEntropy,
  DeviceError,
  type DeviceInfo,
  deviceInfo,
  heNormalInit,
  init,
  type Module,
  manualSeed,
  SGD,
  scope,
  tensor,
  UsageError,
} from '../src/index.js';
import { readSafetensors, type StoredTensor, writeSafetensors } from '../src/io/index.js';
import { forceVariant } from '../src/kernels/tile.js';
import { numbers } from './case.js';

/** Where distributions put SwiftShader's manifest with Chromium. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const READ_AFTER = [1, 10, 50];
const BATCH = 8;
const KINDS = ['loss', 'gradient', 'weight'] as const;
const DROPOUTS = [0.5, 0];
/** About one rounding of a tensor's largest weight. */
const NUDGE = 1e-7;

type Tensors = Map<string, StoredTensor>;

/** What a child does other than to train as it is. */
interface Change {
  /** A recording whose first weights it begins with. */
  start?: string;
  /** Moves its first weights by up to NUDGE of each tensor's largest. */
  nudge?: boolean;
  /** The kernels without tiles, which tests compare the others with. */
  plain?: boolean;
}

/** What a run wrote: tensors named 'dropout/step/kind/name'. */
interface Recording {
  info: DeviceInfo;
  tensors: Tensors;
  seconds: number;
}

/** The batches of as many epochs as it takes. */
async function* batches(): AsyncGenerator<ImageBatch> {
  const dataset = drawnStandIns(96, 75, 1);
  const augment = { crop: 67, place: 'random', flip: true, colours: dataset.colours(), seed: 1 } as const;
  const loader = new DataLoader(dataset, { batchSize: BATCH, shuffle: true, augment });
  for (let epoch = 0; ; epoch++) yield* loader.epoch(epoch);
}

/** Reads weights, and gradients where there are any. */
async function readAll(model: Module, at: string, into: Tensors): Promise<void> {
  for (const [name, weight] of model.namedParameters()) {
    into.set(`${at}/weight/${name}`, { shape: weight.shape, data: await weight.data() });
    if (weight.grad) into.set(`${at}/gradient/${name}`, { shape: weight.shape, data: await weight.grad.data() });
  }
}

/** Weights of another run in place of a model's own, or its own moved a little. */
async function changeStart(model: Module, from: Tensors | undefined, nudge: boolean, prefix: string): Promise<void> {
  for (const [i, [name, weight]] of model.namedParameters().entries()) {
    if (from) weight.set(from.get(`${prefix}/${name}`)!.data);
    if (!nudge) continue;
    const values = Float32Array.from(await weight.data());
    const scale = NUDGE * values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const moves = numbers(values.length, i);
    weight.set(values.map((v, j) => v + scale * moves[j]));
  }
}

async function train(dropout: number, into: Tensors, from: Tensors | undefined, nudge: boolean): Promise<void> {
  manualSeed(1);
  const model = alexnet({ variant: 'dogcat', width: 1 / 16, imageSize: 67, dropout });
  for (const [name, weight] of model.namedParameters()) {
    if (name === 'fc8.weight') heNormalInit(weight); // 0 would make the first gradients of all other layers 0
  }
  await changeStart(model, from, nudge, `${dropout}/0/weight`);
  const optimizer = new SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  await readAll(model, `${dropout}/0`, into);
  let step = 0;
  for await (const { images, labels } of batches()) {
    const loss = await scope(() => {
      const logits = model.forward(tensor(images));
      const mean = crossEntropy(logits, tensor(labels));
      optimizer.zeroGrad();
      mean.backward();
      optimizer.step();
      return mean.data();
    });
    step++;
    if (!READ_AFTER.includes(step)) continue;
    into.set(`${dropout}/${step}/loss/loss`, { shape: [1], data: loss });
    await readAll(model, `${dropout}/${step}`, into);
    if (step === READ_AFTER.at(-1)) break;
  }
  optimizer.dispose();
  model.dispose();
}

/** The child: trains, and writes what it read. */
async function record(file: string, { start, nudge = false, plain = false }: Change): Promise<void> {
  await init();
  if (plain) forceVariant('plain');
  const from = start === undefined ? undefined : readSafetensors(readFileSync(start), start).tensors;
  const tensors: Tensors = new Map();
  for (const dropout of DROPOUTS) await train(dropout, tensors, from, nudge);
  writeFileSync(file, writeSafetensors(tensors, { device: JSON.stringify(deviceInfo()) }));
}

/** Runs the child with these settings. Kept tunings are left out: they would choose other kernels. */
function recorded(file: string, settings: Record<string, string>, { start, nudge, plain }: Change = {}): Recording {
  const began = performance.now();
  const { WGRAD_LIMITS: _limits, WGRAD_UNSAFE: _unsafe, ...rest } = process.env;
  const changes = [start ? ['--start', start] : [], nudge ? ['--nudge'] : [], plain ? ['--plain'] : []].flat();
  const { status, stderr } = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), '--record', file, ...changes],
    { env: { ...rest, WGRAD_TUNING: 'off', ...settings }, encoding: 'utf8' },
  );
  if (status !== 0) throw new DeviceError(`adapters: the run ${file} ended with ${status}: ${stderr.trim()}`);
  const { tensors, metadata } = readSafetensors(readFileSync(file), file);
  return { info: JSON.parse(metadata.device), tensors, seconds: (performance.now() - began) / 1000 };
}

/** The largest difference of two tensors, over the largest magnitude of the first; 0 only for the same bits. */
function difference(a: StoredTensor, b: StoredTensor): number {
  const bits = ({ data }: StoredTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bits(a).equals(bits(b))) return 0;
  let [worst, scale] = [0, Number.MIN_VALUE];
  for (let i = 0; i < a.data.length; i++) {
    const off = Math.abs(a.data[i] - b.data[i]);
    if (Number.isNaN(off)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, off);
    scale = Math.max(scale, Math.abs(a.data[i]));
  }
  return Math.max(worst / scale, Number.MIN_VALUE); // 0 and -0 are not the same bits
}

const SAME = 'same bits';

/** The largest and the median over the tensors of a kind; empty where there are none. */
function cell(a: Recording, b: Recording, prefix: string): string {
  const names = [...a.tensors.keys()].filter((name) => name.startsWith(prefix));
  if (names.length === 0) return '';
  const off = names.map((name) => difference(a.tensors.get(name)!, b.tensors.get(name)!)).sort((x, y) => x - y);
  if (off.at(-1) === 0) return SAME;
  const show = (value: number) => (value === 0 ? '0' : value.toExponential(0));
  return off.length === 1 ? show(off[0]) : `${show(off.at(-1)!)} (${show(off[off.length >> 1])})`;
}

/** A comparison's rows: one if everything agrees, else one for each step that was read. */
function rows(title: string, a: Recording, b: Recording): string[][] {
  const all = DROPOUTS.flatMap((dropout) =>
    [0, ...READ_AFTER].map((step) => {
      const cells = KINDS.map((kind) => cell(a, b, `${dropout}/${step}/${kind}/`));
      return [title, dropout > 0 ? 'with' : 'without', String(step), ...cells];
    }),
  );
  const same = all.every((row) => row.slice(3).every((text) => text === '' || text === SAME));
  return same ? [[title, 'both', 'all', SAME, SAME, SAME]] : all;
}

const nameOf = ({ device, architecture, description, subgroupSize, limits }: DeviceInfo) =>
  `${device || architecture}, ${description}, subgroups ${subgroupSize || 'not used'}, ${limits} limits`;

/** Every run that is compared with the first, by what is different. */
function others(folder: string, start: string, manifest: string): [string, Recording][] {
  const run = (name: string, settings: Record<string, string>, change?: Change) =>
    recorded(join(folder, `${name}.safetensors`), settings, change);
  const other = { VK_DRIVER_FILES: manifest };
  return [
    ['nothing', run('again', {})],
    ['`WGRAD_UNSAFE=1`', run('unsafe', { WGRAD_UNSAFE: '1' })],
    ['`WGRAD_LIMITS=default`', run('limits', { WGRAD_LIMITS: 'default' })],
    ['plain kernels', run('plain', {}, { plain: true })],
    [`first weights moved by ${NUDGE}`, run('nudged', {}, { nudge: true })],
    ['the adapter, not the first weights', run('other-same-start', other, { start })],
    ['the adapter', run('other', other)],
  ];
}

function compareAll(manifest: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-adapters-'));
  try {
    const start = join(folder, 'first.safetensors');
    const first = recorded(start, {});
    const compared = others(folder, start, manifest).map(([title, run]) => ({
      title,
      run,
      rows: rows(title, first, run),
    }));
    const head = ['what is different', 'dropout', 'step', 'loss', 'gradients', 'weights'];
    const table = [head, head.map(() => '---'), ...compared.flatMap((each) => each.rows)];
    const time = ({ seconds }: Recording) => `${seconds.toFixed(0)} s`;
    console.log(`${new Date().toISOString().slice(0, 10)}, against ${nameOf(first.info)} (${time(first)})\n`);
    for (const { title, run } of compared) console.log(`- ${title}: ${nameOf(run.info)} (${time(run)})`);
    console.log(`\n${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`);
    if (compared[0].rows.length > 1) {
      throw new DeviceError(
        'adapters: the same adapter gave other bits the second time; report this with the table above',
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { values } = parseArgs({
  options: {
    other: { type: 'string', default: SWIFTSHADER },
    record: { type: 'string' },
    start: { type: 'string' },
    nudge: { type: 'boolean' },
    plain: { type: 'boolean' },
  },
});
if (values.record) await record(values.record, values);
else {
  if (!existsSync(values.other)) {
    throw new UsageError(`adapters: there is no ${values.other}; name a driver's manifest with --other FILE`);
  }
  compareAll(values.other);
}
