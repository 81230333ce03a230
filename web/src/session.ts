// What the page does with the library, in a worker, so that the page itself never waits. The page calls it by Comlink.
import {
  AdamW,
  type AlexNet,
  alexnet,
  deviceInfo,
  deviceLost,
  inEvaluation,
  init,
  manualSeed,
  memory,
  noGrad,
  OneCycleLR,
  scope,
  tensor,
} from 'wgrad';
import {
  type ColourStatistics,
  DataLoader,
  drawnStandIns,
  type ImageDataset,
  loadPictureFiles,
  type PictureFile,
  pictureInputs,
  pixelsOf,
} from 'wgrad/data';
import {
  classification,
  type EpochRecord,
  type Progress,
  predictProbabilities,
  RateMeter,
  readCheckpoint,
  restoreModel,
  Trainer,
  warmup,
  writeWeights,
} from 'wgrad/train';
import { type NetworkName, networks } from './networks.js';

export interface Adapter {
  name: string;
  software: boolean;
}

/** Planes of numbers as bytes, for canvases: (count, channels, height, width). */
export interface Planes {
  count: number;
  channels: 1 | 3;
  height: number;
  width: number;
  bytes: Uint8Array;
}

export interface TrainOptions {
  network: NetworkName;
  epochs: number;
}

export interface Listener {
  /** What is being done, while training has not begun. */
  preparing(what: string): void;
  progress(now: Progress & { imagesPerSecond: number; megabytes: number }): void;
  epoch(record: EpochRecord): void;
  filters(planes: Planes): void;
}

export interface Prediction {
  label: string;
  probability: number;
}

/** The facts that are kept beside the weights; Node's `npx wgrad predict --run FILE` reads the same. */
interface Facts {
  options: { variant: string; width: number; image: number; stored: number; dropout: number; initialization: string };
  classes: readonly string[];
  colours: ColourStatistics;
  folder: string | null;
  network: NetworkName;
}

type Source = { kind: 'stand-ins'; count: number } | { kind: 'files'; files: PictureFile[] };

const SEED = 1;
const FILTERS_EVERY_MS = 1500;
/** Steps between two looks at the accuracy of the epoch so far. */
const METRICS_EVERY = 2;

