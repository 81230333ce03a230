// One way to draw a curve: an SVG whose box is the plot itself. Positions are percentages, so that it stretches with the page
// while its texts keep their size; ticks and labels stand outside the box, where the page leaves room.
import { escapeXml, shorten } from './escape.js';
import { linearTicks, logTicks, showNumber, showTicks } from './numbers.js';
import { type Point, pieces } from './thin.js';

/** A curve of a chart. */
export interface Line {
  /** Written at its end. */
  name: string;
  /** Its colour: a class of the style sheet, such as 'c1'. */
  tone: string;
  /** In order of x. */
  points: readonly Point[];
  /** A thin line behind the others, without a label. */
  behind?: boolean;
}

/** A chart of lines over a common x. */
export interface Plot {
  /** What it shows, for who cannot see it. */
  name: string;
  /** What x counts, such as 'epoch'. */
  xName: string;
  /** Its curves. */
  lines: readonly Line[];
  /** Written after the topmost tick, such as ' %'. Default: nothing. */
  unit?: string;
  /** A value for people. Default: three digits and the unit. */
  show?(value: number): string;
  /** First and last x. Default: the lines'. */
  xRange?: readonly [number, number];
  /** Lowest and highest value. Default: the lines'. */
  range?: readonly [number, number];
  /** A dotted line at an x, with a word beside it. */
  mark?: { x: number; label: string };
  /** What stands at the lines' ends. Default: names and last values, for more than six lines nothing. */
  labels?: 'names and values' | 'names' | 'none';
  /** Pixels. Default 220. */
  height?: number;
  /** Where x cannot be whole numbers: a share from 0 to 1. Default false. */
  shares?: boolean;
}

type Scale = (value: number) => number;

const HEIGHT = 220;
const PRESSED = 0.05; // the part of an axis at its bottom in which no half of the values should lie

/** The chart as an SVG element; `place` is for one inside another SVG: x, y, width and height. */
export function plotSvg(plot: Plot, place = ''): string {
  const height = plot.height ?? HEIGHT;
  const [x0, x1] = plot.xRange ?? extent(plot.lines.flatMap(({ points }) => points.map(([x]) => x))) ?? [1, 1];
  const x: Scale = (value) => (x1 > x0 ? (value - x0) / (x1 - x0) : 0.5);
  const { scale: y, ticks } = yAxis(plot);
  const draw = (lines: readonly Line[], kind: string) =>
    lines.map((line) => `<path class="${kind} ${line.tone}" d="${pathOf(line.points, [x0, x1], x, y)}"/>`).join('');
  const front = plot.lines.filter(({ behind }) => !behind);
  const box = 'viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%"';
  const behind = plot.lines.filter((line) => line.behind);
  return [
    `<svg class="plot" role="img" aria-label="${escapeXml(plot.name)}" ${place || `height="${height}"`}>`,
    gridLines(ticks, y, plot.unit ?? ''),
    plot.shares ? shareTicks(x) : xTicks(x0, x1, x, plot.xName),
    plot.mark ? markAt(plot.mark, x) : '',
    behind.length > 0 ? `<svg ${box}>${draw(behind, 'behind')}</svg>` : '',
    `<svg ${box} overflow="visible">${draw(front, 'line')}</svg>`,
    front.map((line) => notFinite(line, x)).join(''),
    ends(plot, front, { x, y, height }),
    '</svg>',
  ].join('');
}

function extent(values: readonly number[]): [number, number] | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : null;
}

/** Lowest and highest of what a plot's lines have in front; null if nothing is finite. */
export function rangeOf(lines: readonly Line[]): [number, number] | null {
  return extent(lines.flatMap(({ points, behind }) => (behind ? [] : points.map(([, y]) => y))));
}

/** Places from 0 (bottom) to 1 (top). By powers of ten where half of the values would lie at the bottom, from 0 where that is near. */
function yAxis({ lines, range, height }: Plot): { scale: Scale; ticks: number[] } {
  const [low, high] = range ?? rangeOf(lines) ?? [0, 1];
  if (low > 0 && pressed(lines, low + (high - low) * PRESSED)) {
    const [a, b] = [Math.log10(low), Math.log10(high)];
    const room = (b - a) * 0.04;
    return { scale: (v) => (Math.log10(Math.max(v, low)) - a + room) / (b - a + 2 * room), ticks: logTicks(low, high) };
  }
  if (low === high) return { scale: () => 0.5, ticks: [low] };
  const from = low >= 0 && low < 0.3 * high ? 0 : low - (high - low) * 0.06;
  const to = high + (high - low) * 0.06;
  return { scale: (v) => (v - from) / (to - from), ticks: linearTicks(from, to, (height ?? HEIGHT) < 180 ? 3 : 4) };
}

function pressed(lines: readonly Line[], limit: number): boolean {
  const values = lines
    .flatMap(({ points, behind }) => (behind ? [] : points.map(([, y]) => y)))
    .filter(Number.isFinite);
  return values.length > 4 && 2 * values.filter((value) => value < limit).length > values.length;
}

const percent = (share: number) => `${Number((100 * share).toFixed(2))}%`;

function gridLines(ticks: readonly number[], y: Scale, unit: string): string {
  const texts = showTicks(ticks);
  return ticks
    .map((tick, i) => {
      const at = percent(1 - y(tick));
      const label = i === ticks.length - 1 ? texts[i] + unit : texts[i];
      const kind = tick === 0 ? 'grid zero' : 'grid';
      return (
        `<line class="${kind}" x1="0" x2="100%" y1="${at}" y2="${at}"/>` +
        `<text class="tick" x="0" dx="-8" y="${at}" dy=".34em" text-anchor="end">${escapeXml(label)}</text>`
      );
    })
    .join('');
}

