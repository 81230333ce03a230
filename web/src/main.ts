// The page: what the buttons do, and what is shown while a network learns. All work is done in a worker (session.ts).
import { proxy, type Remote, wrap } from 'comlink';
import { Curves } from './curves.js';
import { type NetworkName, networks } from './networks.js';
import { element, messageOf, segments } from './page.js';
import { Pictures } from './pictures.js';
import type { Listener, Planes, Session } from './session.js';
import { drawSheet } from './sheet.js';
import { TryIt } from './try.js';

type State = 'empty' | 'running' | 'paused' | 'trained';

const EXAMPLES = 16;
const STAND_INS = { small: 1000, quick: 1200, paper: 2000 };

class Page {
  private state: State = 'empty';
  private network: NetworkName = 'quick';
  private epochs = 0;
  private source: 'stand-ins' | 'files' = 'stand-ins';
  private ownFiles = false;
  private readonly curves = new Curves(element('loss-chart'), element('accuracy-chart'));
  private readonly pictures = new Pictures(() => this.picturesChanged());
  private readonly tryIt: TryIt;

  constructor(
    private readonly session: Remote<Session>,
    software: boolean,
  ) {
    this.tryIt = new TryIt(session, (text, bad) => this.say(text, bad));
    this.choose(software ? 'small' : 'quick');
    const choices = Object.entries(networks).map(([name, { title }]): [string, string] => [name, title]);
    segments(element('networks'), 'network', choices, this.network, (name) => this.choose(name as NetworkName));
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
        this.source = radio.value as typeof this.source;
        element('stand-ins').hidden = this.source !== 'stand-ins';
        element('files').hidden = this.source !== 'files';
        this.picturesChanged();
      });
    }
  }

  private choose(name: NetworkName): void {
    this.network = name;
    element('network-note').textContent = `AlexNet, ${networks[name].about}.`;
    this.ownFiles = true; // other sizes: the pictures are read anew
  }

  private picturesChanged(): void {
    this.ownFiles = true;
  }

  /** Hands the pictures to the worker, if they are not there yet. */
  private async givePictures(): Promise<void> {
    if (!this.ownFiles) return;
    if (this.source === 'stand-ins') await this.session.useStandIns(STAND_INS[this.network]);
    else {
      const files = this.pictures.files();
      if (typeof files === 'string') throw new Error(files);
      await this.session.useFiles(files);
    }
    this.ownFiles = false;
  }

  private async train(): Promise<void> {
    await this.givePictures();
    this.epochs = Math.max(1, Math.round(Number(element<HTMLInputElement>('epochs').value) || 1));
    this.curves.clear();
    await this.run(() => this.session.train({ network: this.network, epochs: this.epochs }, proxy(this.listener())));
  }

  private async pause(): Promise<void> {
    if (this.state === 'running') {
      this.say('Pausing after this step …');
      await this.session.stop();
      return;
    }
    await this.run(() => this.session.resume(this.epochs, proxy(this.listener())));
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

  private listener(): Listener {
    let named = performance.now();
    return {
      preparing: (what) => this.say(`${what[0].toUpperCase()}${what.slice(1)} …`),
      progress: (now) => {
        const { epoch, examples, examplesInEpoch, batchLoss, metrics, phase } = now;
        const { accuracy = Number.NaN } = metrics;
        const { imagesPerSecond, megabytes } = now;
        const share = examples / examplesInEpoch;
        element<HTMLProgressElement>('bar').value = (epoch - 1 + (phase === 'train' ? share : 1)) / this.epochs;
        element('figure-rate').textContent = imagesPerSecond > 0 ? imagesPerSecond.toFixed(0) : '–';
        element('figure-memory').textContent = `${megabytes.toFixed(0)} MB`;
        this.say(
          phase === 'train'
            ? `Epoch ${epoch} of ${this.epochs}, picture ${examples} of ${examplesInEpoch}`
            : 'Looking at new pictures …',
        );
        if (phase !== 'train') return;
        this.curves.step(epoch - 1 + share, batchLoss, accuracy);
        if (Number.isFinite(batchLoss)) element('figure-loss').textContent = batchLoss.toFixed(3);
        if (Number.isFinite(accuracy)) element('figure-accuracy').textContent = `${(100 * accuracy).toFixed(0)} %`;
        if (performance.now() - named < 2000) return;
        named = performance.now();
        this.tryIt.enable(true);
      },
      epoch: ({ epoch, metrics: { val_loss: loss = null, val_accuracy: accuracy = null } }) => {
        this.curves.epoch(epoch, loss, accuracy);
        if (accuracy !== null) element('figure-validation').textContent = `${(100 * accuracy).toFixed(0)} %`;
      },
      filters: (planes) => {
        this.showFilters(planes);
      },
    };
  }

  private async forget(): Promise<void> {
    await this.session.reset();
    this.curves.clear();
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
      for (const radio of document.querySelectorAll<HTMLInputElement>('input[name=network]'))
        radio.checked = radio.value === network;
      this.curves.clear();
      this.showFilters(await this.session.filters());
      this.enter('trained');
      this.say(`Loaded: a network for ${classes.join(', ')}.`);
    } catch (error) {
      this.say(messageOf(error), true);
    }
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

/** Shows a page in place of the app: there is no GPU, or it went away. */
function instead(id: 'no-gpu' | 'gpu-lost', reason: string): void {
  element('app').hidden = true;
  element(id).hidden = false;
  element(`${id}-reason`).textContent = reason;
  element('adapter').textContent = 'no GPU';
}

async function open(): Promise<void> {
  if (!('gpu' in navigator)) {
    instead('no-gpu', 'navigator.gpu is not there.');
    return;
  }
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const session = wrap<Session>(worker);
  let software = false;
  try {
    const adapter = await session.open();
    software = adapter.software;
    element('adapter').textContent = software ? `${adapter.name} · a CPU in place of a GPU` : adapter.name;
  } catch (error) {
    instead('no-gpu', messageOf(error));
    return;
  }
  element('app').hidden = false;
  new Page(session, software);
  drawSheet(element<HTMLCanvasElement>('examples'), await session.examples(EXAMPLES), EXAMPLES / 2);
  instead('gpu-lost', await session.lost());
}

element('start-again').addEventListener('click', () => location.reload());
void open();
