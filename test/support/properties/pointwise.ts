// Functions of one tensor, element by element: the value and the derivative in float64.
import fc from 'fast-check';
import * as w from '../../../src/index.js';
import { constantsOf, type Pointwise, pointwise as table } from '../ops.js';
import { LARGEST_HALF } from '../tolerance.js';
import { sizeOf } from './indexing.js';
import type { Property } from './property.js';
import { Sums } from './sums.js';
import { beyond, compare, type Setting, settings, valuesBetween, valuesOf } from './trial.js';

interface Case {
  shape: number[];
  /** The op's own constant, where it has one: one of those listed with it. */
  constant: number;
  /** Values of the setting's kind, or any of the function's whole domain. */
  wide: boolean;
  setting: Setting;
}

/** Beyond this the ops only promise a sine between -1 and 1: f32 is coarser than a tenth of a radian soon after. */
const FAR = 1e5;

const casesOf = ({ constants = [0], pole }: Pointwise): fc.Arbitrary<Case> =>
  fc.record({
    shape: fc
      .array(
        fc.oneof(
          { weight: 9, arbitrary: fc.integer({ min: 1, max: 9 }) },
          { weight: 1, arbitrary: fc.constantFrom(0, 257, 1031) },
        ),
        { maxLength: 4 },
      )
      .filter((shape) => sizeOf(shape) <= 50_000),
    constant: fc.constantFrom(...constants),
    wide: fc.boolean(),
    setting: settings(pole ? { tiny: 'at a pole, a denormal that is taken for zero is another number' } : {}),
  });

async function check(name: string, about: Pointwise, c: Case): Promise<void> {
  const { y: f, slope, domain, rough, roughSlope, jumps, fromY } = about;
  const size = sizeOf(c.shape);
  const special = c.setting.values !== 'unit'; // whose values are in every domain
  const wide = c.wide && !special;
  const drawn = wide ? valuesBetween(...domain, size, c.setting.seed + 1, c.setting.dtype) : valuesOf(size, c.setting);
  const data = drawn.map((v) => (Math.abs(v) < 2 ** -126 && jumps ? 0 : v));
  const constant = Math.fround(c.constant);
  const scale = (of: typeof rough) => Float64Array.from(data, (v) => of?.(v, constant) ?? 0);
  const values = Float64Array.from(data, (v) => f(v, constant));
  const y = Sums.of(c.shape, values, { terms: 4, scale: scale(rough) });
  const turns = name === 'sin' || name === 'cos';
  const far = (sums: Sums) => sums.leaveOutWhere((i) => turns && Math.abs(data[i]) > FAR && Number.isFinite(data[i]));
  const gradients = (dy: Float32Array) => {
    const [slopes, roughness] = [Float64Array.from(data, (v) => slope(v, constant)), scale(roughSlope)];
    const dx = Sums.of(
      c.shape,
      slopes.map((s, i) => dy[i] * s),
      { terms: 4, scale: roughness.map((r, i) => r * Math.abs(dy[i])) },
    );
    const lost = (i: number) => c.setting.dtype === 'f16' && fromY !== undefined && Math.abs(values[i]) > LARGEST_HALF;
    return [far(dx).leaveOutWhere((i) => beyond(slopes[i], dy[i]) || lost(i))];
  };
  const op = (w as unknown as Record<string, (x: w.Tensor, ...constants: number[]) => w.Tensor>)[name];
  const call = (x: w.Tensor) => op(x, ...constantsOf(about, c.constant));
  await compare(call, [{ shape: c.shape, data }], { y: far(y), gradients, roundings: fromY }, c.setting);
}

const property = (name: string, about: Pointwise): Property<Case> => ({
  ...{ covers: [name], few: 10, share: 2 },
  cases: casesOf(about),
  check: (c) => check(name, about, c),
});

export const pointwise = Object.fromEntries(
  Object.entries(table).map(([name, about]) => [name, property(name, about)]),
);
