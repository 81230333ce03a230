// The frame of a report: one file that loads nothing. Its policy allows this script, by its hash, and no other.
import { escapeXml } from './escape.js';
import { PAGE_STYLE } from './style.js';

/** Shows the values below the pointer, or those that the arrow keys reach. All text goes in as text. */
export const SCRIPT = `
for (const figure of document.querySelectorAll('.chart')) {
  const plot = figure.querySelector('svg.plot'), source = figure.querySelector('script');
  if (!plot || !source) continue;
  const data = JSON.parse(source.textContent), { x, from, to } = data;
  if (x.length === 0) continue;
  const add = (parent, tag, kind, text) => {
    const made = parent.appendChild(document.createElement(tag));
    if (kind) made.className = kind;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const tip = add(figure, 'div', 'tip'), rule = add(figure, 'div', 'at');
  let now = x.length - 1;
  const hide = () => { tip.style.display = rule.style.display = 'none'; };
  const show = (i) => {
    now = Math.max(0, Math.min(x.length - 1, i));
    const box = plot.getBoundingClientRect(), around = figure.getBoundingClientRect();
    const at = box.left - around.left + box.width * (to > from ? (x[now] - from) / (to - from) : 0.5);
    tip.replaceChildren();
    add(tip, 'b', '', data.heads[now]);
    for (const line of data.lines) {
      const path = plot.querySelector('.line.' + line.tone.split(' ').join('.'));
      if (path && getComputedStyle(path).display === 'none') continue;
      const row = add(tip, 'i', line.tone.split(' ')[0]);
      add(row, 'span', '', line.name);
      add(row, 'span', '', line.values[now]);
    }
    tip.style.display = rule.style.display = 'block';
    Object.assign(rule.style, { left: at + 'px', top: box.top - around.top + 'px', height: box.height + 'px' });
    const right = at + 12 + tip.offsetWidth > around.width;
    tip.style.left = Math.max(0, right ? at - 12 - tip.offsetWidth : at + 12) + 'px';
    tip.style.top = box.top - around.top + 8 + 'px';
  };
  const near = ({ clientX }) => {
    const box = plot.getBoundingClientRect();
    const at = from + ((clientX - box.left) / box.width) * (to - from);
    show(x.reduce((best, value, i) => (Math.abs(value - at) < Math.abs(x[best] - at) ? i : best), 0));
  };
  plot.tabIndex = 0;
  plot.addEventListener('pointermove', near);
  plot.addEventListener('pointerdown', near);
  plot.addEventListener('pointerleave', hide);
  plot.addEventListener('focus', () => { if (plot.matches(':focus-visible')) show(now); });
  plot.addEventListener('blur', hide);
  plot.addEventListener('keydown', ({ key }) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (by) show(now + by);
  });
}
`;

/** SCRIPT's SHA-256, as a page's policy takes it; a test computes it. */
export const SCRIPT_HASH = 'J3Ed7w4uZbj7oNREKNZlrpaTCH9TvmDF4M/L5pd9gsw=';

const POLICY = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${SCRIPT_HASH}'; base-uri 'none'; form-action 'none'`;

/** A whole page; `body` is markup, `title` text. */
export function htmlPage(title: string, body: string, style = ''): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<link rel="icon" href="data:,">',
    `<title>${escapeXml(title)}</title>`,
    `<style>${PAGE_STYLE}${style}</style>`,
    '</head>',
    '<body>',
    `<main>${body}</main>`,
    `<script>${SCRIPT}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** A section: a heading, a remark below it, and what it shows. All three but the heading are markup. Nothing where there is nothing. */
export function section(title: string, note: string, content: string): string {
  if (content === '') return '';
  const remark = note && `<p>${note}</p>`;
  return `<section><header><h2>${escapeXml(title)}</h2>${remark}</header><div>${content}</div></section>`;
}
