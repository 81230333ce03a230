// What the buttons do. All work is done in a worker (session.ts).
import { proxy, type Remote } from 'comlink';
import { Curves } from './curves.js';
import { Figures } from './figures.js';
import { type NetworkName, networks } from './networks.js';
import { element, segments, setRadio } from './page.js';
import { Pictures } from './pictures.js';
import type { Planes } from './planes.js';
import type { KeptRun, Session } from './session.js';
import { drawSheet } from './sheet.js';
import type { Listener } from './training.js';
import { TryIt } from './try.js';
import { messageOf } from './words.js';

type State = 'empty' | 'running' | 'paused' | 'trained';

const STAND_INS = { trained: 300, small: 1000, quick: 1200, paper: 2000 };
const NAME_EVERY_MS = 2000;

export class Page {
  private state: State = 'empty';
  private network: NetworkName = 'quick';
  private epochs = 0;
  private source: 'stand-ins' | 'files' = 'stand-ins';
  /** Whether the worker has other pictures than those that are chosen. */
  private stale = false;
  private readonly curves = new Curves(element('charts'));
  private readonly figures = new Figures();
  private readonly pictures = new Pictures(() => {
    this.stale = true;
  });
  private readonly tryIt: TryIt;

  constructor(
    private readonly session: Remote<Session>,
    software: boolean,
  ) {
    this.tryIt = new TryIt(session, (text, bad) => this.say(text, bad));
    this.choose(software ? 'small' : 'quick');
    const choices = Object.entries(networks).map(([name, { title }]): [string, string] => [name, title]);
    segments(element('networks'), 'network', choices, this.network, (name) => {
      this.choose(name as NetworkName);
      if (networks[this.network].tuning && this.state === 'empty') void this.loadTrained();
    });
    this.buttons();
    this.enter('empty');
  }

  private buttons(): void {
    const on = (id: string, act: () => Promise<void> | void) =>
      element(id).addEventListener('click', async () => {
        try {
          await act();
        } catch (error) {
          this.say(messageOf(error), true);
        }
      });
    on('train', () => this.train());
    on('pause', () => this.pause());
    on('forget', () => this.forget());
    on('save', () => this.save());
    const load = element<HTMLInputElement>('load');
    load.addEventListener('change', async () => {
      const [file] = load.files ?? [];
      load.value = '';
      if (file) await this.load(file);
    });
    for (const radio of document.querySelectorAll<HTMLInputElement>('input[name=source]')) {
      radio.addEventListener('change', () => {
        this.chooseSource(radio.value as typeof this.source);
      });
    }
  }

  private chooseSource(source: typeof this.source): void {
    this.source = source;
    element('stand-ins').hidden = source !== 'stand-ins';
    element('files').hidden = source !== 'files';
    this.stale = true;
  }

  private choose(name: NetworkName): void {
    const epochs = element<HTMLInputElement>('epochs');
    if (epochs.value === String(networks[this.network].epochs)) epochs.value = String(networks[name].epochs);
    this.network = name;
    element('network-note').textContent = `AlexNet, ${networks[name].about}.`;
    this.stale = true; // other sizes: the pictures are read anew
  }

  /** Hands the pictures to the worker, if they are not there yet. */
  private async givePictures(): Promise<void> {
    if (!this.stale) return;
    if (this.source === 'stand-ins') {
      this.pictures.dropKept();
      await this.session.useStandIns(STAND_INS[this.network]);
    } else if (this.pictures.keptFor !== this.network) {
      const files = this.pictures.files();
      if (typeof files === 'string') throw new Error(files);
      await this.session.useFiles(files);
    }
    this.stale = false;
  }

  private async train(): Promise<void> {
    await this.givePictures();
    this.epochs = Math.max(1, Math.round(Number(element<HTMLInputElement>('epochs').value) || 1));
    this.clear();
    await this.run(() => this.session.train({ network: this.network, epochs: this.epochs }, proxy(this.listener())));
  }

  private async pause(): Promise<void> {
    if (this.state === 'running') {
      this.say('Pausing after this step …');
      await this.session.stop();
      return;
    }
    await this.run(() => this.session.resume(proxy(this.listener())));
  }

  /** Shows a run from before, and goes on with it if it was being trained and `wait` does not ask to wait. */
  async restore(kept: KeptRun, wait: boolean): Promise<void> {
    try {
      this.showRun(kept);
      this.showFilters(await this.session.filters());
      if (this.state !== 'paused') return;
      if (wait || !kept.running) this.say(`Paused at ${kept.place}, as it was kept.`);
      else await this.run(() => this.session.resume(proxy(this.listener(`Going on at ${kept.place}`))));
    } catch (error) {
      this.say(messageOf(error), true);
    }
  }

  private showRun(kept: KeptRun): void {
    const { network, classes, pictures, curves, history, epochs, share, done, place, reason } = kept;
    this.choose(network);
    setRadio('network', network);
    this.chooseSource(pictures.kind);
    setRadio('source', pictures.kind);
    if (pictures.kind === 'files' && !reason) this.pictures.showKept(pictures.count, classes, network);
    this.stale = reason !== '';
    this.epochs = epochs;
    element<HTMLInputElement>('epochs').value = String(epochs);
    element<HTMLProgressElement>('bar').value = share;
    this.curves.state = curves;
    if (place) this.note(`Kept in this browser: ${place}.`, false);
    for (const record of history.slice(-1)) this.figures.epoch(record);
    if (reason) {
      this.enter('trained');
      this.say(`A network for ${classes.join(', ')}, kept from before. Its training cannot go on: ${reason}.`);
    } else if (done) {
      this.enter('trained');
      this.say(`A network for ${classes.join(', ')}, kept from before: ${place}. Train again to go on from here.`);
    } else this.enter('paused');
  }

