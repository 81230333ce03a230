// The loss and the task's metrics while they change: a chart for each, by name.
import uPlot from 'uplot';
import { showMetric } from 'wgrad/train';
import { metricTitle } from './words.js';

const MOST_POINTS = 1500;
const SMOOTHING = 0.9;

/** A colour of style.css as it is now: light or dark. */
export function colour(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

type Column = (number | null)[];

/** What a chart shows, as a plain value. */
interface ChartState {
  xs: number[];
  train: Column;
  check: Column;
  /** The running mean where training stands. */
  mean: number | null;
}

/** All charts, by the metric's name. */
export type CurvesState = Record<string, ChartState>;

/** One chart over epochs: a line for training and one for the pictures that are not trained on. */
class Chart {
  private readonly plot: uPlot;
  private xs: number[] = [];
  private train: Column = [];
  private check: Column = [];
  private mean: number | null = null;
  private due = false;

  constructor(
    private readonly place: HTMLElement,
    name: string,
  ) {
    const isShare = showMetric(name, 1).endsWith('%');
    const range: uPlot.Scale.Range = isShare
      ? () => [0, 1.02]
      : (_, low, high) => [Math.min(low ?? 0, 0), Math.max(high ?? 1, 0.1) * 1.05];
    const tick = (v: number) => (isShare ? `${Math.round(100 * v)} %` : v.toFixed(2));
    const axis = {
      stroke: () => colour('soft'),
      grid: { stroke: () => colour('line'), width: 1 },
      ticks: { show: false },
    };
    const value = (_: uPlot, v: number | null) => (v === null || v === undefined ? '–' : showMetric(name, v));
    this.plot = new uPlot(
      {
        ...this.size(),
        title: metricTitle(name),
        cursor: { y: false },
        legend: { markers: { width: 0, fill: (plot, i) => (plot.series[i].stroke as () => string)() } },
        scales: {
          x: { time: false, range: (_, low, high) => [Math.min(low ?? 0, 0), Math.max(high ?? 1, 1)] },
          y: { range },
        },
        axes: [
          { ...axis, size: 30 },
          { ...axis, size: 44, values: (_, ticks) => ticks.map(tick) },
        ],
        series: [
          { label: 'epoch', value: (_, v) => (v === null || v === undefined ? '–' : v.toFixed(2)) },
          {
            label: 'training',
            stroke: () => colour('accent'),
            width: 2,
            spanGaps: true,
            points: { show: false },
            value,
          },
          {
            label: 'new pictures',
            stroke: () => colour('second'),
            width: 2,
            spanGaps: true,
            points: { size: 6 },
            value,
          },
        ],
      },
      [[], [], []],
      place,
    );
    new ResizeObserver(() => this.plot.setSize(this.size())).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.plot.redraw());
  }

  private size(): { width: number; height: number } {
    return { width: Math.max(200, this.place.clientWidth), height: 210 };
  }

  /** Of a batch, or of the epoch so far; batches alone jump about, so that a running mean is drawn. */
  step(x: number, value: number): void {
    this.mean = this.mean === null ? value : SMOOTHING * this.mean + (1 - SMOOTHING) * value;
    this.add(x, this.mean, null);
  }

  /** Of pictures that are not trained on. */
  epoch(x: number, value: number): void {
    this.add(x, null, value);
  }

  private add(x: number, train: number | null, check: number | null): void {
    const last = this.xs.length - 1;
    if (last >= 0 && this.xs[last] === x) {
      this.train[last] = train ?? this.train[last];
      this.check[last] = check ?? this.check[last];
    } else {
      this.xs.push(x);
      this.train.push(train);
      this.check.push(check);
    }
    if (this.xs.length > MOST_POINTS) this.thin();
    this.draw();
  }

  /** Every other point, but none of the few on new pictures. */
  private thin(): void {
    const keep = this.xs.map((_, i) => i % 2 === 0 || this.check[i] !== null);
    for (const column of [this.xs, this.train, this.check]) {
      column.splice(0, column.length, ...((column as Column).filter((_, i) => keep[i]) as number[]));
    }
  }

  get state(): ChartState {
    const { xs, train, check, mean } = this;
    return { xs, train, check, mean };
  }

  set state({ xs, train, check, mean }: ChartState) {
    this.xs = xs;
    this.train = train;
    this.check = check;
    this.mean = mean;
    this.draw();
  }

  private draw(): void {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.plot.setData([this.xs, this.train, this.check]);
    });
  }
}

/** The charts; one comes as its metric is first heard of, that of the loss is there from the start. */
export class Curves {
  private readonly charts = new Map<string, Chart>();

  constructor(private readonly place: HTMLElement) {
    this.chart('loss');
  }

  /** After a step: `epochs` done so far, and what is known by name. */
  step(epochs: number, metrics: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(metrics))
      if (Number.isFinite(value)) this.chart(name).step(epochs, value);
  }

  /** After an epoch: its figures, and how pictures went that are not trained on. Losses of its batches are drawn already. */
  epoch(epochs: number, metrics: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(metrics)) {
      if (!Number.isFinite(value) || name === 'loss') continue;
      if (name.startsWith('val_')) this.chart(name.slice('val_'.length)).epoch(epochs, value);
      else this.chart(name).step(epochs, value);
    }
  }

  /** All that is drawn. */
  get state(): CurvesState {
    return Object.fromEntries([...this.charts].map(([name, chart]) => [name, chart.state]));
  }

  set state(state: CurvesState) {
    this.clear();
    for (const [name, drawn] of Object.entries(state)) this.chart(name).state = drawn;
  }

  clear(): void {
    for (const chart of this.charts.values()) chart.state = { xs: [], train: [], check: [], mean: null };
  }

  private chart(name: string): Chart {
    let chart = this.charts.get(name);
    if (!chart) {
      const place = document.createElement('div');
      this.place.append(place);
      chart = new Chart(place, name);
      this.charts.set(name, chart);
    }
    return chart;
  }
}
