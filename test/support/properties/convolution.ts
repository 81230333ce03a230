// conv2d: every product of a pixel and a weight, one by one.
import fc from 'fast-check';
import { conv2d } from '../../../src/index.js';
import { subgroupsUsable, type Variant } from '../../../src/kernels/tile.js';
import { useVariant } from '../variants.js';
import type { Property } from './property.js';
import { Sums } from './sums.js';
import { compare, type Input, type Setting, settings, valuesOf } from './trial.js';

type Two = [number, number];

interface Case {
  batch: number;
  groups: number;
  /** Input and output channels of a group. */
  channels: Two;
  kernel: Two;
  stride: Two;
  dilation: Two;
  padding: Two | 'same' | 'valid';
  /** Pixels beyond the smallest image that the kernel fits. */
  extra: Two;
  bias: boolean;
  variant: Variant | 'chosen';
  setting: Setting;
}

/** A number for both axes, or one for each. */
const two = (max: number, min: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const cases: fc.Arbitrary<Case> = fc.record({
  batch: fc.integer({ min: 1, max: 4 }),
  groups: fc.constantFrom(1, 1, 2, 3),
  channels: fc.tuple(fc.constantFrom(1, 2, 3, 4, 7, 17), fc.constantFrom(1, 2, 5, 8, 9, 16, 33)),
  kernel: two(5, 1),
  stride: two(4, 1),
  dilation: fc.oneof(fc.constant<Two>([1, 1]), two(3, 1)),
  padding: fc.oneof(two(4, 0), fc.constantFrom('same' as const, 'valid' as const)),
  extra: two(9, 0),
  bias: fc.boolean(),
  variant: fc.constantFrom<Case['variant']>('chosen', 'chosen', 'plain', 'tiled', 'subgroup', 'shared'),
  setting: settings(),
});

/** Along one axis: the image's size, the padding before it, and how many outputs there are. */
function axis(
  { kernel, stride, dilation, padding, extra }: Case,
  a: 0 | 1,
): { size: number; before: number; out: number } {
  const span = (kernel[a] - 1) * dilation[a] + 1;
  if (padding === 'same') {
    const size = 1 + extra[a];
    const out = Math.ceil(size / stride[a]);
    return { size, before: Math.floor(Math.max(0, (out - 1) * stride[a] + span - size) / 2), out };
  }
  const before = padding === 'valid' ? 0 : padding[a];
  const size = Math.max(1, span - 2 * before) + extra[a];
  return { size, before, out: Math.floor((size + 2 * before - span) / stride[a]) + 1 };
}

/** Calls `visit` with the places in x, weight and y of every product. */
function products(c: Case, visit: (x: number, weight: number, y: number) => void): void {
  const [vertical, horizontal] = [axis(c, 0), axis(c, 1)];
  const [perIn, perOut] = c.channels;
  const [kh, kw] = c.kernel;
  for (let b = 0; b < c.batch; b++) {
    for (let o = 0; o < perOut * c.groups; o++) {
      for (let i = 0; i < perIn; i++) {
        const plane = b * perIn * c.groups + Math.floor(o / perOut) * perIn + i;
        for (let tap = 0; tap < kh * kw; tap++) {
          const [ky, kx] = [Math.floor(tap / kw), tap % kw];
          for (let oy = 0; oy < vertical.out; oy++) {
            const iy = oy * c.stride[0] + ky * c.dilation[0] - vertical.before;
            if (iy < 0 || iy >= vertical.size) continue;
            for (let ox = 0; ox < horizontal.out; ox++) {
              const ix = ox * c.stride[1] + kx * c.dilation[1] - horizontal.before;
              if (ix < 0 || ix >= horizontal.size) continue;
              const y = ((b * perOut * c.groups + o) * vertical.out + oy) * horizontal.out + ox;
              visit((plane * vertical.size + iy) * horizontal.size + ix, (o * perIn + i) * kh * kw + tap, y);
            }
          }
        }
      }
    }
  }
}

async function check(c: Case): Promise<void> {
  const [vertical, horizontal] = [axis(c, 0), axis(c, 1)];
  const outChannels = c.channels[1] * c.groups;
  const xShape = [c.batch, c.channels[0] * c.groups, vertical.size, horizontal.size];
  const wShape = [outChannels, c.channels[0], ...c.kernel];
  const yShape = [c.batch, outChannels, vertical.out, horizontal.out];
  const input = (shape: number[], which: number): Input => {
    const size = shape.reduce((a, b) => a * b, 1);
    // Zeros of the padding times an infinite weight are NaN in some of PyTorch's backends, and left out in others.
    const { values } = c.setting;
    return {
      shape,
      data: valuesOf(size, { ...c.setting, values: which === 1 && values === 'special' ? 'unit' : values }, which),
    };
  };
  const [x, w, bias] = [input(xShape, 0), input(wShape, 1), input([outChannels], 2)];
  const plane = vertical.out * horizontal.out;
  const channelOf = (i: number) => Math.floor(i / plane) % outChannels;
  const y = new Sums(yShape);
  products(c, (at, weight, to) => y.add(to, x.data[at] * w.data[weight]));
  if (c.bias) for (let i = 0; i < y.size; i++) y.add(i, bias.data[channelOf(i)]);
  const gradients = (dy: Float32Array) => {
    const [dx, dw, dbias] = [new Sums(xShape), new Sums(wShape), new Sums([outChannels])];
    products(c, (at, weight, from) => {
      dx.add(at, dy[from] * w.data[weight]);
      dw.add(weight, dy[from] * x.data[at]);
    });
    for (let i = 0; i < y.size; i++) dbias.add(channelOf(i), dy[i]);
    return c.bias ? [dx, dw, dbias] : [dx, dw];
  };
  const { stride, padding, dilation, groups } = c;
  const spread = (a: 0 | 1) => (axis(c, a).size + axis(c, a).before * 2 + 4 * (c.kernel[a] + 4) * c.dilation[a]) * 2;
  const item = Math.max(c.channels[0] * c.groups, outChannels) * spread(0) * spread(1);
  if (c.variant !== 'chosen') {
    fc.pre(!(c.variant === 'subgroup' && !subgroupsUsable())); // the device has no such kernels
    useVariant(c.variant);
  }
  try {
    const inputs = c.bias ? [x, w, bias] : [x, w];
    const op = (...[tx, tw, tb]: Parameters<Parameters<typeof compare>[0]>) =>
      conv2d(tx, tw, tb ?? null, { stride, padding, dilation, groups });
    await compare(op, inputs, { y, gradients }, c.setting, item);
  } finally {
    useVariant(null);
  }
}

export const conv2dProperty: Property<Case> = { covers: ['conv2d'], cases, check, few: 10, share: 8 };
