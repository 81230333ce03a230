// What was called what: a table where classes are few, a map and the largest mistakes where they are many.
import { escapeXml } from './escape.js';
import { count, showNumber, showPercent } from './numbers.js';

/** How often each true class (row) was called each class (column); `ConfusionMatrix` is one. */
export interface Confusion {
  /** Their names. */
  classes: readonly string[];
  /** counts[true class][called class]. */
  counts: readonly (readonly number[])[];
  /** By true class, answers that name no class (NaN): wrong. Default: none. */
  undecided?: readonly number[];
}

const TABLE = 14; // the most classes whose numbers can be read side by side
const CELLS = 120; // of a map, along a side
const SHADES = 8;
const LISTED = 8;
const DEEP = 0.85; // the share from which white is the better colour for a number
const MANY = 6; // classes from which a table is set smaller

/** Whether it can be shown. */
export function isConfusion(value: unknown): boolean {
  const { classes, counts, undecided } = (value ?? {}) as Partial<Confusion>;
  const n = Array.isArray(classes) && classes.every((name) => typeof name === 'string') ? classes.length : -1;
  if (undecided !== undefined && undecided.length !== n) return false;
  const rows = Array.isArray(counts) && counts.length === n;
  return rows && counts.every((row) => row?.length === n && Array.from(row).every((v) => typeof v === 'number'));
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** The matrix for the page. */
export function confusionHtml(confusion: Confusion): string {
  return confusion.classes.length <= TABLE
    ? table(confusion)
    : `<div class="both">${mapOf(confusion)}${mistakes(confusion)}</div>`;
}

/** Right answers of all. */
export function accuracyOf(confusion: Confusion): { correct: number; total: number } {
  const { counts } = confusion;
  return { correct: sum(counts.map((row, i) => row[i])), total: sum(counts.map((_, i) => allOf(confusion, i))) };
}

/** Examples of a class. */
function allOf({ counts, undecided }: Confusion, is: number): number {
  return sum(counts[is]) + (undecided?.[is] ?? 0);
}

function table(confusion: Confusion): string {
  const { classes, counts, undecided = [] } = confusion;
  const called = classes.map((_, j) => sum(counts.map((row) => row[j])));
  const open = sum(undecided) > 0; // the column of those that name no class is there where there are any
  const head = classes.map((name) => `<th scope="col">${escapeXml(name)}</th>`).join('');
  const rows = counts.map((row, i) => {
    const all = allOf(confusion, i);
    const cells = row.map((n, j) => cell(n, all, i === j ? 'right' : 'wrong')).join('');
    const none = open ? cell(undecided[i], all, 'wrong') : '';
    const recall = all > 0 ? showPercent(row[i] / all) : '–';
    return `<tr><th scope="row">${escapeXml(classes[i])}</th>${cells}${none}<td class="rate">${recall}</td></tr>`;
  });
  const precision = called.map((all, j) => `<td class="rate">${all > 0 ? showPercent(counts[j][j] / all) : '–'}</td>`);
  const { correct, total } = accuracyOf(confusion);
  return (
    `<div class="scroll"><table class="confusion${classes.length >= MANY ? ' many' : ''}"><thead>` +
    `<tr><td></td><th class="axis" colspan="${classes.length}">called</th>${open ? '<td></td>' : ''}<td></td></tr>` +
    `<tr><th class="axis">is</th>${head}${open ? '<th class="rate" scope="col">nothing</th>' : ''}<th class="rate" scope="col">recall</th></tr>` +
    `</thead><tbody>${rows.join('')}<tr class="sum"><th scope="row">precision</th>${precision.join('')}${open ? '<td></td>' : ''}` +
    `<td class="rate">${total > 0 ? showPercent(correct / total) : '–'}</td></tr></tbody></table></div>`
  );
}

function cell(n: number, all: number, kind: string): string {
  const part = all > 0 ? n / all : 0;
  return `<td class="${kind}${kind === 'right' && part > DEEP ? ' deep' : ''}" style="--part:${part.toFixed(3)}">${showNumber(n)}</td>`;
}

/** A square of cells; a cell of a large matrix is of several classes, side by side in their order. */
function mapOf(confusion: Confusion): string {
  const { classes, counts } = confusion;
  const n = classes.length;
  const cells = Math.min(n, CELLS);
  const share = new Float64Array(cells * cells);
  counts.forEach((row, i) => {
    const all = allOf(confusion, i) || 1;
    const y = Math.floor((i * cells) / n);
    row.forEach((v, j) => {
      share[y * cells + Math.floor((j * cells) / n)] += v / all;
    });
  });
  const width = n / cells; // classes a cell
  const paths: string[][] = Array.from({ length: SHADES }, () => []);
  share.forEach((value, at) => {
    const shade = Math.ceil((value / width) ** 0.5 * SHADES); // the square root shows what is rare
    if (shade > 0) paths[Math.min(SHADES, shade) - 1].push(`M${at % cells} ${Math.floor(at / cells)}h1v1h-1z`);
  });
  const drawn = paths.map((p, i) => (p.length > 0 ? `<path opacity="${(i + 1) / SHADES}" d="${p.join('')}"/>` : ''));
  const each = width > 1 ? `; a cell is ${Math.ceil(width)} classes or so` : '';
  return (
    `<figure class="map"><figcaption>true class down, called across${each}</figcaption>` +
    `<svg viewBox="0 0 ${cells} ${cells}" role="img" aria-label="confusion matrix of ${n} classes">` +
    `<rect class="ground" width="${cells}" height="${cells}"/>${drawn.join('')}</svg></figure>`
  );
}

function mistakes(confusion: Confusion): string {
  const { classes, counts } = confusion;
  const pairs: { is: number; called: number; n: number; share: number }[] = [];
  const recalls: { is: number; share: number; all: number }[] = [];
  counts.forEach((row, is) => {
    const all = allOf(confusion, is);
    if (all > 0) recalls.push({ is, share: row[is] / all, all });
    row.forEach((n, called) => {
      if (n > 0 && is !== called) pairs.push({ is, called, n, share: n / all });
    });
  });
  pairs.sort((a, b) => b.n - a.n || b.share - a.share);
  recalls.sort((a, b) => a.share - b.share);
  const name = (i: number) => escapeXml(classes[i]);
  const row = (cells: string[]) =>
    `<tr>${cells.map((cell, i) => (i < cells.length - 1 ? `<th scope="row">${cell}</th>` : `<td>${cell}</td>`)).join('')}</tr>`;
  const most = pairs.slice(0, LISTED).map(({ is, called, n }) => row([name(is), name(called), showNumber(n)]));
  const least = recalls
    .slice(0, LISTED)
    .map(({ is, share, all }) => row([name(is), `${showPercent(share)} of ${showNumber(all)}`]));
  const list = (title: string, head: string[], rows: string[]) =>
    `<table class="list"><caption>${title}</caption><thead><tr>${head.map((h) => `<th scope="col">${h}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return (
    '<div class="lists">' +
    list('Most frequent mistakes', ['is', 'called', 'times'], most) +
    list(`Least found of ${count(classes.length, 'class', 'classes')}`, ['class', 'recall'], least) +
    '</div>'
  );
}
