// A run as one picture, for a README.
import { checkOptions } from '../options.js';
import { type Chart, metricCharts } from './curves.js';
import { escapeXml, shorten } from './escape.js';
import { drawFilters } from './filters.js';
import { capitalized, metricTitle, showMetric } from './numbers.js';
import { PARTS, type ReportParts } from './parts.js';
import { plotSvg } from './plot.js';
import { dataUrl } from './png.js';
import { account } from './report-html.js';
import { colours, PLOT_STYLE, SANS } from './style.js';

const WIDTH = 960;
const HEIGHT = 400;
const TOP = 120;
const SIDES = { left: 54, right: 96 }; // of a plot, for its ticks and labels

/**
 * The curves of a run's first two metrics and its filters as SVG text, 960 x 400, light or dark as the reader has it. Takes what
 * `reportHtml` takes.
 * @throws UsageError for parts that it does not know or cannot show.
 */
export function reportSvg(parts: ReportParts): string {
  checkOptions('reportSvg', parts, PARTS);
  const { title, history, filters, results = {}, testedOn = 'test' } = parts;
  const found = Object.entries(results).map(
    ([name, value]) => `${capitalized(testedOn)} ${metricTitle(name)}: ${showMetric(name, value)}.`,
  );
  const charts = metricCharts(parts).slice(0, 2);
  const room = WIDTH - 40 - (filters ? 270 : 0);
  const width = room / Math.max(charts.length, 1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">`,
    `<style>${colours('svg')}text{font-family:${SANS};fill:var(--ink)}.soft{fill:var(--soft)}${PLOT_STYLE}</style>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="var(--paper)"/>`,
    `<text x="20" y="40" font-size="22" font-weight="600">${escapeXml(shorten(title, 80))}</text>`,
    `<text x="20" y="66" font-size="14" class="soft">${escapeXml(shorten([account(history), ...found].join(' '), 130))}</text>`,
    ...charts.map((chart, i) => chartAt(chart, 20 + i * width, width)),
    filters ? sheetAt(drawFilters(filters, 1.1), filters.name ?? 'the first convolution') : '',
    '</svg>',
    '',
  ].join('\n');
}

function chartAt({ title, plot }: Chart, x: number, width: number): string {
  const box = { x: x + SIDES.left, y: TOP, width: width - SIDES.left - SIDES.right, height: HEIGHT - TOP - 50 };
  const place = Object.entries(box).map(([name, value]) => `${name}="${value}"`);
  const heading = `<text x="${x}" y="${TOP - 16}" font-size="14" font-weight="600">${escapeXml(capitalized(title))}</text>`;
  return heading + plotSvg({ ...plot, height: box.height }, place.join(' '));
}

function sheetAt({ width, height, png }: ReturnType<typeof drawFilters>, name: string): string {
  const scale = Math.min(250 / width, (HEIGHT - TOP - 30) / height);
  const x = WIDTH - 20 - 250;
  return (
    `<text x="${x}" y="${TOP - 16}" font-size="14" font-weight="600">What ${escapeXml(name)} learned</text>` +
    `<image x="${x}" y="${TOP}" width="${width * scale}" height="${height * scale}" style="image-rendering:pixelated" ` +
    `href="${dataUrl('reportSvg', png)}"/>`
  );
}
