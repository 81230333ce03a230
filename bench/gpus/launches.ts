// Which kernels there are to compile: what the bench's cases launch in every variant, found by recording and launching nothing.
import { readFileSync } from 'node:fs';
import { withElements } from '../../src/device/bind-groups.js';
import { activeRecorder } from '../../src/device/commands.js';
import type { Shader, Slots } from '../../src/device/pipeline.js';
import { withoutMemory } from '../../src/device/pool.js';
import { KernelError, kernel } from '../../src/index.js';
import { forceVariant, matricesUsable, subgroupsUsable, type Variant } from '../../src/kernels/tile.js';
import { type Case, withoutNumbers } from '../case.js';
import { layerCases } from '../layers.js';
import { networkCases } from '../networks.js';
import { convCases, gemmCases } from '../products.js';

export interface Launched {
  shader: Shader;
  slots: Slots;
  /** A matrix product or a convolution; unknown of a user's own. */
  product?: boolean;
  /** The cases that launch it; of other variants than the choice with its name in front. */
  uses: string[];
}

const BATCH = 128;

/**
 * Of all cases with one of `words` in their names (all without) in every variant, or with `choice` in the chosen one alone; once for each
 * kernel with its slots. Products of halves are there where the GPU has matrix units.
 */
export async function launches(words: readonly string[], choice = false): Promise<Launched[]> {
  withoutNumbers();
  const found = new Map<string, Launched>();
  const forced: Variant[] = choice ? [] : [...(subgroupsUsable() ? (['subgroup'] as const) : []), 'tiled', 'plain'];
  const products = [...gemmCases(false), ...convCases(BATCH)];
  const halves = [...gemmCases(false, 2), ...convCases(BATCH, 2)];
  const others = [...layerCases(BATCH), ...networkCases(false)];
  for (const variant of [null, ...forced]) {
    forceVariant(variant);
    const of16 = matricesUsable() ? halves : [];
    for (const one of variant === null ? [...products, ...of16, ...others] : products) {
      if (!wanted(one, words)) continue;
      const use = variant ? `${variant}: ${one.name}` : one.name;
      await recordingOnly((shader, slots, flops) => {
        const label = labelOf(shader, slots);
        const known = found.get(label) ?? { shader, slots, product: flops > 0, uses: [] };
        if (!known.uses.includes(use)) known.uses.push(use);
        found.set(label, known);
      }, one);
    }
  }
  forceVariant(null);
  return [...found.values()];
}

const wanted = ({ group, name }: Case, words: readonly string[]) =>
  words.length === 0 || words.some((word) => `${group} ${name}`.includes(word));

/** A kernel of a user's own, as `kernel()` takes it, with the slots that its file has. @throws KernelError */
export function ownKernel(file: string): Launched {
  let code: string;
  try {
    code = readFileSync(file, 'utf8');
  } catch (error) {
    throw new KernelError(`gpus: ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const { shader } = kernel(code);
  return { shader, slots: {}, uses: [file] };
}

/** What tells kernels apart: the file's name and its slots. */
export function labelOf({ name }: Shader, slots: Slots): string {
  const entries = Object.entries(slots).map(([slot, value]) => `${slot}=${value}`);
  return entries.length === 0 ? name : `${name}(${entries.join(', ')})`;
}

/** Runs a case whose launches are noted, not recorded: no pipeline, no memory, no submit, and what is read is zero. */
async function recordingOnly(note: (shader: Shader, slots: Slots, flops: number) => void, one: Case): Promise<void> {
  const recorder = activeRecorder();
  const { run, upload, copy, read, acquire } = recorder;
  recorder.run = (shader, buffers, _params, { slots = {}, flops = 0 }) =>
    note(shader, withElements(shader, buffers, slots), flops);
  recorder.upload = recorder.copy = () => {};
  recorder.acquire = (bytes, label, elementBytes) => withoutMemory(recorder.host.pool, bytes, label, elementBytes);
  recorder.read = async (_from, bytes) => new ArrayBuffer(bytes);
  try {
    const prepared = await one.prepare();
    await prepared.run();
    await prepared.release();
  } finally {
    Object.assign(recorder, { run, upload, copy, read, acquire });
  }
}
