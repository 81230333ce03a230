// Pools: every window, pixel by pixel.
import fc from 'fast-check';
import { adaptiveAvgPool2d, avgPool2d, maxPool2d, upsampleNearest2d } from '../../../src/index.js';
import { forceVariant } from '../../../src/kernels/tile.js';
import { sizeOf } from './indexing.js';
import type { Property } from './property.js';
import { Sums } from './sums.js';
import { compare, DENORMALS, type Expected, type Input, type Setting, settings, valuesOf } from './trial.js';

type Two = [number, number];

interface Case {
  batch: number;
  channels: number;
  kernel: Two;
  /** 0: the kernel's own size. */
  stride: Two;
  /** Of half the kernel. */
  padding: Two;
  dilation: Two;
  extra: Two;
  ceilMode: boolean;
  countIncludePad: boolean;
  plain: boolean;
  setting: Setting;
}

const two = (max: number, min = 0) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const casesOf = (setting: fc.Arbitrary<Setting>): fc.Arbitrary<Case> =>
  fc
    .record({
      batch: fc.integer({ min: 1, max: 3 }),
      channels: fc.oneof(
        { weight: 60, arbitrary: fc.integer({ min: 1, max: 5 }) },
        { weight: 1, arbitrary: fc.constant(70_001) },
      ),
      kernel: two(5, 1),
      stride: two(5),
      padding: two(2),
      dilation: fc.oneof({ weight: 3, arbitrary: fc.constant<Two>([1, 1]) }, { weight: 1, arbitrary: two(3, 1) }),
      extra: two(9),
      ceilMode: fc.boolean(),
      countIncludePad: fc.boolean(),
      plain: fc.boolean(),
      setting,
    })
    .map((c) => (c.channels > 1000 ? { ...c, batch: 1, kernel: [1, 2], extra: [0, 1] } : c));

interface Axis {
  size: number;
  out: number;
  padding: number;
  stride: number;
  /** For an output, which pixels of a window with how many places lie inside. */
  pixels(o: number): number[];
  /** How many places of a window lie in the image and its padding. */
  places(o: number): number;
}

/** PyTorch's sizes: a window that ceil mode adds must start inside the image or the padding before it. */
function axis(c: Case, a: 0 | 1, dilation: number): Axis {
  const kernel = c.kernel[a];
  const stride = c.stride[a] || kernel;
  const padding = Math.min(c.padding[a], Math.floor(kernel / 2));
  const span = (kernel - 1) * dilation + 1;
  const size = Math.max(1, span - 2 * padding) + c.extra[a];
  const steps = (size + 2 * padding - span) / stride;
  let out = (c.ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
  if (c.ceilMode && (out - 1) * stride >= size + padding) out--;
  const taps = (o: number) => Array.from({ length: kernel }, (_, k) => o * stride - padding + k * dilation);
  return {
    ...{ size, out, padding, stride },
    pixels: (o) => taps(o).filter((i) => i >= 0 && i < size),
    places: (o) => taps(o).filter((i) => i < size + padding).length,
  };
}

/** The pixels of each window, as places in x. */
function eachWindow(
  planes: number,
  v: Axis,
  h: Axis,
  visit: (y: number, pixels: number[], oy: number, ox: number) => void,
) {
  for (let plane = 0; plane < planes; plane++) {
    for (let oy = 0; oy < v.out; oy++) {
      for (let ox = 0; ox < h.out; ox++) {
        const pixels = v.pixels(oy).flatMap((iy) => h.pixels(ox).map((ix) => (plane * v.size + iy) * h.size + ix));
        visit((plane * v.out + oy) * h.out + ox, pixels, oy, ox);
      }
    }
  }
}

function shapesOf(c: Case, v: Axis, h: Axis): { x: Input; yShape: number[]; planes: number; item: number } {
  const shape = [c.batch, c.channels, v.size, h.size];
  const x = { shape, data: valuesOf(sizeOf(shape), c.setting) };
  const yShape = [c.batch, c.channels, v.out, h.out];
  return { x, yShape, planes: c.batch * c.channels, item: Math.max(v.size * h.size, v.out * h.out) };
}

async function checkMax(c: Case): Promise<void> {
  const [v, h] = [axis(c, 0, c.dilation[0]), axis(c, 1, c.dilation[1])];
  const { x, yShape, planes, item } = shapesOf(c, v, h);
  const winners = new Int32Array(sizeOf(yShape));
  let empty = false;
  eachWindow(planes, v, h, (y, pixels) => {
    if (pixels.length === 0) empty = true;
    // PyTorch's choice: the first of equals, the last NaN.
    const wins = (i: number, best: number) => x.data[i] > x.data[best] || Number.isNaN(x.data[i]);
    winners[y] = pixels.reduce((best, i) => (wins(i, best) ? i : best), pixels[0]);
  });
  fc.pre(!empty); // a dilated window with every place in the padding is refused; test/ops/invalid.test.ts
  const y = Sums.of(
    yShape,
    Float64Array.from(winners, (at) => x.data[at]),
  );
  const gradients = (dy: Float32Array) => {
    const dx = new Sums(x.shape);
    winners.forEach((at, i) => {
      dx.add(at, dy[i]);
    });
    return [dx];
  };
  forceVariant(c.plain ? 'plain' : null); // of the gradient
  try {
    const options = { kernelSize: c.kernel, stride: [v.stride, h.stride], padding: [v.padding, h.padding] } as const;
    const op = (...[t]: Parameters<Parameters<typeof compare>[0]>) =>
      maxPool2d(t, { ...options, dilation: c.dilation, ceilMode: c.ceilMode });
    await compare(op, [x], { y, gradients }, c.setting, item);
  } finally {
    forceVariant(null);
  }
}

/** What a mean over given pixels is, and its gradient. */
function means(
  x: Input,
  yShape: readonly number[],
  each: (visit: (y: number, pixels: number[], count: number) => void) => void,
): Expected {
  const y = new Sums(yShape);
  each((to, pixels, count) => {
    for (const i of pixels) y.add(to, x.data[i] / count, Math.abs(x.data[i]));
  });
  const gradients = (dy: Float32Array) => {
    const dx = new Sums(x.shape);
    each((from, pixels, count) => {
      for (const i of pixels) dx.add(i, dy[from] / count);
    });
    return [dx];
  };
  return { y, gradients };
}

async function checkAverage(c: Case): Promise<void> {
  const [v, h] = [axis(c, 0, 1), axis(c, 1, 1)];
  const { x, yShape, planes, item } = shapesOf(c, v, h);
  const { ceilMode, countIncludePad } = c;
  const expected = means(x, yShape, (visit) =>
    eachWindow(planes, v, h, (y, pixels, oy, ox) =>
      visit(y, pixels, countIncludePad ? v.places(oy) * h.places(ox) : pixels.length),
    ),
  );
  const options = { kernelSize: c.kernel, stride: [v.stride, h.stride], padding: [v.padding, h.padding] } as const;
  await compare((t) => avgPool2d(t, { ...options, ceilMode, countIncludePad }), [x], expected, c.setting, item);
}

interface AdaptiveCase {
  batch: number;
  channels: number;
  size: Two;
  out: Two;
  setting: Setting;
}

const adaptiveCases: fc.Arbitrary<AdaptiveCase> = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  channels: fc.integer({ min: 1, max: 5 }),
  size: two(14, 1),
  out: two(9, 1),
  setting: settings(),
});

