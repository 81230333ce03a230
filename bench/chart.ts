// Horizontal bars on a logarithmic axis, as an SVG that reads well on light and dark pages.

export interface Bars {
  name: string;
  /** One a series; null where there is none. */
  ratios: (number | null)[];
}

const COLOURS = ['#e8833a', '#3b82c4'];
const BAR = 9;
const ROW = 28;
const LEFT = 250;
const WIDTH = 780;

/** Each row's ratios; a line marks 1. */
export function barChart(title: string, series: string[], rows: Bars[]): string {
  const values = rows.flatMap((r) => r.ratios).filter((v): v is number => v !== null);
  const [low, high] = [Math.min(1, ...values) * 0.9, Math.max(2, ...values) * 1.1];
  const x = (v: number) =>
    LEFT + ((Math.log(v) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (WIDTH - LEFT - 60);
  const height = 52 + rows.length * ROW + 10;
  const ticks = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200].filter((t) => t >= low && t <= high);
  const escaped = (text: string) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]!);
  const legend = series.map(
    (name, i) =>
      `<rect x="${LEFT + i * 150}" y="10" width="10" height="10" rx="2" fill="${COLOURS[i]}"/>` +
      `<text x="${LEFT + 15 + i * 150}" y="19">${escaped(name)}</text>`,
  );
  const grid = ticks.map(
    (t) =>
      `<line x1="${x(t)}" y1="46" x2="${x(t)}" y2="${height - 8}" stroke="#888" stroke-opacity="${t === 1 ? 1 : 0.25}"/>` +
      `<text x="${x(t)}" y="41" text-anchor="middle" fill-opacity="0.7">${t} x</text>`,
  );
  const bars = rows.flatMap(({ name, ratios }, r) => {
    const top = 52 + r * ROW;
    const label = `<text x="${LEFT - 10}" y="${top + 14}" text-anchor="end">${escaped(name)}</text>`;
    const each = ratios.map((v, i) => {
      if (v === null) return '';
      const [from, to] = [Math.min(x(1), x(v)), Math.max(x(1), x(v))];
      const y = top + i * (BAR + 1);
      return (
        `<rect x="${from.toFixed(1)}" y="${y}" width="${(to - from).toFixed(1)}" height="${BAR}" rx="1.5" fill="${COLOURS[i]}"/>` +
        `<text x="${(Math.max(to, x(1)) + 5).toFixed(1)}" y="${y + BAR - 1}" font-size="9">${v.toFixed(1)}</text>`
      );
    });
    return [label, ...each];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="11">`,
    `<title>${escaped(title)}</title>`,
    '<style>text { fill: #222 } @media (prefers-color-scheme: dark) { text { fill: #ddd } }</style>',
    `<text x="10" y="19" font-weight="600">${escaped(title)}</text>`,
    ...legend,
    ...grid,
    ...bars,
    '</svg>\n',
  ].join('\n');
}
