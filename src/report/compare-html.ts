// Several runs in one page: what came out, what differed, and every curve of all of them.
import { UsageError } from '../errors.js';
import { checkOptions } from '../options.js';
import { chartFigure } from './chart.js';
import { bestEpoch, type Chart, metricNames, pointsOf, unitOf } from './curves.js';
import { escapeXml, shorten } from './escape.js';
import { type EpochFigures, FACTS, flatten, HISTORY, type RunFacts, type Values } from './facts.js';
import { count, metricTitle, showDuration, showMetric, showNumber } from './numbers.js';
import { htmlPage, section } from './page.js';
import { type Line, rangeOf } from './plot.js';
import { PLOT_STYLE } from './style.js';
import { valuesList } from './tables.js';

/** A run to be compared. */
export interface ComparedRun extends RunFacts {
  /** What it is called among the others, such as its folder. Default: its title. */
  name?: string;
  /** Its epochs. */
  history: readonly EpochFigures[];
}

const RULES = { ...FACTS, name: FACTS.summary, history: HISTORY };
const COLOURS = 8;
const MOST_RUNS = 40;
const MOST_ROWS = 200;
const MOST_METRICS = 30;

interface Run extends ComparedRun {
  name: string;
  /** Classes of its own: its colour, and what switches it off. */
  tone: string;
}

/**
 * Runs side by side, as one HTML file like `reportHtml`'s: figures of each one's best epoch, the settings that differ, the curves of
 * every metric. A run can be switched off and on; that needs no JavaScript.
 * @throws UsageError for no run, more than 40, or facts that it does not know.
 */
export function compareHtml(runs: readonly ComparedRun[]): string {
  if (!Array.isArray(runs) || runs.length === 0 || runs.length > MOST_RUNS) {
    throw new UsageError(
      `compareHtml: takes a list of 1 to ${MOST_RUNS} runs, got ${Array.isArray(runs) ? runs.length : typeof runs}`,
    );
  }
  for (const [i, run] of runs.entries()) checkOptions(`compareHtml: run ${i}`, run, RULES);
  const all = runs.map(
    (run, i): Run => ({ ...run, name: run.name ?? run.title, tone: `c${(i % COLOURS) + 1} run${i}` }),
  );
  const names = [...new Set(all.flatMap(({ history }) => metricNames(history)))];
  const title = all.length === 1 ? all[0].name : `${all.length} runs compared`;
  const [differing, common] = settings(all, 'configuration');
  const [otherwise, around] = settings(all, 'environment');
  const same =
    Object.keys(common).length > 0
      ? `<details><summary>The same in all: ${count(Object.keys(common).length, 'setting')}</summary>${valuesList(common)}</details>`
      : '';
  const left = names.length > MOST_METRICS ? ` ${count(names.length - MOST_METRICS, 'metric')} more are left out.` : '';
  const note = `Of the epoch with the lowest validation loss.${all.length > 1 ? ' A run without its tick is not drawn.' : ''}`;
  const body = [
    `<header><h1>${escapeXml(title)}</h1></header>`,
    section('Runs', note, runsTable(all, names)),
    section('What differs', '', differences(all, differing) + same),
    section(
      'Learning',
      `Training on the left, validation on the right, on one scale.${left}`,
      charts(all, names.slice(0, MOST_METRICS)),
    ),
    section('Learning rate', '', rateChart(all)),
    section(
      'Environment',
      '',
      differences(all, otherwise) + (Object.keys(around).length > 0 ? valuesList(around) : ''),
    ),
  ];
  return htmlPage(title, body.join('\n'), PLOT_STYLE + switches(all));
}

/** A run whose box has no tick is hidden, in its own colour's lines and labels. */
function switches(runs: readonly Run[]): string {
  return runs
    .map((_, i) => `main:has(#run${i}:not(:checked)) .run${i}:is(path,circle,text,.column){display:none}`)
    .join('');
}

