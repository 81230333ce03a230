// TensorBoard's event files: records with checksums (TFRecord), each an Event of tensorboard/compat/proto.
import { showValue, UsageError } from '../errors.js';
import { crc32c } from '../io/crc32.js';
import { callback, checkOptions } from '../options.js';
import { flatten, type Value, type Values } from './facts.js';
import { type Histogram, histogramOf, isHistogram } from './histogram.js';
import { type EncodedPicture, join, pngSize } from './png.js';
import { bytes, double, doubles, type Field, float, int, message, text } from './protobuf.js';

/** Where a writer's bytes go. */
export interface TensorBoardOptions {
  /** Called with each record. Default: they are kept, for `bytes` and `blob`. */
  write?(record: Uint8Array): void;
  /** The time in milliseconds. Default `Date.now`. */
  now?(): number;
}

const FLOAT = 1; // DataType
const STRING = 7;
const TYPES = { string: 1, boolean: 2, number: 3 }; // of hyperparameters
const RGB = 3;
const BINS = 64;
const STATUS = { success: 1, failure: 2 };

/**
 * Writes what TensorBoard shows, as bytes of an event file; the names are those of PyTorch's SummaryWriter. A file is one run: in
 * Node `tensorBoardFile(folder)` of `wgrad/node` appends to one, a page collects and offers `blob()` for download. Tags with a
 * slash, such as 'loss/train', are grouped.
 */
export class TensorBoardWriter {
  private readonly parts: Uint8Array[] = [];
  private readonly write: (record: Uint8Array) => void;
  private readonly now: () => number;

  /** @throws UsageError for options that it does not know. */
  constructor(options: TensorBoardOptions = {}) {
    checkOptions('TensorBoardWriter', options, { write: callback, now: callback });
    this.write = options.write ?? ((record) => void this.parts.push(record));
    this.now = options.now ?? Date.now;
    this.event(text(3, 'brain.Event:2'));
  }

  /** A number, as a curve; NaN and infinities too. */
  addScalar(tag: string, value: number, step: number): void {
    if (typeof value !== 'number') throw new UsageError(`addScalar: ${tag} takes a number, got ${showValue(value)}`);
    this.summary(tag, step, float(2, value));
  }

  /** Several numbers, each under its name: an epoch's metrics. */
  addScalars(values: Readonly<Record<string, number>>, step: number): void {
    for (const [tag, value] of Object.entries(values)) this.addScalar(tag, value, step);
  }

  /** How values are spread: the values themselves, or what `histogramOf` or `layerHistograms` made of them. Those that are not finite are left out. */
  addHistogram(tag: string, values: ArrayLike<number> | Histogram, step: number): void {
    const given = isHistogram(values) ? (values as Histogram) : histogramOf(values as ArrayLike<number>, BINS);
    const { edges, counts, min, max, mean, std } = given;
    const number = counts.reduce((a, b) => a + b, 0);
    const [sum, squares] = number > 0 ? [mean * number, (std * std + mean * mean) * number] : [0, 0];
    const one = min === max; // bins are known by where they end; the first begins at the lowest value
    const bins = number > 0 ? [doubles(6, one ? [max] : edges.slice(1)), doubles(7, one ? [number] : counts)] : [];
    this.summary(tag, step, message(5, ...[min, max, number, sum, squares].map((v, i) => double(i + 1, v)), ...bins));
  }

  /** A picture: the bytes of a PNG, such as `encodePng` makes. */
  addImage(tag: string, png: EncodedPicture, step: number): void {
    const { width, height } = pngSize('addImage', png);
    this.summary(tag, step, message(4, int(1, height), int(2, width), int(3, RGB), bytes(4, png)));
  }

  /** A text; TensorBoard shows it as Markdown. */
  addText(tag: string, markdown: string, step: number): void {
    if (typeof markdown !== 'string') throw new UsageError(`addText: ${tag} takes a text, got ${showValue(markdown)}`);
    const tensor = message(8, int(1, STRING), message(2, message(2, int(1, 1))), text(8, markdown));
    this.summary(tag, step, plugin('text'), tensor);
  }