const NARROW = 210; // pixels: the narrowest plot whose ticks between first and last are shown
const CHARACTER = 6.6; // pixels of one, on average

/** The first, the last, and round numbers between that touch neither. */
function xTicks(x0: number, x1: number, x: Scale, name: string): string {
  const label = (tick: number) => (tick === x0 ? `${name} ${showNumber(tick)}` : showNumber(tick));
  const width = (tick: number) => (CHARACTER * (label(tick).length + 1.5)) / NARROW;
  const fits = (t: number) => x(t) - width(t) / 2 > width(x0) && x(t) + width(t) / 2 < 1 - width(x1);
  const between = linearTicks(x0, x1, 3).filter((t) => Number.isInteger(t) && fits(t));
  const ticks = x1 > x0 ? [x0, ...between, x1] : [x0];
  return ticks
    .map((tick, i) => {
      const last = i === ticks.length - 1;
      const anchor = ticks.length === 1 ? 'middle' : i === 0 ? 'start' : last ? 'end' : 'middle';
      const at = `class="tick${i > 0 && !last ? ' between' : ''}" x="${percent(x(tick))}" y="100%" dy="1.5em"`;
      return `<text ${at} text-anchor="${anchor}">${escapeXml(label(tick))}</text>`;
    })
    .join('');
}

function shareTicks(x: Scale): string {
  return [0, 0.25, 0.5, 0.75, 1]
    .map((t) => {
      const anchor = t === 0 ? 'start' : t === 1 ? 'end' : 'middle';
      const label = t === 1 ? '100 %' : String(100 * t);
      return `<text class="tick" x="${percent(x(t))}" y="100%" dy="1.5em" text-anchor="${anchor}">${label}</text>`;
    })
    .join('');
}

function markAt({ x: at, label }: { x: number; label: string }, x: Scale): string {
  const place = percent(x(at));
  const [anchor, dx] = x(at) > 0.5 ? ['end', -5] : ['start', 5];
  return (
    `<line class="mark" x1="${place}" x2="${place}" y1="0" y2="100%"/>` +
    `<text class="tick" x="${place}" dx="${dx}" y="0" dy=".3em" text-anchor="${anchor}">${escapeXml(label)}</text>`
  );
}

function pathOf(points: readonly Point[], range: [number, number], x: Scale, y: Scale): string {
  const at = ([px, py]: Point) => `${(1000 * x(px)).toFixed(1)} ${(1000 * (1 - y(py))).toFixed(1)}`;
  return pieces(points, range)
    .map((piece) => (piece.length === 1 ? `M${at(piece[0])}h0` : `M${piece.map(at).join('L')}`))
    .join('');
}

/** A cross on the axis where a value is NaN or infinite. */
function notFinite({ name, tone, points }: Line, x: Scale): string {
  const bad = points.filter(([, value]) => !Number.isFinite(value)).slice(0, 40);
  return bad
    .map(
      ([at, value]) =>
        `<text class="bad ${tone}" x="${percent(x(at))}" y="100%" dy="-3" text-anchor="middle">×` +
        `<title>${escapeXml(`${name}: ${showNumber(value)} at ${showNumber(at)}`)}</title></text>`,
    )
    .join('');
}

interface End {
  line: Line;
  value: number;
  at: number;
}

/** A dot at each line's last value, and beside it name and value, pushed apart where they would touch. */
function ends(plot: Plot, lines: readonly Line[], to: { x: Scale; y: Scale; height: number }): string {
  const last = lines.flatMap((line): (End & { x: number })[] => {
    const point = line.points.findLast(([, value]) => Number.isFinite(value));
    return point ? [{ line, value: point[1], at: 1 - to.y(point[1]), x: to.x(point[0]) }] : [];
  });
  const dots = last.map(
    ({ line, at, x }) => `<circle class="end ${line.tone}" cx="${percent(x)}" cy="${percent(at)}" r="3"/>`,
  );
  const { labels: kind = lines.length <= 6 ? 'names and values' : 'none' } = plot;
  if (kind === 'none') return dots.join('');
  const show = plot.show ?? ((value: number) => showNumber(value) + (plot.unit ?? ''));
  const labels = apart(last, (kind === 'names' ? 15 : 31) / to.height).map(({ line, value, at }) => {
    const alone = kind === 'names' || line.name === '';
    const name = line.name && `<tspan x="100%" dx="10">${escapeXml(shorten(line.name, 15))}</tspan>`;
    const figure =
      kind === 'names'
        ? ''
        : `<tspan class="figure" x="100%" dx="10"${name ? ' dy="1.2em"' : ''}>${escapeXml(show(value))}</tspan>`;
    return `<text class="label ${line.tone}" y="${percent(at)}" dy="${alone ? '.34em' : '-.2em'}">${name}${figure}</text>`;
  });
  return dots.join('') + labels.join('');
}

/** Moves labels so that each is `gap` from the next, and all stay beside the plot as far as they fit. */
function apart<T extends { at: number }>(labels: readonly T[], gap: number): T[] {
  const sorted = labels.map((label) => ({ ...label })).sort((a, b) => a.at - b.at);
  for (let i = 1; i < sorted.length; i++) sorted[i].at = Math.max(sorted[i].at, sorted[i - 1].at + gap);
  let limit = 0.98;
  for (let i = sorted.length - 1; i >= 0; i--, limit -= gap) sorted[i].at = Math.min(sorted[i].at, limit);
  return sorted;
}
