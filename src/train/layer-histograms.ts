import { type AnyModule, requireModule } from '../layers/module.js';
import { checkOptions, whole } from '../options.js';
import { histogramOf, type LayerHistogram } from '../report/index.js';

/**
 * How each parameter of a model is spread, and its gradient where it holds one: for `reportHtml` and TensorBoard. Reads one after
 * the other from the GPU. `bins` 40 by default.
 */
export async function layerHistograms(model: AnyModule, options: { bins?: number } = {}): Promise<LayerHistogram[]> {
  requireModule('layerHistograms', model);
  checkOptions('layerHistograms', options, { bins: whole(1) });
  const { bins = 40 } = options;
  const layers: LayerHistogram[] = [];
  for (const [name, parameter] of model.namedParameters()) {
    const values = histogramOf(await parameter.data(), bins);
    const gradient = parameter.grad && histogramOf(await parameter.grad.data(), bins);
    layers.push({ name, values, ...(gradient ? { gradient } : {}) });
  }
  return layers;
}