function runsTable(runs: readonly Run[], names: readonly string[]): string {
  const columns = names.slice(0, MOST_METRICS).flatMap((metric) => {
    const validated = runs.some(({ history }) =>
      history.some(({ metrics }) => Object.hasOwn(metrics, `val_${metric}`)),
    );
    return [
      {
        metric,
        name: validated ? `val_${metric}` : metric,
        head: `${validated ? 'validation ' : ''}${metricTitle(metric)}`,
      },
    ];
  });
  const head = ['epochs', 'time', 'best epoch', ...columns.map((c) => c.head)];
  const rows = runs.map(({ name, title, tone, history }, i) => {
    const [last, best] = [history.at(-1), bestEpoch(history)];
    const figures = columns.map(({ metric, name: column }) => {
      const value = best && Object.hasOwn(best.metrics, column) ? best.metrics[column] : undefined;
      return value === undefined ? '–' : showMetric(metric, value);
    });
    const cells = [
      last ? showNumber(last.epoch) : '0',
      last ? showDuration(last.seconds) : '–',
      best ? showNumber(best.epoch) : '–',
      ...figures,
    ];
    const about = title === name ? '' : `<small>${escapeXml(title)}</small>`;
    const box = `<label class="${tone.split(' ')[0]}"><input type="checkbox" id="run${i}" checked><span><b>${escapeXml(name)}</b>${about}</span></label>`;
    return `<tr><th scope="row">${box}</th>${cells.map((cell) => `<td>${escapeXml(cell)}</td>`).join('')}</tr>`;
  });
  const heads = head.map((text) => `<th scope="col">${escapeXml(text)}</th>`).join('');
  return `<div class="scroll"><table class="runs"><thead><tr><td></td>${heads}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

type Row = [name: string, values: string[]];

/** What differs, a row a setting; and what does not. */
function settings(runs: readonly Run[], kind: 'configuration' | 'environment'): [Row[], Values] {
  const own = runs.map((run) => new Map(flatten(run[kind] ?? {})));
  const names = [...new Set(own.flatMap((values) => [...values.keys()]))];
  const rows = names.map((name): Row => [name, own.map((values) => values.get(name) ?? '–')]);
  const differs = ([, values]: Row) => values.some((value) => value !== values[0]);
  const common = rows.filter((row) => !differs(row)).map(([name, [value]]) => [name, value]);
  return [rows.filter(differs), Object.fromEntries(common)];
}

function differences(runs: readonly Run[], rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const head = runs.map(({ name, tone }) => `<th scope="col" class="column ${tone}">${escapeXml(name)}</th>`).join('');
  const body = rows.slice(0, MOST_ROWS).map(([name, values]) => {
    const cells = values.map((value, i) => `<td class="column ${runs[i].tone}">${escapeXml(shorten(value, 200))}</td>`);
    return `<tr><th scope="row">${escapeXml(name)}</th>${cells.join('')}</tr>`;
  });
  return `<div class="scroll"><table class="differ"><thead><tr><td></td>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

function charts(runs: readonly Run[], names: readonly string[]): string {
  const drawn = names.flatMap((metric): Chart[] => {
    const [training, validation] = [metric, `val_${metric}`].map((name) =>
      lines(runs, ({ history }) => pointsOf(history, name)),
    );
    const range = rangeOf([...training, ...validation]);
    const title = metricTitle(metric);
    return (
      [
        ['training', training],
        ['validation', validation],
      ] as const
    )
      .filter(([, found]) => found.length > 0)
      .map(([note, found]) => ({
        ...{ title, note },
        plot: {
          name: `${title} of ${note} by epoch`,
          xName: 'epoch',
          lines: found,
          ...(range ? { range } : {}),
          ...unitOf(metric),
          ...named(found),
        },
      }));
  });
  return drawn.length > 0 ? `<div class="charts">${drawn.map((chart) => chartFigure(chart)).join('')}</div>` : '';
}

function lines(runs: readonly Run[], points: (run: Run) => Line['points']): Line[] {
  return runs
    .map((run) => ({ name: run.name, tone: run.tone, points: points(run) }))
    .filter((line) => line.points.length > 0);
}

const named = (found: readonly Line[]) => ({ labels: found.length <= 12 ? ('names' as const) : ('none' as const) });

function rateChart(runs: readonly Run[]): string {
  const found = lines(runs, ({ history }) =>
    history.map((r) => [r.epoch, r.learningRate] as const).filter(([, rate]) => Number.isFinite(rate)),
  );
  if (found.length === 0) return '';
  const plot = { name: 'learning rate by epoch', xName: 'epoch', lines: found, height: 170, ...named(found) };
  return `<div class="charts">${chartFigure({ title: 'learning rate', note: 'at the end of each epoch', plot })}</div>`;
}
