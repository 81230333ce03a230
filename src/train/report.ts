// A run as one picture: curves of loss and accuracy, the confusion matrix, and the filters that conv1 learned.

import type { ConfusionMatrix } from '../metrics/index.js';
import { checkOptions, type Rule, type Rules, required } from '../options.js';
import type { EpochRecord } from './record.js';

/** Colour filters (count, 3, height, width), as conv1's weight. */
export interface Filters {
  /** (count, 3, height, width). */
  shape: readonly number[];
  /** Weights in row-major order; each filter is shown in its own range. */
  data: ArrayLike<number>;
}

/** One way of testing, and what it found. */
export interface TestResult {
  /** Such as 'ten crops'. */
  name: string;
  /** What was called what. */
  confusion: ConfusionMatrix;
}

/** What a report shows. */
export interface ReportParts {
  /** Its heading. */
  title: string;
  /** The epochs, for the curves. */
  history: readonly EpochRecord[];
  /** Shown as small pictures. Default: none. */
  filters?: Filters;
  /** A line of accuracies each. Default: none. */
  test?: TestResult[];
}

interface Line {
  name: string;
  colour: string;
  values: (number | null)[];
}

const BLUE = '#2563eb';
const ORANGE = '#ea580c';
const FONT = 'font-family="system-ui, sans-serif" font-size="13"';

const list: Rule = { be: 'a list', holds: Array.isArray };
const RULES: Rules<ReportParts> = {
  title: required({ be: 'a text', holds: (value) => typeof value === 'string' }),
  history: required(list),
  filters: { be: "conv1's weight, { shape, data }", holds: isFilters },
  test: list,
};

function isFilters(value: unknown): boolean {
  const { shape, data } = (value ?? {}) as Partial<Filters>;
  const fits = Array.isArray(shape) && shape.length === 4 && shape[1] === 3;
  return fits && data?.length === shape.reduce((a, b) => a * b, 1);
}

/**
 * The report as SVG text, on a white ground, about 960 x 420.
 * @throws UsageError for parts that it does not know or cannot show.
 */
export function reportSvg(parts: ReportParts): string {
  checkOptions('reportSvg', parts, RULES);
  const { title, history, filters, test = [] } = parts;
  const epochs = history.map((r) => r.epoch);
  const values = (name: string, scale = 1) =>
    history.map(({ metrics }) => (name in metrics ? scale * metrics[name] : null));
  const lines = (name: string, scale?: number): Line[] => [
    { name: 'training', colour: BLUE, values: values(name, scale) },
    { name: 'validation', colour: ORANGE, values: values(`val_${name}`, scale) },
  ];
  const loss = chart('loss', epochs, lines('loss'));
  const accuracy = chart('accuracy, %', epochs, lines('accuracy', 100));
  const results = test.map(
    ({ name, confusion }, i) =>
      `<text x="20" y="${368 + 22 * i}">${escapeXml(`test, ${name}: ${(100 * confusion.accuracy).toFixed(1)} % of ${confusion.total}`)} · ` +
      `${escapeXml(confusion.classes.map((c, j) => `${c} ${share(confusion.counts[j], j)}`).join(', '))}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 420" width="960" height="420" ${FONT} fill="#1f2937">`,
    '<rect width="960" height="420" fill="#ffffff"/>',
    `<text x="20" y="30" font-size="16" font-weight="600">${escapeXml(title)}</text>`,
    `<g transform="translate(20 50)">${loss}</g>`,
    `<g transform="translate(340 50)">${accuracy}</g>`,
    filters ? `<g transform="translate(670 50)">${filterGrid(filters, 270)}</g>` : '',
    ...results,
    '</svg>',
  ].join('\n');
}

function share(row: readonly number[], right: number): string {
  return `${((100 * row[right]) / row.reduce((a, b) => a + b, 0)).toFixed(1)} %`;
}

const WIDTH = 290;
const HEIGHT = 270;
const LEFT = 40;
const BOTTOM = 30;

