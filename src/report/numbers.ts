// Numbers for readers: three digits that count, thousands apart, round ticks.

/** 0.390, 12.3, 1,234, 3.2e-5: about `digits` significant digits. */
export function showNumber(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return grouped(value.toFixed(0));
  if (size < 1e-3 || size >= 1e9) return scientific(value, digits);
  const decimals = Math.max(0, digits - 1 - Math.max(-1, Math.floor(Math.log10(size))));
  return grouped(value.toFixed(decimals));
}

/** 0.823 -> '82.3 %'. */
export function showPercent(share: number, decimals = 1): string {
  return Number.isFinite(share) ? `${signed((100 * share).toFixed(decimals))} %` : showNumber(share);
}

/** 8 s, 6 min 4 s, 2 h 5 min. */
export function showDuration(seconds: number): string {
  if (!(seconds >= 0 && Number.isFinite(seconds))) return '–';
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${grouped(String(hours))} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

/** 1,234 examples; 1 epoch. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${showNumber(n)} ${n === 1 ? one : many}`;
}

/** What a metric's name says of its values: shares are shown in percent, here and in progress lines. */
export function isShare(metric: string): boolean {
  const words = metric.replace(/(?<=[a-zA-Z])(?=[A-Z])/g, ' ').replaceAll('_', ' ');
  return /accuracy|precision|recall|error ?rate|\b(f1|auc|iou)\b/i.test(words);
}

/** A metric's value: 82.3 %, or 0.390. */
export function showMetric(metric: string, value: number): string {
  return isShare(metric) ? showPercent(value) : showNumber(value);
}

/** 'val_top5_accuracy' -> 'top5 accuracy', 'roc_auc' -> 'ROC AUC': a name for people, without validation's mark. */
export function metricTitle(metric: string): string {
  const words = metric.replace(/^val_/, '').replaceAll('_', ' ');
  return words.replace(/\b(roc|auc|mae|mse|rmse|r2|f1)\b/g, (word) => word.toUpperCase()).replace(/\biou\b/g, 'IoU');
}

/** With a capital letter. */
export const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Round numbers from low to high, about `wanted` of them. */
export function linearTicks(low: number, high: number, wanted = 4): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const part = rough / power; // from 1 to 10: the nearest of 1, 2, 5 and 10 as factors go
  const step = (part < Math.SQRT2 ? 1 : part < Math.sqrt(10) ? 2 : part < Math.sqrt(50) ? 5 : 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Powers of ten from low to high, or 1, 2 and 5 of each where there are few. */
export function logTicks(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const inside = (t: number) => t >= low * 0.999 && t <= high * 1.001;
  const tens = powers.map((p) => Number(`1e${p}`)).filter(inside);
  if (tens.length > 6) return tens.filter((_, i) => i % Math.ceil(tens.length / 5) === 0);
  if (tens.length >= 3) return tens;
  return powers.flatMap((p) => [1, 2, 5].map((m) => Number(`${m}e${p}`))).filter(inside);
}

/** All ticks of an axis with as many decimals as the finest of them needs. */
export function showTicks(ticks: readonly number[]): string[] {
  const largest = Math.max(...ticks.map(Math.abs), 0);
  const smallest = Math.min(...ticks.filter((t) => t !== 0).map(Math.abs));
  if (largest >= 1e9 || largest < 1e-3 || smallest < 1e-4) return ticks.map((t) => (t === 0 ? '0' : scientific(t, 2)));
  const [unit, scale] = largest >= 1e6 ? ['M', 1e6] : ['k', 1e3];
  if (largest >= 1e4)
    return ticks.map((t) => (t === 0 ? '0' : `${signed(String(Number((t / scale).toPrecision(6))))}${unit}`));
  const decimals = Math.max(...ticks.map((t) => (String(Number(t.toPrecision(9))).split('.')[1] ?? '').length));
  const spread = smallest > 0 && largest / smallest > 100; // of several sizes: each as short as it can be
  return ticks.map((t) => (spread ? grouped(String(Number(t.toPrecision(6)))) : grouped(t.toFixed(decimals))));
}

function scientific(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  const raised = [...exponent.replace('+', '')].map((c) => (c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(c)])).join('');
  return signed(short === '1' ? `10${raised}` : short === '-1' ? `-10${raised}` : `${short}×10${raised}`);
}

function grouped(text: string): string {
  const [whole, rest] = text.split('.');
  const parts = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return signed(rest === undefined ? parts : `${parts}.${rest}`);
}

/** With a minus sign as wide as a digit; never -0. */
function signed(text: string): string {
  return text.startsWith('-') ? (/[1-9]/.test(text) ? `−${text.slice(1)}` : text.slice(1)) : text;
}
