// Brightness, contrast, saturation and hue by chance, in an order by chance.
import { required } from '../../options.js';
import { shuffled } from '../random.js';
import { adjustBrightness, adjustContrast, adjustSaturation } from './colours.js';
import { adjustHue } from './hue.js';
import { type Kind, type Transform, transform } from './kind.js';
import type { Picture } from './picture.js';
import { amountRule, between, type Range, stepsRule } from './rules.js';

/** How far colours go: a number a for factors from 1 - a (0 at least) to 1 + a, or a range of factors. */
export interface ColorJitterOptions {
  /** Default 0: off. */
  brightness?: number | Range;
  /** Default 0: off. */
  contrast?: number | Range;
  /** Default 0: off. */
  saturation?: number | Range;
  /** Parts of the circle, up to 0.5: a number a for -a to a, or a range. Default 0: off. */
  hue?: number | Range;
}

const ADJUST: Record<keyof ColorJitterOptions, (picture: Picture, factor: number) => Picture> = {
  brightness: adjustBrightness,
  contrast: adjustContrast,
  saturation: adjustSaturation,
  hue: adjustHue,
};
const NAMES = Object.keys(ADJUST) as (keyof ColorJitterOptions)[];

/** What is changed, in this order, and the factor of each. */
interface Steps {
  steps: [name: keyof ColorJitterOptions, factor: number][];
}

const amount = amountRule(0, Infinity);

export const colorJitterKind: Kind<ColorJitterOptions, Steps> = {
  name: 'ColorJitter',
  takes: 'bytes',
  rules: { brightness: amount, contrast: amount, saturation: amount, hue: amountRule(-0.5, 0.5) },
  drawn: { steps: required(stepsRule(NAMES)) },
  draw(options, _size, random) {
    const order = shuffled(NAMES, random);
    const factors = new Map(NAMES.map((name) => [name, drawFactor(name, options[name] ?? 0, random)]));
    return { steps: order.flatMap((name) => (factors.get(name) === null ? [] : [[name, factors.get(name)!]])) };
  },
  apply: (picture, _options, { steps }) => steps.reduce((made, [name, factor]) => ADJUST[name](made, factor), picture),
};

/** null if nothing is to change, whatever is drawn. */
function drawFactor(name: keyof ColorJitterOptions, amount: number | Range, random: Parameters<typeof between>[1]) {
  const unchanged = name === 'hue' ? 0 : 1;
  const least = name === 'hue' ? -Infinity : 0;
  const [low, high] = typeof amount === 'number' ? [Math.max(least, unchanged - amount), unchanged + amount] : amount;
  return low === unchanged && high === unchanged ? null : between([low, high], random);
}

/**
 * Changes brightness, contrast, saturation and hue by chance, in an order by chance. torchvision's ColorJitter, of PIL's
 * pictures. Draws { steps: [['contrast', 1.1], ...] }.
 */
export function colorJitter(options: ColorJitterOptions): Transform {
  return transform(colorJitterKind, options);
}
