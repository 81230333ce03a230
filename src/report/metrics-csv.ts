// The figures of a run's epochs as a table that every program reads: metrics.csv.
import { showValue, UsageError } from '../errors.js';
import { checkOptions } from '../options.js';
import { type EpochFigures, HISTORY } from './facts.js';

const OWN = ['epoch', 'step', 'learningRate', 'seconds', 'waited'] as const;

/**
 * A line an epoch: epoch, step, learningRate, seconds, waited, then every metric that any epoch has. What was not measured is empty, NaN is
 * 'NaN'; names with commas, quotes or line breaks are quoted (RFC 4180).
 * @throws UsageError for what is no history.
 */
export function metricsCsv(history: readonly EpochFigures[]): string {
  checkOptions('metricsCsv', { history }, { history: HISTORY });
  const metrics = [...new Set(history.flatMap((record) => Object.keys(record.metrics)))];
  const rows = history.map((record) => [
    ...OWN.map((name) => (record[name] === undefined ? '' : show(record[name]))),
    ...metrics.map((name) => (Object.hasOwn(record.metrics, name) ? show(record.metrics[name]) : '')),
  ]);
  return [[...OWN, ...metrics].map(quoted), ...rows].map((row) => `${row.join(',')}\n`).join('');
}

const show = (value: number) => String(Number.isFinite(value) ? Number(value.toPrecision(7)) : value);

const quoted = (name: string) => (/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);

/**
 * Reads such a table back: columns in any order, 'epoch' among them; every column beside those is a metric. A step, learningRate or seconds
 * that is missing is NaN. `name` is the file's, for messages.
 * @throws UsageError for a table without 'epoch', a line of another length, or a cell that is no number.
 */
export function readMetricsCsv(text: string, name: string): EpochFigures[] {
  if (typeof text !== 'string') throw new UsageError(`${name}: takes a text, got ${showValue(text)}`);
  const [head = [], ...lines] = cellsOf(text);
  if (!head.includes('epoch')) {
    throw new UsageError(`${name}: has no column 'epoch'; its first line names ${head.join(', ') || 'nothing'}`);
  }
  return lines.map((cells, i) => {
    if (cells.length !== head.length) {
      throw new UsageError(`${name}: line ${i + 2} has ${cells.length} cells, the first line ${head.length}`);
    }
    const values = new Map<string, number>();
    cells.forEach((cell, at) => {
      const value = Number(cell);
      if (Number.isNaN(value) && cell !== 'NaN') {
        throw new UsageError(`${name}: line ${i + 2}, ${head[at]}: ${showValue(cell)} is no number`);
      }
      if (cell !== '') values.set(head[at], value);
    });
    const own = (column: string) => values.get(column) ?? Number.NaN;
    const metrics = [...values].filter(([column]) => !(OWN as readonly string[]).includes(column));
    return {
      ...{ epoch: own('epoch'), step: own('step'), learningRate: own('learningRate'), seconds: own('seconds') },
      ...(values.has('waited') ? { waited: own('waited') } : {}),
      metrics: Object.fromEntries(metrics),
    };
  });
}

/** Rows of cells; a last line that a killed process cut off has no line break, and is left out. */
function cellsOf(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n)/gy;
  for (let found = cell.exec(text); found; found = cell.exec(text)) {
    row.push(found[1] === undefined ? found[2] : found[1].replaceAll('""', '"'));
    if (found[3] === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
