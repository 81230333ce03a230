// Settings, sets and figures as tables.
import { escapeXml, shorten } from './escape.js';
import { flatten, type SetCounts, type Values } from './facts.js';
import { count, showNumber, showPercent } from './numbers.js';

const MOST_CLASSES = 24;
const MOST_ROWS = 200;
const MOST_TEXT = 300;

/** Named values, a row each. */
export function valuesList(values: Values): string {
  const all = flatten(values);
  const rows = all
    .slice(0, MOST_ROWS)
    .map(([name, value]) => `<div><dt>${escapeXml(name)}</dt><dd>${escapeXml(shorten(value, MOST_TEXT))}</dd></div>`);
  const rest = all.length > MOST_ROWS ? `<p>${count(all.length - MOST_ROWS, 'value')} more.</p>` : '';
  return `<dl class="values">${rows.join('')}</dl>${rest}`;
}

/** The sets side by side: all, and a row a class. */
export function setsTable(sets: readonly SetCounts[]): string {
  const classes = [...new Set(sets.flatMap((set) => Object.keys(set.classes ?? {})))];
  const head = sets.map(({ name }) => `<th scope="col">${escapeXml(name)}</th>`).join('');
  const row = (name: string, cells: string[], kind = '') =>
    `<tr${kind}><th scope="row">${escapeXml(name)}</th>${cells.join('')}</tr>`;
  const rows = classes.slice(0, MOST_CLASSES).map((name) =>
    row(
      name,
      sets.map(({ classes: counts = {}, count: all }) =>
        share(Object.hasOwn(counts, name) ? counts[name] : undefined, all),
      ),
    ),
  );
  const rest =
    classes.length > MOST_CLASSES
      ? [
          row(
            `and ${count(classes.length - MOST_CLASSES, 'class', 'classes')} more`,
            sets.map(() => '<td></td>'),
          ),
        ]
      : [];
  const total = row(
    'all',
    sets.map((set) => `<td>${showNumber(set.count)}</td>`),
    ' class="sum"',
  );
  return `<div class="scroll"><table class="sets"><thead><tr><td></td>${head}</tr></thead><tbody>${rows.join('')}${rest.join('')}${total}</tbody></table></div>`;
}

function share(n: number | undefined, all: number): string {
  if (n === undefined) return '<td>–</td>';
  return `<td>${showNumber(n)}${all > 0 ? ` <small>${showPercent(n / all, 0)}</small>` : ''}</td>`;
}