  /** Says why what was kept cannot be used. */
  refuse(reason: string): void {
    this.say(`${reason}. “Forget” removes it; the next training takes its place.`, true);
    element<HTMLButtonElement>('forget').disabled = false;
  }

  /** Says whether runs are kept. */
  note(text: string, bad: boolean): void {
    element('kept').textContent = text;
    element('kept').classList.toggle('bad', bad);
  }

  private clear(): void {
    this.curves.clear();
    this.figures.clear();
    element<HTMLProgressElement>('bar').value = 0;
  }

  private async run(start: () => Promise<'done' | 'stopped'>): Promise<void> {
    const before = this.state;
    this.enter('running');
    try {
      const ended = await start();
      this.enter(ended === 'done' ? 'trained' : 'paused');
      this.say(ended === 'done' ? 'Trained. Train again to go on from here.' : 'Paused; nothing is lost.');
      await this.tryIt.name();
    } catch (error) {
      this.enter(before === 'running' ? 'empty' : before);
      throw error;
    }
  }

  /** What is shown while it trains; `resumed` says where a run from before goes on. */
  private listener(resumed = ''): Listener {
    let named = performance.now();
    if (resumed) this.say(`${resumed} …`);
    return {
      preparing: (what) => this.say(resumed ? `${resumed}: ${what} …` : `${what[0].toUpperCase()}${what.slice(1)} …`),
      progress: (now) => {
        const { epoch, examples, examplesInEpoch, batchLoss, metrics, phase } = now;
        const share = examples / examplesInEpoch;
        element<HTMLProgressElement>('bar').value = (epoch - 1 + (phase === 'train' ? share : 1)) / this.epochs;
        this.figures.pace(now.imagesPerSecond, now.megabytes);
        this.say(
          phase === 'train'
            ? `Epoch ${epoch} of ${this.epochs}, picture ${examples} of ${examplesInEpoch}`
            : 'Looking at new pictures …',
        );
        if (phase !== 'train') return;
        this.curves.step(epoch - 1 + share, { ...metrics, loss: batchLoss });
        this.figures.metrics(metrics);
        if (performance.now() - named < NAME_EVERY_MS) return;
        named = performance.now();
        this.tryIt.enable(true);
      },
      epoch: (record) => {
        this.curves.epoch(record.epoch, record.metrics);
        this.figures.epoch(record);
      },
      filters: (planes) => this.showFilters(planes),
      kept: (text, bad) => this.note(text, bad),
      curves: () => this.curves.state,
    };
  }

  private async forget(): Promise<void> {
    await this.session.forget();
    this.pictures.dropKept();
    this.stale = true;
    this.clear();
    this.note('Nothing is kept.', false);
    this.enter('empty');
    this.say('Forgotten. The next training begins anew.');
  }

  private async save(): Promise<void> {
    const bytes = await this.session.save();
    const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type: 'application/octet-stream' }));
    Object.assign(document.createElement('a'), { href: url, download: 'network.safetensors' }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    this.say(
      `Saved, ${(bytes.length / 1e6).toFixed(1)} MB. “npx wgrad predict --run network.safetensors” reads it, too.`,
    );
  }

  private async load(file: File): Promise<void> {
    try {
      const { classes, network } = await this.session.load(new Uint8Array(await file.arrayBuffer()), file.name);
      this.choose(network);
      setRadio('network', network);
      await this.showLoaded(`Loaded: a network for ${classes.join(', ')}.`);
    } catch (error) {
      this.say(messageOf(error), true);
    }
  }

  /** The network that comes along names pictures before anything is trained. */
  private async loadTrained(): Promise<void> {
    this.say('Fetching the trained network …');
    element<HTMLButtonElement>('train').disabled = true; // until it is there
    try {
      const { classes } = await this.session.loadTrained();
      await this.showLoaded(`A network for ${classes.join(', ')}. Try it, or train it on pictures of your own.`);
    } catch (error) {
      this.enter('empty');
      this.say(messageOf(error), true);
    }
  }

  private async showLoaded(text: string): Promise<void> {
    this.clear();
    this.showFilters(await this.session.filters());
    this.enter('trained');
    this.say(text);
  }

  private showFilters(planes: Planes): void {
    const { count, height, width } = planes;
    drawSheet(element<HTMLCanvasElement>('filters'), planes, count > 16 ? 24 : 16);
    element('filters-note').textContent = `${count} filters of ${height} × ${width} pixels, in their own colours.`;
  }

  private enter(state: State): void {
    this.state = state;
    const running = state === 'running';
    const disable = (id: string, disabled: boolean) => {
      element<HTMLButtonElement>(id).disabled = disabled;
    };
    disable('train', running || state === 'paused');
    disable('pause', !running && state !== 'paused');
    disable('forget', running || state === 'empty');
    disable('save', state === 'empty');
    disable('load', running);
    for (const radio of document.querySelectorAll<HTMLInputElement>('input[name=network], input[name=source]'))
      radio.disabled = running || state === 'paused';
    element('pause').textContent = state === 'paused' ? 'Go on' : 'Pause';
    element('train').textContent = state === 'trained' ? 'Train on' : 'Train';
    if (!running) this.tryIt.enable(state !== 'empty');
  }

  private say(text: string, bad = false): void {
    const status = element('status');
    status.textContent = text;
    status.classList.toggle('bad', bad);
  }
}
