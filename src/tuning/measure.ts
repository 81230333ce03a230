import { activeRecorder } from '../device/commands.js';
import { profile } from '../device/profile.js';
import { type Product, productKey, type Tiling, tilingName } from '../kernels/product.js';
import { choosingTilings } from '../kernels/tile.js';
import type { AnyModule } from '../layers/module.js';
import type { Shape } from '../tensor/shape.js';
import { rehearsing } from './rehearse.js';

export type Choose = (product: Product, tilings: readonly Tiling[]) => Tiling;

/** A product of a model with one of its tilings, as the tuner's table names both. */
export interface Timed {
  product: string;
  tiling: string;
  /** The quickest of three rounds. */
  ms: number;
}

const ROUNDS = 3;

/**
 * Times the matrix products and convolutions of a model, or `only` one of them, with the tilings that `choose` gives. Nothing if
 * others launched in between. Needs timestamps.
 */
export async function measure(
  model: AnyModule,
  shapes: readonly Shape[],
  choose: Choose,
  { only, precision }: { only?: string; precision?: 'f32' | 'f16' } = {},
): Promise<Timed[]> {
  const timed: Timed[] = [];
  const wanted = (product?: string) => only === undefined || product === only;
  await rehearsing(
    model,
    async (body) => {
      const asked: Timed[] = [];
      const noting: Choose = (product, all) => {
        const tiling = choose(product, all);
        asked.push({ product: productKey(product), tiling: tilingName(tiling), ms: Number.POSITIVE_INFINITY });
        return tiling;
      };
      const recorder = activeRecorder();
      const recorded = await recorder.rehearse(() => choosingTilings(noting, () => body(shapes)));
      timed.push(...asked.filter(({ product }) => wanted(product)));
      for (let round = 0; round < ROUNDS; round++) {
        let place = 0;
        const { spans } = await profile(() =>
          recorder.launch(recorded, ({ flops }) => flops > 0 && wanted(asked[place++]?.product)),
        );
        if (spans.length !== timed.length) return void timed.splice(0);
        for (const [i, { start, end }] of spans.entries()) timed[i].ms = Math.min(timed[i].ms, (end - start) / 1e6);
      }
    },
    precision,
  );
  return timed;
}
