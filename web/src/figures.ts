// The figures above the charts: each metric by its name, of training and of new pictures, then speed and memory.
import { type EpochRecord, showMetric } from 'wgrad/train';
import { element } from './page.js';
import { metricTitle } from './words.js';

const NONE = '–';

export class Figures {
  private readonly place = element('figures');

  constructor() {
    this.figure('loss');
  }

  /** Of training so far. */
  metrics(metrics: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(metrics))
      if (Number.isFinite(value)) this.figure(name).textContent = showMetric(name, value);
  }

  /** What an epoch came to. */
  epoch({ metrics }: EpochRecord): void {
    for (const [name, value] of Object.entries(metrics)) {
      if (!name.startsWith('val_')) this.figure(name).textContent = showMetric(name, value);
      else this.newPictures(name.slice('val_'.length)).textContent = showMetric(name, value);
    }
  }

  pace(imagesPerSecond: number, megabytes: number): void {
    element('figure-rate').textContent = imagesPerSecond > 0 ? imagesPerSecond.toFixed(0) : NONE;
    element('figure-memory').textContent = `${megabytes.toFixed(0)} MB`;
  }

  clear(): void {
    for (const shown of this.place.querySelectorAll('dd > span')) shown.textContent = NONE;
    element('figure-rate').textContent = NONE;
  }

  private figure(name: string): HTMLElement {
    const id = `figure-${name}`;
    const found = document.getElementById(id);
    if (found) return found;
    const group = document.createElement('div');
    const value = Object.assign(document.createElement('span'), { id, textContent: NONE });
    const term = Object.assign(document.createElement('dt'), { textContent: metricTitle(name) });
    const figure = document.createElement('dd');
    figure.append(value);
    group.append(term, figure);
    element('figure-rate').closest('div')!.before(group);
    return value;
  }

  private newPictures(name: string): HTMLElement {
    const id = `figure-val_${name}`;
    const found = document.getElementById(id);
    if (found) return found;
    const value = Object.assign(document.createElement('span'), { id });
    const line = Object.assign(document.createElement('dd'), { className: 'new-pictures' });
    line.append(value, ' new pictures');
    this.figure(name).closest('div')!.append(line);
    return value;
  }
}
