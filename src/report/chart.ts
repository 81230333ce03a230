// A chart on the page: heading, drawing, and the values that are shown where the pointer is.
import type { Chart } from './curves.js';
import { escapeXml, scriptJson } from './escape.js';
import { showNumber, showPercent } from './numbers.js';
import { type Plot, plotSvg } from './plot.js';
import { type Point, spread } from './thin.js';

const SHOWN = 400; // places along x that the pointer can rest at

/** A figure for the page. */
export function chartFigure({ title, note, plot }: Chart, kind = ''): string {
  const aside = note ? ` <small>${escapeXml(note)}</small>` : '';
  return (
    `<figure class="chart ${kind}"><figcaption>${escapeXml(title)}${aside}</figcaption>${plotSvg(plot)}` +
    `<script type="application/json">${scriptJson(valuesOf(plot))}</script></figure>`
  );
}

/** By x, what each line is there, as text: the page's script has nothing to compute. */
function valuesOf(plot: Plot): unknown {
  const lines = plot.lines.filter(({ behind }) => !behind);
  const show = plot.show ?? ((value: number) => `${showNumber(value)}${plot.unit ?? ''}`);
  const all = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const x = spread(all, SHOWN);
  return {
    x,
    from: plot.xRange?.[0] ?? all[0],
    to: plot.xRange?.[1] ?? all.at(-1),
    heads: x.map((at) => `${plot.xName} ${plot.shares ? showPercent(at) : showNumber(at)}`),
    lines: lines.map(({ name, tone, points }) => ({
      name: name || plot.name.replace(/ by [^ ]+$/, ''),
      tone,
      values: valuesAt(points, x, plot.shares ?? false).map((value) => (value === undefined ? '–' : show(value))),
    })),
  };
}

/** A line's values at places along x; where it has none, nothing, or its last one before if it goes on in steps. */
function valuesAt(points: readonly Point[], x: readonly number[], inSteps: boolean): (number | undefined)[] {
  let next = 0;
  return x.map((at) => {
    while (next < points.length && points[next][0] <= at) next++;
    const last = points[next - 1];
    return last && (inSteps || last[0] === at) ? last[1] : undefined;
  });
}
