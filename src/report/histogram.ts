// How values are spread: counts in equal bins, and a drawing of them the size of a word.
import { showValue, UsageError } from '../errors.js';
import { escapeXml } from './escape.js';
import { showNumber } from './numbers.js';

/** How many values lie where. */
export interface Histogram {
  /** The bins' borders: one more than there are counts, ascending. */
  edges: readonly number[];
  /** Values in each bin. */
  counts: readonly number[];
  /** The lowest finite value; 0 without any, as `max`. */
  min: number;
  /** The highest finite value. */
  max: number;
  /** Mean of the finite values; NaN without any. */
  mean: number;
  /** Their standard deviation. */
  std: number;
  /** Values that are NaN or infinite; they are in no bin. */
  notFinite: number;
}

/** A layer's weights, and their gradients where there are any. */
export interface LayerHistogram {
  /** Such as 'conv1.weight'. */
  name: string;
  /** Its values. */
  values: Histogram;
  /** The loss's gradient. Default: none. */
  gradient?: Histogram;
}

/**
 * Counts values in equal bins from the lowest to the highest.
 * @throws UsageError if `bins` is no whole number above 0.
 */
export function histogramOf(values: ArrayLike<number>, bins = 40): Histogram {
  if (!(Number.isInteger(bins) && bins > 0)) {
    throw new UsageError(`histogramOf: bins is a whole number above 0, got ${showValue(bins)}`);
  }
  let [low, high, sum, finite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
    finite++;
  }
  if (finite === 0) [low, high] = [0, 0];
  const [min, max] = [low, high];
  if (low === high) [low, high] = [low - (Math.abs(low) / 2 || 0.5), high + (Math.abs(high) / 2 || 0.5)];
  const mean = sum / finite;
  const counts = new Array<number>(bins).fill(0);
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    counts[Math.min(bins - 1, Math.floor(((values[i] - low) / (high - low)) * bins))]++;
    squares += (values[i] - mean) ** 2;
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) => low + ((high - low) * i) / bins);
  return { edges, counts, min, max, mean, std: Math.sqrt(squares / finite), notFinite: values.length - finite };
}

/** Whether it is a histogram that can be drawn. */
export function isHistogram(value: unknown): boolean {
  const { edges, counts, min, max, mean, std, notFinite } = (value ?? {}) as Partial<Histogram>;
  const numbers = [min, max, mean, std, notFinite].every((n) => typeof n === 'number');
  return numbers && Array.isArray(edges) && Array.isArray(counts) && edges.length === counts.length + 1;
}

/** The histogram as a small area, with its range below it. */
export function histogramSvg({ edges, counts, min, max, notFinite }: Histogram, name: string): string {
  const most = counts.reduce((a, b) => Math.max(a, b), 0) || 1;
  const steps = counts.map((n, i) => {
    const [left, right] = [i, i + 1].map((k) => ((1000 * k) / counts.length).toFixed(1));
    const y = (1000 - (1000 * n) / most).toFixed(1);
    return `L${left} ${y}L${right} ${y}`;
  });
  const [low, high] = [edges[0], edges.at(-1)!];
  const bad = notFinite > 0 ? `, ${showNumber(notFinite)} not finite` : '';
  const zero = low < 0 && high > 0 ? ((1000 * -low) / (high - low)).toFixed(1) : null;
  return (
    `<svg class="spread" role="img" aria-label="${escapeXml(`${name}, from ${showNumber(min)} to ${showNumber(max)}${bad}`)}" ` +
    `viewBox="0 0 1000 1000" preserveAspectRatio="none">` +
    `<path d="M0 1000${steps.join('')}L1000 1000z"/>${zero ? `<path class="zero" d="M${zero} 0V1000"/>` : ''}</svg>` +
    `<span class="ends"><i>${showNumber(min)}</i><i>${showNumber(max)}</i></span>`
  );
}