export class Session {
  private source: Source = { kind: 'stand-ins', count: 1000 };
  private data: { network: NetworkName; train: ImageDataset; validation: ImageDataset } | null = null;
  private model: AlexNet | null = null;
  private facts: Facts | null = null;
  private trainer: Trainer | null = null;
  private pause = new AbortController();

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
    await this.prepareData(network, listener);
    this.prepareTrainer(network, epochs, listener);
    return this.fit(epochs, listener);
  }

  /** Stops after the step under way; `resume` goes on exactly there. */
  stop(): void {
    this.pause.abort();
  }

  async resume(epochs: number, listener: Listener): Promise<'done' | 'stopped'> {
    return this.fit(epochs, listener);
  }

  /** Forgets the network. */
  reset(): void {
    this.model?.dispose();
    this.model = null;
    this.trainer = null;
    this.facts = null;
  }

  private async prepareData(network: NetworkName, listener: Listener): Promise<void> {
    if (this.data?.network === network) return;
    const { stored } = networks[network];
    let all: ImageDataset;
    if (this.source.kind === 'stand-ins') {
      listener.preparing('drawing pictures');
      all = drawnStandIns(this.source.count, stored, SEED);
    } else {
      const onProgress = (done: number, total: number) => {
        if (done % 20 === 0 || done === total) listener.preparing(`reading pictures: ${done} of ${total}`);
      };
      all = (await loadPictureFiles(this.source.files, { size: stored, onProgress })).dataset;
    }
    const [train, validation] = all.split(0.15, SEED);
    this.data = { network, train, validation };
  }

  private prepareTrainer(network: NetworkName, epochs: number, listener: Listener): void {
    listener.preparing('building the network');
    const { train, validation } = this.data!;
    const { image, stored, model: options, batch, learningRate } = networks[network];
    const sameClasses = this.facts?.classes.join('\n') === train.classes.join('\n');
    if (!(this.model && sameClasses && this.facts?.network === network)) {
      this.reset();
      manualSeed(SEED);
      this.model = alexnet({ ...options, imageSize: image, numClasses: train.classes.length });
      const folder = this.source.kind === 'files' ? 'pictures of the browser' : null;
      const colours = train.colours();
      this.facts = { options: { ...options, image, stored }, classes: train.classes, colours, folder, network };
    }
    const { colours } = this.facts!;
    const batchSize = Math.min(batch, train.length);
    const random = { crop: image, place: 'random', flip: true, colourShift: 0.1, colours, seed: SEED } as const;
    const center = { crop: image, place: 'center', colours, seed: SEED } as const;
    const loader = new DataLoader(train, { batchSize, shuffle: true, dropLast: true, augment: random });
    const optimizer = new AdamW(this.model.parameters(), { lr: learningRate, weightDecay: 0.01 });
    const totalSteps = epochs * loader.batches + 1;
    this.trainer = new Trainer({
      model: this.model,
      optimizer,
      schedule: { each: 'step', rule: new OneCycleLR(optimizer, { maxLr: learningRate, totalSteps }) },
      task: classification({ classes: train.classes }),
      train: loader,
      validation: validation.length > 0 ? new DataLoader(validation, { batchSize: batch, augment: center }) : undefined,
    });
  }

  private async fit(epochs: number, listener: Listener): Promise<'done' | 'stopped'> {
    const { trainer, model, facts } = this;
    if (!trainer || !model || !facts) throw new Error('there is no training to go on with');
    this.pause = new AbortController();
    const { image } = facts.options;
    const { batchSize } = (trainer.parts.train as DataLoader).options;
    await warmup(model, [batchSize, 3, image, image], {
      onProgress: (done, all) => listener.preparing(`compiling kernels: ${done} of ${all}`),
    });
    const before = trainer.position.step;
    const meter = new RateMeter(10);
    let shown = 0;
    return trainer.fit({
      epochs,
      signal: this.pause.signal,
      metricsEvery: METRICS_EVERY,
      callbacks: [
        {
          onBatchEnd: (now) => {
            meter.mark((now.step - before) * batchSize);
            listener.progress({ ...now, imagesPerSecond: meter.perSecond, megabytes: memory().liveBytes / 2 ** 20 });
            if (performance.now() - shown < FILTERS_EVERY_MS) return;
            shown = performance.now();
            void this.filters().then((planes) => listener.filters(planes));
          },
          onValidationBatchEnd: (now) => {
            listener.progress({ ...now, imagesPerSecond: meter.perSecond, megabytes: memory().liveBytes / 2 ** 20 });
          },
          onEpochEnd: async (record) => {
            listener.epoch(record);
            listener.filters(await this.filters());
          },
        },
      ],
    });
  }

  /** What the first convolution looks for, as colour pictures. */
  async filters(): Promise<Planes> {
    const { weight } = this.ready().layers.conv1;
    const [count, , height, width] = weight.shape;
    return scaled(await weight.data(), { count, channels: 3, height, width });
  }

  /** The probability of each class, the most probable first. Takes the bitmap over. */
  async predict(picture: ImageBitmap): Promise<Prediction[]> {
    const model = this.ready();
    const { image } = this.facts!.options;
    const values = await predictProbabilities(model, this.input(picture), [3, image, image]);
    return this.facts!.classes.map((label, i) => ({ label, probability: values[i] })).sort(
      (a, b) => b.probability - a.probability,
    );
  }

  /** What every convolution and pool makes of a picture. Takes the bitmap over. */
  async look(picture: ImageBitmap): Promise<{ layer: string; planes: Planes }[]> {
    const model = this.ready();
    const { image } = this.facts!.options;
    const input = this.input(picture);
    const pending = inEvaluation(model, () => {
      using _inside = scope();
      return noGrad(() => {
        const seen: Promise<{ layer: string; planes: Planes }>[] = [];
        let x = tensor(input, { shape: [1, 3, image, image] });
        for (const [name, layer] of model.children()) {
          x = layer.forward(x);
          if (x.shape.length < 4) break;
          if (!/^(relu|pool)/.test(name)) continue;
          const [, count, height, width] = x.shape;
          const layerName = name.replace('relu', 'conv');
          const planes = x.data().then((data) => scaled(data as Float32Array, { count, channels: 1, height, width }));
          seen.push(planes.then((shown) => ({ layer: layerName, planes: shown })));
        }
        return Promise.all(seen);
      });
    });
    return pending;
  }

  /** Weights and all that is needed to use them, as a safetensors file. */
  async save(): Promise<Uint8Array> {
    return writeWeights(this.ready(), { facts: JSON.stringify(this.facts) });
  }

  /** Takes a saved network; returns its classes. */
  load(bytes: Uint8Array, name: string): { classes: readonly string[]; network: NetworkName } {
    const checkpoint = readCheckpoint(bytes, name);
    const facts = JSON.parse(checkpoint.metadata.facts ?? 'null') as Facts | null;
    if (!facts?.options || !(facts.network in networks)) throw new Error(`${name}: was not saved by this page`);
    const { image, width, dropout } = facts.options;
    const { variant, initialization } = networks[facts.network].model;
    const model = alexnet({
      variant,
      width,
      dropout,
      initialization,
      imageSize: image,
      numClasses: facts.classes.length,
    });
    restoreModel(checkpoint, model);
    this.reset();
    this.model = model.eval();
    this.facts = facts;
    return { classes: facts.classes, network: facts.network };
  }

  private ready(): AlexNet {
    if (!this.model) throw new Error('there is no network yet: train one, or load one');
    return this.model;
  }

  private input(picture: ImageBitmap): Float32Array {
    const { options, colours } = this.facts!;
    try {
      return pictureInputs(pixelsOf(picture), { size: options.stored, crop: options.image, colours });
    } finally {
      picture.close();
    }
  }
}

/** Each plane (or colour picture) stretched to 0 .. 255. */
function scaled(data: ArrayLike<number>, shape: Omit<Planes, 'bytes'>): Planes {
  const { count, channels, height, width } = shape;
  const each = channels * height * width;
  const bytes = new Uint8Array(count * each);
  for (let n = 0; n < count; n++) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = n * each; i < (n + 1) * each; i++) {
      low = Math.min(low, data[i]);
      high = Math.max(high, data[i]);
    }
    const scale = high > low ? 255 / (high - low) : 0;
    for (let i = n * each; i < (n + 1) * each; i++) bytes[i] = (data[i] - low) * scale;
  }
  return { ...shape, bytes };
}

function planesOf(dataset: ImageDataset, count: number): Planes {
  const { size } = dataset;
  const bytes = new Uint8Array(count * 3 * size * size);
  for (let i = 0; i < count; i++) bytes.set(dataset.pixels(i), i * 3 * size * size);
  return { count, channels: 3, height: size, width: size, bytes };
}
