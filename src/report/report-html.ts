// A run as one page: figures first, then curves, tests, pictures, layers and settings.
import { checkOptions } from '../options.js';
import { chartFigure } from './chart.js';
import { accuracyOf, confusionHtml } from './confusion.js';
import { bestEpoch, type Chart, metricCharts, metricNames, paceCharts } from './curves.js';
import { escapeXml } from './escape.js';
import type { EpochFigures } from './facts.js';
import { filterSheet } from './filters.js';
import { galleryHtml } from './gallery.js';
import { histogramSvg, type LayerHistogram } from './histogram.js';
import { capitalized, count, metricTitle, showDuration, showMetric, showNumber, showPercent } from './numbers.js';
import { htmlPage, section } from './page.js';
import { PARTS, type ReportParts } from './parts.js';
import type { RocCurve } from './roc.js';
import { PLOT_STYLE } from './style.js';
import { setsTable, valuesList } from './tables.js';

/** What all pictures together may take of a file that stays below 5 MB. */
const PICTURES = 3.5e6;
const MOST_LAYERS = 200;
const MOST_CHARTS = 60;

/**
 * A run as one HTML file without references: it opens from a disk, without network, in light and dark, and shows its curves without
 * JavaScript. Below 5 MB whatever the run: long curves are thinned to what can be seen, pictures beyond 3.5 MB are left out and counted.
 * @throws UsageError for parts that it does not know or cannot show.
 */
export function reportHtml(parts: ReportParts): string {
  checkOptions('reportHtml', parts, PARTS);
  const { data, configuration, environment, galleries = [], filters, model } = parts;
  const room = { left: PICTURES };
  const charts = metricCharts(parts);
  const left =
    charts.length > MOST_CHARTS ? ` ${count(charts.length - MOST_CHARTS, 'metric')} more are in metrics.csv.` : '';
  const body = [
    masthead(parts),
    section('Learning', `${learningNote(parts)}${left}`, figures(charts.slice(0, MOST_CHARTS))),
    section('Pace', '', figures(paceCharts(parts, data))),
    section(capitalized(parts.testedOn ?? 'test'), testNote(parts), tests(parts)),
    section('Pictures', '', galleries.map((gallery) => galleryHtml(gallery, room)).join('')),
    section(
      'Filters',
      filters
        ? `What ${escapeXml(filters.name ?? 'the first convolution')} learned, each filter in its own range.`
        : '',
      filters ? filterSheet(filters) : '',
    ),
    section('Layers', 'How values are spread, from the lowest to the highest.', layersTable(parts.histograms ?? [])),
    section('Data', '', data && data.length > 0 ? setsTable(data) : ''),
    section('Configuration', '', has(configuration) ? valuesList(configuration) : ''),
    section('Network', '', model ? `<pre>${escapeXml(model)}</pre>` : ''),
    section('Environment', '', has(environment) ? valuesList(environment) : ''),
  ];
  return htmlPage(parts.title, body.join('\n'), PLOT_STYLE);
}

const has = <T extends object>(values: T | undefined): values is T =>
  values !== undefined && Object.keys(values).length > 0;

/** Charts for the page. */
export function figures(charts: readonly Chart[]): string {
  return charts.length > 0 ? `<div class="charts">${charts.map((chart) => chartFigure(chart)).join('')}</div>` : '';
}

/** '26 November 2026, 21:04 UTC'. */
export function showDate(iso: string): string {
  const date = new Date(iso);
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  return `${day}, ${date.toISOString().slice(11, 16)} UTC`;
}

function masthead(parts: ReportParts): string {
  const { title, summary, started, history } = parts;
  const kicker = started ? `<p class="kicker">${escapeXml(showDate(started))}</p>` : '';
  const summaryLine = summary ? `<p class="lead">${escapeXml(summary)}</p>` : '';
  const numbers = keyNumbers(parts).map(
    ([name, value]) => `<div><dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd></div>`,
  );
  return `<header>${kicker}<h1>${escapeXml(title)}</h1>${summaryLine}<p class="lead">${escapeXml(account(history))}</p></header><dl class="numbers">${numbers.join('')}</dl>`;
}

/** What happened, in a sentence or two. */
export function account(history: readonly EpochFigures[]): string {
  const last = history.at(-1);
  if (!last) return 'No epoch was finished.';
  const done = `${count(last.epoch, 'epoch')}, ${count(last.step, 'step')}, ${showDuration(last.seconds)} of training.`;
  const best = bestEpoch(history);
  if (!best) return done;
  const name = Number.isFinite(best.metrics.val_loss) ? 'val_loss' : 'loss';
  const which = name === 'val_loss' ? 'The validation loss' : 'The loss';
  const value = showNumber(best.metrics[name]);
  if (history.length === 1) return `${done} ${which} came to ${value}.`;
  return `${done} ${which} was lowest, ${value}, after epoch ${showNumber(best.epoch)}${best === last ? ', the last' : ''}.`;
}

