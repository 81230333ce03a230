import { activeRecorder } from '../device/commands.js';
import { productKey } from '../kernels/product.js';
import { choosingTilings, preferredTiling } from '../kernels/tile.js';
import { type AnyModule, requireModule } from '../layers/module.js';
import { callback, checkOptions, oneOf } from '../options.js';
import { type InputShape, type Shape, shapesOf } from '../tensor/shape.js';
import { mayTune, tuneBriefly } from './brief.js';
import { rehearsing } from './rehearse.js';

/**
 * Compiles the kernels that a model needs for inputs of this shape (or these, one for each input), so that the first step does not wait for them:
 * forward and, in training mode, backward from cross entropy (or from the sum, for outputs that are not (batch, classes)).
 * `precision` 'f16' is of a trainer's. Nothing is computed: weights, gradients, statistics and the random stream are as before. On a GPU the products and convolutions
 * that no tuner has seen yet are then timed in some tilings, for a second at most; `tune` says what is kept of it.
 * @throws UsageError for options that it does not know, ShapeError for a shape that is none.
 */
export async function warmup(
  model: AnyModule,
  inputShape: InputShape,
  options: { precision?: 'f32' | 'f16'; onProgress?: (done: number, all: number) => void } = {},
): Promise<void> {
  checkOptions('warmup', options, { precision: oneOf('f32', 'f16'), onProgress: callback });
  requireModule('warmup', model);
  const shapes = shapesOf('warmup', inputShape);
  const { precision = 'f32', onProgress } = options;
  const products = new Set<string>();
  const rehearsed = async (body: (shapes: readonly Shape[]) => void) => {
    const noting = () =>
      choosingTilings(
        (product, all) => {
          products.add(productKey(product));
          return preferredTiling(product, all);
        },
        () => body(shapes),
      );
    await activeRecorder().rehearse(noting, onProgress);
  };
  await rehearsing(model, rehearsed, precision);
  if (mayTune()) await tuneBriefly(model, shapes, products, { precision });
}
