// What the page does with the library, in a worker, so that the page itself never waits. The page calls it by Comlink.
import { type AlexNet, deviceInfo, deviceLost, init, manualSeed } from 'wgrad';
import { drawnStandIns, type PictureFile, pictureInputs, pixelsOf } from 'wgrad/data';
import { type EpochRecord, predictProbabilities, readCheckpoint, restoreModel, writeWeights } from 'wgrad/train';
import type { CurvesState } from './curves.js';
import { type Data, type KeptPictures, prepareData, SEED, type Source } from './data.js';
import { buildModel, type Facts, factsOf, readFacts } from './facts.js';
import { keepRun, placeOf, restoreKept } from './kept.js';
import { type NetworkName, networks } from './networks.js';
import { filtersOf, type LayerMaps, mapsOf, type Planes, planesOf } from './planes.js';
import { Store } from './store.js';
import { beginWith, fetchTrained, type Trained } from './trained.js';
import { fit, isDone, type Listener, newRun, type Run, shareDone } from './training.js';

export interface Adapter {
  name: string;
  software: boolean;
}

export interface TrainOptions {
  network: NetworkName;
  epochs: number;
}

export interface Prediction {
  label: string;
  probability: number;
}

/** A run from before, for the page to show. */
export interface KeptRun {
  network: NetworkName;
  classes: readonly string[];
  pictures: KeptPictures;
  curves: CurvesState;
  history: readonly EpochRecord[];
  epochs: number;
  /** Share of its epochs' pictures that it has seen. */
  share: number;
  /** Whether all of its epochs are done. */
  done: boolean;
  /** Where it stands, such as 'epoch 3 of 10, picture 320 of 850'. */
  place: string;
  /** Whether it was being trained. */
  running: boolean;
  /** Why its training cannot go on; '' if it can. */
  reason: string;
}

export class Session {
  private source: Source = { kind: 'stand-ins', count: 1000 };
  private data: Data | null = null;
  private model: AlexNet | null = null;
  private facts: Facts | null = null;
  private run: Run | null = null;
  private store: Store | null = null;
  private stopping = new AbortController();

  /** Opens the device. */
  async open(): Promise<Adapter> {
    await init();
    const { name, software } = deviceInfo();
    return { name, software };
  }

  /** Settles, with the reason, if the device is lost. */
  async lost(): Promise<string> {
    return (await deviceLost()).message;
  }

  /** Opens the files that outlive the tab; returns why there are none, or ''. */
  async openStore(): Promise<string> {
    const store = await Store.open();
    if (typeof store === 'string') return store;
    this.store = store;
    return '';
  }

  /** Takes the run that was kept last, if there is one. @throws Error if it cannot be used. */
  async restore(): Promise<KeptRun | null> {
    const restored = this.store && (await restoreKept(this.store));
    if (!restored) return null;
    const { model, facts, run, page, reason } = restored;
    this.model = model;
    this.facts = facts;
    this.run = run;
    this.data = run?.data ?? null;
    const { network, classes } = facts;
    const { pictures, curves, running, epochs } = page;
    const history = run?.trainer.history ?? [];
    const stand = run
      ? { place: placeOf(run), share: shareDone(run), done: isDone(run) }
      : { place: '', share: 1, done: false };
    return { network, classes, pictures, curves, history, epochs, ...stand, running, reason };
  }

  useStandIns(count: number): void {
    this.source = { kind: 'stand-ins', count };
    this.data = null;
  }

  useFiles(files: PictureFile[]): void {
    this.source = { kind: 'files', files };
    this.data = null;
  }

  /** Some of the drawn pictures, to show what they are. */
  examples(count: number): Planes {
    const size = 64;
    return planesOf(drawnStandIns(count, size, SEED + 2), count);
  }

