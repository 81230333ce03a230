import { features, launchPolicy } from '../device/runtime.js';
import { UsageError } from '../errors.js';
import { productKey } from '../kernels/product.js';
import { forcedVariant, preferredTiling } from '../kernels/tile.js';
import { addTuned, tunedChoices, tuningOff } from '../kernels/tuned.js';
import type { AnyModule } from '../layers/module.js';
import type { Shape } from '../tensor/shape.js';
import { measure, type Timed } from './measure.js';

/** Tilings measured for a product, best estimates first. */
const CANDIDATES = 4;
const MILLISECONDS = 1000;
/** What another tiling must be beside the estimate's to be taken: less than that is noise. */
const QUICKER = 0.97;

/** Whether `warmup` measures: on GPUs that have timestamps, unless that is switched off or a variant is forced. */
export function mayTune(): boolean {
  if (!launchPolicy().tunes || !features().has('timestamp-query')) return false;
  return !tuningOff() && forcedVariant() === null;
}

/**
 * Measures those of `products` that the table has not, the longest first, until the time is over. All are in the table afterwards,
 * those that were not reached with their estimate's tiling: a resumed run has the same kernels as the one that was cut off.
 */
export async function tuneBriefly(
  model: AnyModule,
  shapes: readonly Shape[],
  products: Iterable<string>,
  {
    milliseconds = MILLISECONDS,
    candidates = CANDIDATES,
    precision = 'f32',
  }: { milliseconds?: number; candidates?: number; precision?: 'f32' | 'f16' } = {},
): Promise<void> {
  const end = performance.now() + milliseconds;
  const fresh = new Set([...products].filter((product) => !tunedChoices().has(product)));
  if (fresh.size === 0) return;
  const usual = await measure(model, shapes, preferredTiling, { precision }).catch(nothing);
  if (usual.length === 0 || usual.every(({ ms }) => isCoarse(ms))) return;
  const chosen = new Map<string, string>();
  for (const { product, tiling } of usual) if (fresh.has(product)) chosen.set(product, tiling);
  for (const { product, tiling } of usual.sort((a, b) => b.ms - a.ms)) {
    if (!fresh.delete(product)) continue;
    const times = new Map<string, number>();
    // The estimate's again at the end: a card's clock rises while it is measured.
    for (const place of [...Array(candidates).keys(), 0]) {
      if (performance.now() >= end) break;
      const timed = await measure(
        model,
        shapes,
        (one, all) => (productKey(one) === product && all[place]) || preferredTiling(one, all),
        { only: product, precision },
      ).catch(nothing);
      for (const { tiling: name, ms } of timed) times.set(name, Math.min(ms, times.get(name) ?? ms));
    }
    const estimated = times.get(tiling) ?? 0;
    const [best, ms] = [...times].reduce((a, b) => (b[1] < a[1] ? b : a), [tiling, estimated]);
    if (ms < QUICKER * estimated) chosen.set(product, best);
  }
  addTuned(chosen);
}

/** Where a profile of the caller's is under way, which is no reason for a warmup to fail. */
function nothing(error: Error): Timed[] {
  if (error instanceof UsageError) return [];
  throw error;
}

/** Browsers round times to 0.1 ms, which is longer than most products take. */
const isCoarse = (ms: number) => Math.abs(ms * 10 - Math.round(ms * 10)) < 1e-6;