  /**
   * The run's settings, for TensorBoard's table of runs, and the tags of the scalars that stand beside them. Nested settings are
   * named by their path. Once a run, before `end`.
   */
  addHparams(settings: Values, metrics: readonly string[]): void {
    const start = this.now() / 1000;
    const values = plain(settings);
    const infos = values.map(([name, value]) =>
      message(4, text(1, name), int(4, TYPES[typeof value as keyof typeof TYPES])),
    );
    const tags = metrics.map((tag) => message(5, message(1, text(2, tag))));
    this.hparams('experiment', message(2, double(3, start), ...infos, ...tags));
    const given = values.map(([name, value]) => message(1, text(1, name), message(2, asValue(value))));
    this.hparams('session_start_info', message(3, ...given, double(5, start)));
  }

  /** The run is over, as its row in the table of runs then says. */
  end(status: 'success' | 'failure' = 'success'): void {
    if (!Object.hasOwn(STATUS, status))
      throw new UsageError(`end: takes 'success' or 'failure', got ${showValue(status)}`);
    this.hparams('session_end_info', message(4, int(1, STATUS[status]), double(2, this.now() / 1000)));
  }

  /** The file so far, where no `write` was given. */
  bytes(): Uint8Array<ArrayBuffer> {
    return join(this.parts);
  }

  /** The file so far, for a download. */
  blob(): Blob {
    return new Blob([this.bytes()], { type: 'application/octet-stream' });
  }

  private hparams(tag: string, data: Field): void {
    const nothing = message(8, int(1, FLOAT), message(2, message(2, int(1, 0)))); // a tensor (0,): the plugin reads its metadata
    this.summary(`_hparams_/${tag}`, 0, plugin('hparams', data), nothing);
  }

  private summary(tag: string, step: number, ...value: Field[]): void {
    if (typeof tag !== 'string' || tag === '')
      throw new UsageError(`TensorBoardWriter: a tag is a text, got ${showValue(tag)}`);
    if (!(Number.isSafeInteger(step) && step >= 0)) {
      throw new UsageError(
        `TensorBoardWriter: the step of '${tag}' is a whole number, 0 or more, got ${showValue(step)}`,
      );
    }
    this.event(int(2, step), message(5, message(1, text(1, tag), ...value)));
  }

  private event(...fields: Field[]): void {
    this.write(recordOf(join([double(1, this.now() / 1000), ...fields])));
  }
}

/** SummaryMetadata that says which of TensorBoard's plugins shows a value. */
function plugin(name: string, content?: Field): Field {
  return message(9, message(1, text(1, name), ...(content ? [bytes(2, content)] : [])));
}

type Plain = string | number | boolean;

/** Numbers and truth values keep their kind, everything else is a text. */
function plain(settings: Values): [name: string, value: Plain][] {
  const own = new Map<string, Value>();
  const walk = (values: Values, path: string) => {
    for (const [name, value] of Object.entries(values)) {
      own.set(path + name, value);
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        walk(value as Values, `${path}${name}.`);
    }
  };
  walk(settings, '');
  return flatten(settings).map(([name, shown]) => {
    const value = own.get(name);
    return [name, typeof value === 'number' || typeof value === 'boolean' ? value : shown];
  });
}

/** google.protobuf.Value. */
function asValue(value: Plain): Field {
  if (typeof value === 'number') return double(2, value);
  return typeof value === 'boolean' ? int(4, Number(value)) : text(3, value);
}

/** Length, its checksum, the data, its checksum. */
function recordOf(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(16 + data.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, data.length, true); // the upper half of a length of 64 bits stays 0
  view.setUint32(8, masked(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return record;
}

/** A checksum of checksums says little, so TFRecord turns and shifts each. */
function masked(data: Uint8Array): number {
  const sum = crc32c(data);
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}
