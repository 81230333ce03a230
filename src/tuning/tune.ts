import { addTuned } from '../kernels/tuned.js';
import { type AnyModule, requireModule } from '../layers/module.js';
import { callback, checkOptions, whole } from '../options.js';
import { type InputShape, shapesOf } from '../tensor/shape.js';
import { measure } from './measure.js';

/** How much `tune` tries. */
export interface TuneOptions {
  /** Tilings measured for each product, best estimates first. Default 4. */
  candidates?: number;
  /** Called before each candidate, and at the end. */
  onProgress?: (done: number, all: number) => void;
}

/** One product's outcome: what was measured, in milliseconds by tiling, and which was taken. */
export interface Tuned {
  /** Its sizes, such as '96x3025x363 8x1'. */
  product: string;
  /** The quickest tiling, such as 'subgroup 2x4'. */
  chosen: string;
  /** Milliseconds of the quickest of three rounds, by tiling. */
  ms: Record<string, number>;
}

/**
 * Measures tilings for every matrix product and convolution that a model needs for inputs of this shape (or these), and uses the
 * quickest from now on; kept on disk by adapter (in a browser in its local storage). WGRAD_TUNING=off ignores what was kept.
 * Any tiling gives right answers; sums may round differently. Needs timestamps.
 * @throws UsageError for options that it does not know, ShapeError for a shape that is none.
 */
export async function tune(model: AnyModule, inputShape: InputShape, options: TuneOptions = {}): Promise<Tuned[]> {
  checkOptions('tune', options, { candidates: whole(1), onProgress: callback });
  requireModule('tune', model);
  const shapes = shapesOf('tune', inputShape);
  const { candidates = 4, onProgress } = options;
  const times = new Map<string, Record<string, number>>();
  for (let place = 0; place < candidates; place++) {
    onProgress?.(place, candidates);
    const timed = await measure(model, shapes, (_, all) => all[Math.min(place, all.length - 1)]);
    for (const { product, tiling, ms } of timed) {
      const known = times.get(product) ?? {};
      times.set(product, known);
      known[tiling] = Math.min(known[tiling] ?? Number.POSITIVE_INFINITY, ms);
    }
  }
  onProgress?.(candidates, candidates);
  const results = [...times].map(([product, ms]): Tuned => {
    const [[chosen]] = Object.entries(ms).sort(([, a], [, b]) => a - b);
    return { product, chosen, ms };
  });
  addTuned(results.map(({ product, chosen }) => [product, chosen]));
  return results;
}