/** Window o of n covers the pixels from floor(o * size / n) up to ceil((o + 1) * size / n). */
async function checkAdaptive(c: AdaptiveCase): Promise<void> {
  const along = (a: 0 | 1, o: number) => {
    const [first, end] = [Math.floor((o * c.size[a]) / c.out[a]), Math.ceil(((o + 1) * c.size[a]) / c.out[a])];
    return Array.from({ length: end - first }, (_, i) => first + i);
  };
  const shape = [c.batch, c.channels, ...c.size];
  const x = { shape, data: valuesOf(sizeOf(shape), c.setting) };
  const expected = means(x, [c.batch, c.channels, ...c.out], (visit) => {
    for (let i = 0; i < c.batch * c.channels * c.out[0] * c.out[1]; i++) {
      const plane = Math.floor(i / (c.out[0] * c.out[1]));
      const rows = along(0, Math.floor(i / c.out[1]) % c.out[0]);
      const columns = along(1, i % c.out[1]);
      const pixels = rows.flatMap((iy) => columns.map((ix) => (plane * c.size[0] + iy) * c.size[1] + ix));
      visit(i, pixels, pixels.length);
    }
  });
  const item = Math.max(sizeOf(c.size), sizeOf(c.out));
  await compare((t) => adaptiveAvgPool2d(t, c.out), [x], expected, c.setting, item);
}

interface UpsampleCase extends Omit<AdaptiveCase, 'out'> {
  scale: number;
}

const upsampleCases: fc.Arbitrary<UpsampleCase> = fc.record({
  batch: fc.integer({ min: 0, max: 3 }),
  channels: fc.integer({ min: 1, max: 5 }),
  size: two(9, 1),
  scale: fc.integer({ min: 1, max: 4 }),
  setting: settings(),
});

/** Each pixel is the mean of one: itself. */
async function checkUpsample({ batch, channels, size, scale, setting }: UpsampleCase): Promise<void> {
  const shape = [batch, channels, ...size];
  const [height, width] = size.map((n) => n * scale);
  const x = { shape, data: valuesOf(sizeOf(shape), setting) };
  const expected = means(x, [batch, channels, height, width], (visit) => {
    for (let i = 0; i < batch * channels * height * width; i++) {
      const [plane, row, column] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
      visit(i, [(plane * size[0] + Math.floor(row / scale)) * size[1] + Math.floor(column / scale)], 1);
    }
  });
  await compare((t) => upsampleNearest2d(t, scale), [x], expected, setting, height * width);
}

export const upsampleNearest2dProperty: Property<UpsampleCase> = {
  ...{ covers: ['upsampleNearest2d'], cases: upsampleCases, check: checkUpsample, few: 6, share: 2 },
};
export const maxPool2dProperty: Property<Case> = {
  ...{ covers: ['maxPool2d'], cases: casesOf(settings({ tiny: DENORMALS })), check: checkMax, few: 6, share: 4 },
};
export const avgPool2dProperty: Property<Case> = {
  ...{ covers: ['avgPool2d'], cases: casesOf(settings()), check: checkAverage, few: 20, share: 5 },
};
export const adaptiveAvgPool2dProperty: Property<AdaptiveCase> = {
  ...{ covers: ['adaptiveAvgPool2d'], cases: adaptiveCases, check: checkAdaptive, few: 12, share: 3 },
};
