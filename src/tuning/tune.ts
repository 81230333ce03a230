import { activeRecorder } from '../device/commands.js';
import { profile } from '../device/profile.js';
import { productKey, type Tiling, tilingName } from '../kernels/product.js';
import { choosingTilings } from '../kernels/tile.js';
import { addTuned } from '../kernels/tuned.js';
import { type AnyModule, requireModule } from '../layers/module.js';
import { callback, checkOptions, whole } from '../options.js';
import { type InputShape, shapesOf } from '../tensor/shape.js';
import { rehearsing } from './warmup.js';

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

const ROUNDS = 3;

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
    await rehearsing(model, async (body) => {
      const asked: [string, Tiling][] = [];
      const choose = (product: Parameters<typeof productKey>[0], all: readonly Tiling[]): Tiling => {
        const tiling = all[Math.min(place, all.length - 1)];
        asked.push([productKey(product), tiling]);
        return tiling;
      };
      const recorder = activeRecorder();
      const recorded = await recorder.rehearse(() => choosingTilings(choose, () => body(shapes)));
      for (let round = 0; round < ROUNDS; round++) {
        const { spans } = await profile(() => recorder.launch(recorded, ({ flops }) => flops > 0));
        for (const [i, { start, end }] of spans.entries()) note(times, asked[i], (end - start) / 1e6);
      }
    });
  }
  onProgress?.(candidates, candidates);
  const results = [...times].map(([product, ms]): Tuned => {
    const [[chosen]] = Object.entries(ms).sort(([, a], [, b]) => a - b);
    return { product, chosen, ms };
  });
  addTuned(results.map(({ product, chosen }) => [product, chosen]));
  return results;
}

/** Keeps the quickest round of a product with a tiling. */
function note(times: Map<string, Record<string, number>>, [product, tiling]: [string, Tiling], ms: number): void {
  const known = times.get(product) ?? {};
  times.set(product, known);
  const name = tilingName(tiling);
  known[name] = Math.min(known[name] ?? Number.POSITIVE_INFINITY, ms);
}