/** The figures that are looked for first: what a test found, then the best epoch's. */
function keyNumbers({ history, results = {}, confusion, testedOn = 'test' }: ReportParts): [string, string][] {
  const tested = Object.entries(results).map(([name, value]): [string, string] => [
    `${testedOn} ${metricTitle(name)}`,
    showMetric(name, value),
  ]);
  if (tested.length === 0 && confusion) {
    const { correct, total } = accuracyOf(confusion);
    if (total > 0) tested.push([`${testedOn} accuracy`, showPercent(correct / total)]);
  }
  const best = bestEpoch(history) ?? history.at(-1); // without a loss, the last
  if (!best) return tested;
  const own = metricNames(history).flatMap((metric): [string, string][] => {
    const name = Object.hasOwn(best.metrics, `val_${metric}`) ? `val_${metric}` : metric;
    const value = best.metrics[name];
    const kind = name === metric ? '' : 'validation ';
    return typeof value === 'number' ? [[`${kind}${metricTitle(metric)}`, showMetric(metric, value)]] : [];
  });
  const named = new Set(tested.map(([name]) => name));
  return [...tested, ...own.filter(([name]) => !named.has(name))].slice(0, 10);
}

function learningNote({ history }: ReportParts): string {
  const best = bestEpoch(history);
  const marked =
    best && history.length > 2
      ? `The dotted line is the best epoch, ${showNumber(best.epoch)}; the figures above are of it.`
      : '';
  const bad = history.some(({ metrics }) => Object.values(metrics).some((value) => !Number.isFinite(value)));
  return `${marked}${bad ? ' A cross is a value that is NaN or infinite.' : ''}`;
}

function testNote({ confusion }: ReportParts): string {
  if (!confusion) return '';
  const { correct, total } = accuracyOf(confusion);
  return total > 0
    ? `${showNumber(correct)} of ${showNumber(total)} right. A cell’s shade is its share of the row.`
    : '';
}

function tests({ confusion, roc = [] }: ReportParts): string {
  const found = [confusion ? `<div>${confusionHtml(confusion)}</div>` : '', roc.length > 0 ? rocFigure(roc) : ''].join(
    '',
  );
  return found && `<div class="tests">${found}</div>`;
}

function rocFigure(curves: readonly RocCurve[]): string {
  const lines = curves.map(({ name, points }, i) => ({
    ...{ name, tone: `c${(i % 8) + 1}` },
    points: points.map(([x, y]) => [x, 100 * y] as const),
  }));
  const chance = {
    name: '',
    tone: 'chance',
    behind: true,
    points: [
      [0, 0],
      [1, 100],
    ] as const,
  };
  const shared = { unit: ' %', range: [0, 100] as const, shares: true, height: 280, labels: 'none' as const };
  const one = curves.length === 1 ? curves[0] : null;
  const chart = {
    title: one ? `ROC of ${one.name}` : 'ROC',
    note: one ? `area ${one.area.toFixed(3)}` : 'found, by false alarms',
  };
  const plot = { name: 'found by false alarms', xName: 'false alarms', lines: [chance, ...lines], ...shared };
  const rows = curves.map(
    ({ name, area }, i) =>
      `<tr class="c${(i % 8) + 1}"><th scope="row"><span class="key"></span>${escapeXml(name)}</th><td>${area.toFixed(3)}</td></tr>`,
  );
  const table = `<table class="list"><thead><tr><th scope="col">class</th><th scope="col">area</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return chartFigure({ ...chart, plot }, 'square') + (one ? '' : table);
}

function layersTable(layers: readonly LayerHistogram[]): string {
  if (layers.length === 0) return '';
  const gradients = layers.some(({ gradient }) => gradient);
  const cell = (histogram: LayerHistogram['values'] | undefined, what: string) =>
    `<td>${histogram ? histogramSvg(histogram, what) : ''}</td>`;
  const rows = layers.slice(0, MOST_LAYERS).map(({ name, values, gradient }) => {
    const stats = `<small>mean ${showNumber(values.mean)}, deviation ${showNumber(values.std)}</small>`;
    return `<tr><th scope="row">${escapeXml(name)}${stats}</th>${cell(values, name)}${gradients ? cell(gradient, `gradient of ${name}`) : ''}</tr>`;
  });
  const rest = layers.length > MOST_LAYERS ? `<p>${count(layers.length - MOST_LAYERS, 'layer')} more.</p>` : '';
  const head = `<tr><td></td><th scope="col">values</th>${gradients ? '<th scope="col">gradients</th>' : ''}</tr>`;
  return `<table class="layers"><thead>${head}</thead><tbody>${rows.join('')}</tbody></table>${rest}`;
}
