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

/** Where distributions put SwiftShader's manifest with Chromium. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const READ_AFTER = [1, 10, 50];
const BATCH = 8;
const KINDS = ['loss', 'gradient', 'weight'] as const;
const KEPT_DROPOUT = [0.5, 0];

/** What a run wrote: tensors named 'dropout/step/kind/name'. */
interface Recording {
  info: DeviceInfo;
  tensors: Map<string, StoredTensor>;
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
async function readAll(model: Module, at: string, into: Map<string, StoredTensor>): Promise<void> {
  for (const [name, weight] of model.namedParameters()) {
    into.set(`${at}/weight/${name}`, { shape: weight.shape, data: await weight.data() });
    if (weight.grad) into.set(`${at}/gradient/${name}`, { shape: weight.shape, data: await weight.grad.data() });
  }
}

async function train(dropout: number, into: Map<string, StoredTensor>): Promise<void> {
  manualSeed(1);
  const model = alexnet({ variant: 'dogcat', width: 1 / 16, imageSize: 67, dropout });
  for (const [name, weight] of model.namedParameters()) {
    if (name === 'fc8.weight') heNormalInit(weight); // 0 would make the first gradients of all other layers 0
  }
  const optimizer = new SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  await readAll(model, `${dropout}/0`, into);
  let step = 0;
  for await (const { images, labels } of batches()) {
    const loss = await scope(() => {
      const logits = model.forward(tensor(images, { shape: [BATCH, 3, 67, 67] }));
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
async function record(file: string): Promise<void> {
  await init();
  const tensors = new Map<string, StoredTensor>();
  for (const dropout of KEPT_DROPOUT) await train(dropout, tensors);
  writeFileSync(file, writeSafetensors(tensors, { device: JSON.stringify(deviceInfo()) }));
}

/** Runs the child with these settings. Kept tunings are left out: they would make it another kernel. */
function recorded(folder: string, name: string, settings: Record<string, string>): Recording {
  const file = join(folder, `${name}.safetensors`);
  const start = performance.now();
  const { WGRAD_LIMITS: _limits, WGRAD_UNSAFE: _unsafe, ...rest } = process.env;
  const env = { ...rest, WGRAD_TUNING: 'off', ...settings };
  const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--record', file], {
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new DeviceError(`adapters: the run '${name}' ended with ${status}: ${stderr.trim()}`);
  const { tensors, metadata } = readSafetensors(readFileSync(file), file);
  return { info: JSON.parse(metadata.device), tensors, seconds: (performance.now() - start) / 1000 };
}

/** The largest difference of two tensors, over the largest magnitude of the first; 0 only for the same bits. */
function difference(a: StoredTensor, b: StoredTensor): number {
  const bits = ({ data }: StoredTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bits(a).equals(bits(b))) return 0;
  let [worst, scale] = [0, 0];
  for (let i = 0; i < a.data.length; i++) {
    const off = Math.abs(a.data[i] - b.data[i]);
    worst = Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(worst, off);
    scale = Math.max(scale, Math.abs(a.data[i]));
  }
  return Math.max(worst / scale, Number.MIN_VALUE); // 0 and -0 are not the same bits
}

/** One cell: the largest and the median over the tensors of a kind. */
function cell(a: Recording, b: Recording, prefix: string): string {
  const names = [...a.tensors.keys()].filter((name) => name.startsWith(prefix));
  if (names.length === 0) return '';
  const off = names.map((name) => difference(a.tensors.get(name)!, b.tensors.get(name)!)).sort((x, y) => x - y);
  if (off.at(-1) === 0) return 'same bits';
  const show = (value: number) => (value === 0 ? '0' : value.toExponential(1));
  return off.length === 1 ? show(off[0]) : `${show(off.at(-1)!)}, ${show(off[Math.floor(off.length / 2)])}`;
}

function rows(title: string, a: Recording, b: Recording): string[][] {
  return KEPT_DROPOUT.flatMap((dropout) =>
    [0, ...READ_AFTER].map((step) => {
      const cells = KINDS.map((kind) => cell(a, b, `${dropout}/${step}/${kind}/`));
      return [title, dropout > 0 ? 'with' : 'without', String(step), ...cells];
    }),
  );
}

const nameOf = ({ description, device, architecture, subgroupSize, limits }: DeviceInfo) =>
  `${device || architecture} (${description}), subgroups ${subgroupSize || 'not used'}, ${limits} limits`;

function compareAll(other: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-adapters-'));
  try {
    const first = recorded(folder, 'first', {});
    const others: [string, Recording][] = [
      ['the same again', recorded(folder, 'again', {})],
      ['`WGRAD_UNSAFE=1`', recorded(folder, 'unsafe', { WGRAD_UNSAFE: '1' })],
      ['`WGRAD_LIMITS=default`', recorded(folder, 'default-limits', { WGRAD_LIMITS: 'default' })],
      ['the other adapter', recorded(folder, 'other', { VK_DRIVER_FILES: other })],
    ];
    const head = ['against', 'dropout', 'step', 'loss', 'gradients', 'weights'];
    const table = [head, head.map(() => '---'), ...others.flatMap(([title, run]) => rows(title, first, run))];
    console.log(`${new Date().toISOString().slice(0, 10)}. All against ${nameOf(first.info)}, ${time(first)}.`);
    for (const [title, run] of others) console.log(`- ${title}: ${nameOf(run.info)}, ${time(run)}`);
    console.log(`\n${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`);
    if (others[0][1].tensors.size !== first.tensors.size || rows('', first, others[0][1]).some(differs)) {
      throw new DeviceError('adapters: the same adapter gave other bits the second time; this must not be');
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const time = ({ seconds }: Recording) => `${seconds.toFixed(0)} s`;
const differs = (row: string[]) => row.slice(3).some((text) => text !== '' && text !== 'same bits');

const { values } = parseArgs({ options: { other: { type: 'string' }, record: { type: 'string' } } });
if (values.record) await record(values.record);
else {
  const other = values.other ?? SWIFTSHADER;
  if (!existsSync(other)) throw new UsageError(`adapters: there is no ${other}; name a driver's manifest with --other`);
  compareAll(other);
}
