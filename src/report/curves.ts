// A history as charts: a metric of training and of validation in one, the learning rate, the throughput.
import type { EpochFigures, RunFacts, StepFigures } from './facts.js';
import { isShare, metricTitle, showNumber } from './numbers.js';
import type { Line, Plot } from './plot.js';
import type { Point } from './thin.js';

/** A chart and what stands above it. */
export interface Chart {
  /** Its heading. */
  title: string;
  /** Beside the heading: the unit, or what is counted. */
  note?: string;
  /** What is drawn. */
  plot: Plot;
}

/** The epochs of a run, and its steps where they were kept. */
export interface Course {
  /** In order. */
  history: readonly EpochFigures[];
  /** In order. Default: none. */
  steps?: readonly StepFigures[];
}

/** All metrics, without validation's mark, in the order in which they first appear; the loss first. */
export function metricNames(history: readonly EpochFigures[]): string[] {
  const names = new Set(
    history.flatMap(({ metrics }) => Object.keys(metrics).map((name) => name.replace(/^val_/, ''))),
  );
  return [...names].sort((a, b) => Number(b === 'loss') - Number(a === 'loss'));
}

/** A metric's values by epoch; where it was not measured there is no point. In percent for shares. */
export function pointsOf(history: readonly EpochFigures[], metric: string): Point[] {
  const factor = isShare(metric) ? 100 : 1;
  return history.flatMap(({ epoch, metrics }): Point[] => {
    const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
    return typeof value === 'number' ? [[epoch, factor * value]] : [];
  });
}

/** The epoch of the lowest validation loss, or loss where there is none; null without either. */
export function bestEpoch(history: readonly EpochFigures[]): EpochFigures | null {
  const name = history.some(({ metrics }) => Number.isFinite(metrics.val_loss)) ? 'val_loss' : 'loss';
  const known = history.filter(({ metrics }) => Number.isFinite(metrics[name]));
  return known.reduce<EpochFigures | null>((a, b) => (a && a.metrics[name] <= b.metrics[name] ? a : b), null);
}

/** How a metric's values are written in its chart. */
export function unitOf(metric: string): Pick<Plot, 'unit' | 'show'> {
  return isShare(metric) ? { unit: ' %', show: (value) => `${showFixed(value)} %` } : {};
}

const showFixed = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : showNumber(value));

/** A chart for each metric. */
export function metricCharts({ history, steps = [] }: Course): Chart[] {
  const best = history.length > 2 ? bestEpoch(history) : null;
  return metricNames(history).map((metric, i) => {
    const [training, validation] = [pointsOf(history, metric), pointsOf(history, `val_${metric}`)];
    const alone = validation.length === 0;
    const lines: Line[] = [
      { name: alone ? '' : 'training', tone: alone ? 'c1' : 'training', points: training },
      { name: training.length === 0 ? '' : 'validation', tone: 'c1', points: validation },
    ];
    const behind = { name: '', tone: 'training', behind: true, points: stepPoints(history, steps, metric) };
    const mark = best ? { mark: { x: best.epoch, label: i === 0 ? 'best' : '' } } : {};
    const shown = [behind, ...lines].filter(({ points }) => points.length > 0);
    const title = metricTitle(metric);
    const from0 = steps.length > 0 ? { xRange: [history[0].epoch - 1, history.at(-1)!.epoch] as const } : {};
    return {
      title,
      plot: { name: `${title} by epoch`, xName: 'epoch', lines: shown, ...unitOf(metric), ...mark, ...from0 },
    };
  });
}

/** Steps at their places between the epochs' ends. */
function stepPoints(history: readonly EpochFigures[], steps: readonly StepFigures[], metric: string): Point[] {
  const factor = isShare(metric) ? 100 : 1;
  const ends = [{ epoch: (history[0]?.epoch ?? 1) - 1, step: 0 }, ...history];
  let at = 1;
  return steps.flatMap(({ step, metrics }): Point[] => {
    while (at < ends.length - 1 && ends[at].step < step) at++;
    const [from, to] = [ends[at - 1], ends[at]];
    const value = metrics[metric];
    if (!to || step > to.step || !Number.isFinite(value)) return [];
    return [[from.epoch + ((step - from.step) / (to.step - from.step || 1)) * (to.epoch - from.epoch), factor * value]];
  });
}

/** Learning rate and throughput. */
export function paceCharts({ history }: Course, data: RunFacts['data'] = []): Chart[] {
  const rate: Point[] = history.map((r) => [r.epoch, r.learningRate]);
  const from0 = (points: readonly Point[]) => ({ range: [0, points.reduce((a, [, y]) => Math.max(a, y), 0)] as const });
  const chart = (title: string, note: string, points: Point[]): Chart => {
    const lines = points.length > 0 ? [{ name: '', tone: 'c1', points }] : [];
    return { title, note, plot: { name: `${title} by epoch`, xName: 'epoch', lines, height: 150, ...from0(points) } };
  };
  const examples = data.find(({ name }) => /^train/i.test(name))?.count;
  const note = examples === undefined ? 'steps a second' : 'examples a second';
  const waiting = waits(history);
  return [
    chart('learning rate', 'at the end of each epoch', rate),
    chart('throughput', note, throughput(history, examples)),
    ...(waiting.some(([, share]) => share >= 1) ? [chart('waiting for batches', '% of the time', waiting)] : []),
  ].filter(({ plot }) => plot.lines.length > 0);
}

/** What happened from the epoch before to each; of the first, from the beginning of the run. */
function changes(
  history: readonly EpochFigures[],
): { now: EpochFigures; before: Omit<EpochFigures, 'metrics' | 'learningRate'> }[] {
  const start = { epoch: 0, step: 0, seconds: 0, waited: 0 };
  return history.flatMap((now, i) => {
    const before = i > 0 ? history[i - 1] : start;
    return now.epoch === before.epoch + 1 ? [{ now, before }] : [];
  });
}

/** The share of the time in which a batch was waited for, in percent. */
function waits(history: readonly EpochFigures[]): Point[] {
  return changes(history).flatMap(({ now, before }): Point[] => {
    const share = (100 * ((now.waited ?? Number.NaN) - (before.waited ?? Number.NaN))) / (now.seconds - before.seconds);
    return Number.isFinite(share) && share >= 0 ? [[now.epoch, share]] : [];
  });
}

function throughput(history: readonly EpochFigures[], examples?: number): Point[] {
  return changes(history).flatMap(({ now, before }): Point[] => {
    const speed = (examples ?? now.step - before.step) / (now.seconds - before.seconds);
    return Number.isFinite(speed) && speed > 0 ? [[now.epoch, speed]] : [];
  });
}