  /** Trains for so many epochs, from the beginning or, with the same pictures and network, on from where it stands. */
  async train({ network, epochs }: TrainOptions, listener: Listener): Promise<'done' | 'stopped'> {
    this.stopping = new AbortController();
    if (this.data?.network !== network)
      this.data = await prepareData(this.source, network, this.store, (what) => listener.preparing(what));
    listener.preparing('building the network');
    const { train, kept } = this.data;
    const sameClasses = this.facts?.classes.join('\n') === train.classes.join('\n');
    if (!(this.model && sameClasses && this.facts?.network === network)) {
      this.release();
      manualSeed(SEED);
      this.facts = factsOf(network, train, kept.kind === 'files' ? 'pictures of the browser' : null);
      const trained = networks[network].tuning && (await fetchTrained());
      if (trained) this.facts.colours = trained.facts.colours; // what its weights are used to
      this.model = buildModel(this.facts);
      if (trained) beginWith(trained, this.model, train.classes);
    }
    this.run = newRun(this.model, this.facts!, this.data, epochs);
    return this.fit(listener);
  }

  /** Stops after the step under way; `resume` goes on exactly there. */
  stop(): void {
    this.stopping.abort();
  }

  /** Goes on with the run. */
  resume(listener: Listener): Promise<'done' | 'stopped'> {
    this.stopping = new AbortController();
    return this.fit(listener);
  }

  private async fit(listener: Listener): Promise<'done' | 'stopped'> {
    const { run, store } = this;
    if (!run) throw new Error('there is no training to go on with');
    const { signal } = this.stopping;
    if (!store) return fit(run, listener, signal);
    return fit(run, listener, signal, async (snapshot) => {
      const running = !signal.aborted && !isDone(run);
      const { text, bad } = await keepRun(store, snapshot, run, { running, curves: await listener.curves() });
      listener.kept(text, bad);
    });
  }

  /** Forgets the network, here and where it is kept. */
  async forget(): Promise<void> {
    this.release();
    this.data = null; // its file goes, too
    await this.store?.removeAllBut();
  }

  private release(): void {
    this.model?.dispose();
    this.model = null;
    this.run = null;
    this.facts = null;
  }

  /** What the first convolution looks for, as colour pictures. */
  filters(): Promise<Planes> {
    return filtersOf(this.ready().model.layers.conv1);
  }

  /** The probability of each class, the most probable first. Takes the bitmap over. */
  async predict(picture: ImageBitmap): Promise<Prediction[]> {
    const { model, facts } = this.ready();
    const { image } = facts.options;
    const values = await predictProbabilities(model, this.input(picture), [3, image, image]);
    return facts.classes
      .map((label, i) => ({ label, probability: values[i] }))
      .sort((a, b) => b.probability - a.probability);
  }

  /** What every convolution and pool makes of a picture. Takes the bitmap over. */
  async look(picture: ImageBitmap): Promise<LayerMaps[]> {
    const { model, facts } = this.ready();
    return mapsOf(model, this.input(picture), facts.options.image);
  }

  /** Weights and all that is needed to use them, as a safetensors file. */
  async save(): Promise<Uint8Array> {
    return writeWeights(this.ready().model, { facts: JSON.stringify(this.facts) });
  }

  /** Takes a saved network; returns its classes. */
  load(bytes: Uint8Array, name: string): { classes: readonly string[]; network: NetworkName } {
    const checkpoint = readCheckpoint(bytes, name);
    return this.take({ checkpoint, facts: readFacts(checkpoint.metadata.facts, name) });
  }

  /** Takes the network that comes along. */
  async loadTrained(): Promise<{ classes: readonly string[]; network: NetworkName }> {
    return this.take(await fetchTrained());
  }

  private take({ checkpoint, facts }: Trained): { classes: readonly string[]; network: NetworkName } {
    const model = buildModel(facts);
    restoreModel(checkpoint, model);
    this.release();
    this.model = model.eval();
    this.facts = facts;
    return { classes: facts.classes, network: facts.network };
  }

  private ready(): { model: AlexNet; facts: Facts } {
    const { model, facts } = this;
    if (!model || !facts) throw new Error('there is no network yet: train one, or load one');
    return { model, facts };
  }

  private input(picture: ImageBitmap): Float32Array {
    const { options, colours } = this.ready().facts;
    try {
      return pictureInputs(pixelsOf(picture), { size: options.stored, crop: options.image, colours });
    } finally {
      picture.close();
    }
  }
}
