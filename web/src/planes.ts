// Pictures, filters and feature maps as bytes, for canvases.
import { inEvaluation, type Module, noGrad, scope, type Tensor, tensor } from 'wgrad';
import type { ImageDataset } from 'wgrad/data';

/** Planes of numbers as bytes: (count, channels, height, width). */
export interface Planes {
  count: number;
  channels: 1 | 3;
  height: number;
  width: number;
  bytes: Uint8Array;
}

/** The maps of one layer. */
export interface LayerMaps {
  layer: string;
  planes: Planes;
}

/** The first pictures of a data set. */
export function planesOf(dataset: ImageDataset, count: number): Planes {
  const { size } = dataset;
  const bytes = new Uint8Array(count * 3 * size * size);
  for (let i = 0; i < count; i++) bytes.set(dataset.pixels(i), i * 3 * size * size);
  return { count, channels: 3, height: size, width: size, bytes };
}

/** What a convolution of colour pictures looks for. */
export async function filtersOf({ weight }: { weight: Tensor }): Promise<Planes> {
  const [count, , height, width] = weight.shape;
  return scaled(await weight.data(), { count, channels: 3, height, width });
}

/** What every convolution and pool of a network makes of a picture (3, side, side). */
export function mapsOf(
  model: { children(): Iterable<[string, Module]> } & Module,
  input: Float32Array,
  side: number,
): Promise<LayerMaps[]> {
  return inEvaluation(model, () => {
    using _inside = scope();
    return noGrad(() => {
      const seen: Promise<LayerMaps>[] = [];
      let x = tensor(input, { shape: [1, 3, side, side] });
      for (const [name, layer] of model.children()) {
        x = layer.forward(x);
        if (x.shape.length < 4) break;
        if (!/^(relu|pool)/.test(name)) continue;
        const [, count, height, width] = x.shape;
        const shape = { count, channels: 1, height, width } as const;
        const layerName = name.replace('relu', 'conv');
        seen.push(x.data().then((data) => ({ layer: layerName, planes: scaled(data as Float32Array, shape) })));
      }
      return Promise.all(seen);
    });
  });
}

/** Each plane (or colour picture) stretched to 0 .. 255. */
function scaled(data: ArrayLike<number>, shape: Omit<Planes, 'bytes'>): Planes {
  const { count, channels, height, width } = shape;
  const each = channels * height * width;
  const bytes = new Uint8Array(count * each);
  for (let n = 0; n < count; n++) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = n * each; i < (n + 1) * each; i++) {
      low = Math.min(low, data[i]);
      high = Math.max(high, data[i]);
    }
    const scale = high > low ? 255 / (high - low) : 0;
    for (let i = n * each; i < (n + 1) * each; i++) bytes[i] = (data[i] - low) * scale;
  }
  return { ...shape, bytes };
}
