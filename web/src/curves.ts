// Loss and accuracy while they change.
import uPlot from 'uplot';

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

/** One chart over epochs: a line for training and one for the pictures that are not trained on. */
class Chart {
  private readonly plot: uPlot;
  private readonly xs: number[] = [];
  private readonly train: Column = [];
  private readonly check: Column = [];
  private due = false;

  constructor(
    private readonly place: HTMLElement,
    title: string,
    show: (value: number) => string,
    range: uPlot.Scale.Range,
  ) {
    const axis = {
      stroke: () => colour('soft'),
      grid: { stroke: () => colour('line'), width: 1 },
      ticks: { show: false },
    };
    const value = (_: uPlot, v: number | null) => (v === null || v === undefined ? '–' : show(v));
    this.plot = new uPlot(
      {
        ...this.size(),
        title,
        cursor: { y: false },
        legend: { markers: { width: 0, fill: (plot, i) => (plot.series[i].stroke as () => string)() } },
        scales: {
          x: { time: false, range: (_, low, high) => [Math.min(low ?? 0, 0), Math.max(high ?? 1, 1)] },
          y: { range },
        },
        axes: [
          { ...axis, size: 30 },
          { ...axis, size: 44, values: (_, ticks) => ticks.map(show) },
        ],
        series: [
          { label: 'epoch', value: (_, v) => (v === null || v === undefined ? '–' : v.toFixed(2)) },
          { label: 'training', stroke: () => colour('accent'), width: 2, points: { show: false }, value },
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

  add(x: number, train: number | null, check: number | null): void {
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

  clear(): void {
    for (const column of [this.xs, this.train, this.check]) column.length = 0;
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

export class Curves {
  private readonly loss: Chart;
  private readonly accuracy: Chart;
  private smoothLoss = Number.NaN;
  private smoothAccuracy = Number.NaN;

  constructor(lossPlace: HTMLElement, accuracyPlace: HTMLElement) {
    this.loss = new Chart(
      lossPlace,
      'Loss',
      (v) => v.toFixed(2),
      (_, __, high) => [0, Math.max(high ?? 1, 0.1) * 1.05],
    );
    this.accuracy = new Chart(
      accuracyPlace,
      'Accuracy',
      (v) => `${Math.round(100 * v)} %`,
      () => [0, 1.02],
    );
  }

  /** After a step: `epochs` done so far, and the batch's loss and accuracy. */
  step(epochs: number, loss: number, accuracy: number): void {
    if (!Number.isFinite(loss)) return;
    this.smoothLoss = smoothed(this.smoothLoss, loss);
    this.smoothAccuracy = smoothed(this.smoothAccuracy, accuracy);
    this.loss.add(epochs, this.smoothLoss, null);
    this.accuracy.add(epochs, this.smoothAccuracy, null);
  }

  /** After an epoch: how pictures went that are not trained on. */
  epoch(epochs: number, loss: number | null, accuracy: number | null): void {
    this.loss.add(epochs, null, loss);
    this.accuracy.add(epochs, null, accuracy);
  }

  clear(): void {
    this.smoothLoss = this.smoothAccuracy = Number.NaN;
    this.loss.clear();
    this.accuracy.clear();
  }
}

/** A running mean of the last steps; batches alone jump about. */
function smoothed(before: number, now: number): number {
  return Number.isFinite(before) ? SMOOTHING * before + (1 - SMOOTHING) * now : now;
}