function chart(name: string, epochs: readonly number[], lines: Line[]): string {
  const all = lines.flatMap((l) => l.values).filter((v): v is number => v !== null && Number.isFinite(v));
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = (high - low || 1) * 0.08;
  const last = Math.max(epochs.at(-1) ?? 1, 2);
  const x = (epoch: number) => LEFT + ((epoch - 1) / (last - 1)) * (WIDTH - LEFT - 10);
  const y = (value: number) =>
    HEIGHT - BOTTOM - ((value - low + room) / (high - low + 2 * room || 1)) * (HEIGHT - BOTTOM - 30);
  const ticks = niceTicks(low, high).map(
    (t) =>
      `<line x1="${LEFT}" x2="${WIDTH - 10}" y1="${y(t).toFixed(1)}" y2="${y(t).toFixed(1)}" stroke="#e5e7eb"/>` +
      `<text x="${LEFT - 6}" y="${(y(t) + 4).toFixed(1)}" text-anchor="end" font-size="11" fill="#6b7280">${Number(t.toPrecision(6))}</text>`,
  );
  const curves = lines.map(({ colour, values }) => {
    const points = values.flatMap((v, i) => (v === null ? [] : [`${x(epochs[i]).toFixed(1)},${y(v).toFixed(1)}`]));
    if (points.length === 1) {
      const [cx, cy] = points[0].split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${colour}"/>`;
    }
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"/>`;
  });
  const legend = lines.map(
    (l, i) =>
      `<text x="${WIDTH - 10}" y="${14 + 16 * i}" text-anchor="end" font-size="12" fill="${l.colour}">${l.name}</text>`,
  );
  const axis =
    `<text x="${LEFT}" y="14" font-weight="600">${name}</text>` +
    `<text x="${x(1)}" y="${HEIGHT - 8}" font-size="11" fill="#6b7280">epoch 1</text>` +
    (epochs.length > 1
      ? `<text x="${x(last)}" y="${HEIGHT - 8}" text-anchor="end" font-size="11" fill="#6b7280">${last}</text>`
      : '');
  return [axis, ...ticks, ...curves, ...legend].join('');
}

/** Three to six round numbers from low to high. */
function niceTicks(low: number, high: number): number[] {
  const rough = (high - low || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough)!;
  const ticks: number[] = [];
  for (let t = Math.ceil(low / step) * step; t <= high + step / 1e6; t += step) ticks.push(t);
  return ticks;
}

/** Each filter as a small colour picture, its own range from black to white. */
function filterGrid({ shape, data }: Filters, side: number): string {
  const [count, , height, width] = shape;
  const columns = Math.ceil(Math.sqrt(count));
  const cell = side / columns;
  const pixel = (cell - 4) / Math.max(height, width);
  const parts: string[] = [`<text x="0" y="14" font-weight="600">what conv1 learned</text>`];
  for (let f = 0; f < count; f++) {
    const at = f * 3 * height * width;
    const values = Array.from({ length: 3 * height * width }, (_, i) => data[at + i]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const byte = (i: number) => Math.round((255 * (values[i] - low)) / (high - low || 1));
    const [left, top] = [(f % columns) * cell, 24 + Math.floor(f / columns) * cell];
    for (let i = 0; i < height * width; i++) {
      const [px, py] = [left + (i % width) * pixel, top + Math.floor(i / width) * pixel];
      const colour = [0, 1, 2]
        .map((c) =>
          byte(c * height * width + i)
            .toString(16)
            .padStart(2, '0'),
        )
        .join('');
      parts.push(
        `<rect x="${px.toFixed(2)}" y="${py.toFixed(2)}" width="${(pixel + 0.1).toFixed(2)}" height="${(pixel + 0.1).toFixed(2)}" fill="#${colour}"/>`,
      );
    }
  }
  return parts.join('');
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (c) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' })[c]!);
}
