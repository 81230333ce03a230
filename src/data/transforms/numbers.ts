// From bytes to the numbers that a network takes.
import { type Rules, required } from '../../options.js';
import { type Kind, type Transform, transform } from './kind.js';
import { threeRule } from './rules.js';

const { fround } = Math;

export const toTensorKind: Kind<object> = {
  name: 'ToTensor',
  takes: 'bytes',
  rules: {},
  point: () => (byte) => byte / 255,
};

/** Makes numbers from 0 to 1 of bytes, on the host. torchvision's ToTensor. */
export function toTensor(): Transform {
  return transform(toTensorKind, {});
}

interface NormalizeOptions {
  mean: readonly number[];
  std: readonly number[];
}

const RULES: Rules<NormalizeOptions> = {
  mean: required(threeRule('three numbers, of red, green and blue from 0 to 1')),
  std: required(threeRule('three numbers above 0, of red, green and blue from 0 to 1', (n) => n > 0)),
};

export const normalizeKind: Kind<NormalizeOptions> = {
  name: 'Normalize',
  takes: 'numbers',
  rules: RULES,
  point:
    ({ mean, std }) =>
    (value, c) =>
      fround(value - fround(mean[c])) / fround(std[c]),
};

/**
 * (number - mean) / std, channel by channel: of red, green and blue from 0 to 1, as `toTensor` makes them. torchvision's
 * Normalize.
 */
export function normalize(mean: readonly number[], std: readonly number[]): Transform {
  return transform(normalizeKind, { mean, std });
}
