// Pictures in tar files: what they hold is counted once, and remembered.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { ColourStatistics } from '../data/colours.js';
import { classesRule } from '../data/rules.js';
import { DataError, showValue, UsageError } from '../errors.js';
import { crc32 } from '../io/crc32.js';
import { callback, checkOptions, type Rules, required, whole } from '../options.js';
import { recall, remember } from './platform.js';
import { coloursOfFirst } from './shard-batch.js';
import { tarSamples } from './tar-samples.js';

/** How shards are opened. */
export interface ShardOptions {
  /** Names of the classes. A sample's .cls holds one of them, or a place in this list, from 0. */
  classes: readonly string[];
  /** Shorter side of the pictures after scaling, and side of the central square. Default 256. */
  size?: number;
  /** Called after each shard whose samples have been counted. */
  onProgress?: (done: number, total: number) => void;
}

const RULES: Rules<ShardOptions> = { classes: required(classesRule), size: whole(1), onProgress: callback };

/** What is known of a shard without its pictures. */
interface Shard {
  path: string;
  samples: number;
  /** How often each .cls comes. */
  labels: Record<string, number>;
  /** Of names and classes. */
  checksum: number;
}

/**
 * Opens tar files of pictures in WebDataset's layout: `name.jpg` (or .png) and `name.cls`, a sample's files one after the
 * other. `source` is a path, a list of paths, or a pattern such as 'train-{000000..000009}.tar'. All are read once to count
 * their samples, which is kept in the cache; pictures are read in each epoch, by a `ShardLoader`.
 * @throws DataError naming the shard, and the entry where there is one: missing, cut off, no tar, a picture without a .cls, a
 * class that is not among `classes`, no samples at all. UsageError for options that make no sense.
 */
export async function openShards(source: string | readonly string[], options: ShardOptions): Promise<ShardDataset> {
  const paths = pathsOf(source);
  checkOptions('openShards', options, RULES);
  const { classes, size = 256, onProgress } = options;
  const shards: Shard[] = [];
  for (const path of paths) {
    shards.push(await countedShard(path));
    onProgress?.(shards.length, paths.length);
  }
  for (const { path, labels } of shards) {
    const unknown = Object.keys(labels).find((text) => labelOf(text, classes) < 0);
    if (unknown !== undefined) throw await unknownClass(path, unknown, classes);
  }
  return new ShardDataset(shards, classes, size);
}

/** Pictures in tar files, as `openShards` opens them. */
export class ShardDataset {
  /** @internal */
  constructor(
    private readonly all: readonly Shard[],
    /** Names of the classes; labels are places in this list. */
    readonly classes: readonly string[],
    /** Side that pictures are brought to, in pixels. */
    readonly size: number,
  ) {
    if (this.length === 0) {
      throw new DataError(
        `${all.map(({ path }) => path).join(', ')}: no samples: a sample is name.jpg or name.png and name.cls, and a name ends at ` +
          'its first dot',
      );
    }
  }

  /** Where the shards are, and how many samples each has. */
  get shards(): readonly {
    /** Of its file. */
    path: string;
    /** Pictures with a class. */
    samples: number;
  }[] {
    return this.all.map(({ path, samples }) => ({ path, samples }));
  }

  /** Samples in all shards. */
  get length(): number {
    return this.all.reduce((sum, { samples }) => sum + samples, 0);
  }

  /** How many samples each class has, in the order of `classes`. */
  counts(): number[] {
    const counts = this.classes.map(() => 0);
    for (const { labels } of this.all)
      for (const [text, count] of Object.entries(labels)) counts[labelOf(text, this.classes)] += count;
    return counts;
  }

  /** Tells these samples from others, wherever they lie: a checksum of their names and classes, in their order. */
  get fingerprint(): string {
    const shards = this.all.map(({ path, samples, checksum }) => [basename(path), samples, checksum]);
    const sum = crc32(new TextEncoder().encode(JSON.stringify([this.classes, shards])));
    return sum.toString(16).padStart(8, '0');
  }

  /**
   * Mean colour, spread, and principal axes over the first pictures of up to ten shards, `most` (default 1000) in all. Pictures
   * that cannot be read are passed over.
   * @throws DataError if none can be read, UsageError if `most` is not a whole number above 0.
   */
  async colours(most = 1000): Promise<ColourStatistics> {
    if (!(Number.isInteger(most) && most >= 1))
      throw new UsageError(`colours: ${showValue(most)} is not a number of pictures, 1 or more`);
    const filled = this.all.filter(({ samples }) => samples > 0);
    const used = Math.min(10, filled.length, most);
    const taken = Array.from({ length: used }, (_, n) => ({
      path: filled[Math.floor((n * filled.length) / used)].path,
      pictures: Math.floor(((n + 1) * most) / used) - Math.floor((n * most) / used),
    }));
    const colours = await coloursOfFirst(taken, this.size);
    if (colours) return colours;
    throw new DataError(`${filled[0].path}: none of its first pictures can be read`);
  }
}

/** The label that a .cls stands for; -1 for none. @internal */
export function labelOf(text: string, classes: readonly string[]): number {
  const named = classes.indexOf(text);
  if (named >= 0) return named;
  return /^\d+$/.test(text) && Number(text) < classes.length ? Number(text) : -1;
}

async function unknownClass(path: string, text: string, classes: readonly string[]): Promise<DataError> {
  let entry = '';
  for await (const { name, label } of tarSamples(path, () => false)) {
    if (label !== text) continue;
    entry = `${name}: `;
    break;
  }
  const known = classes.slice(0, 5).join(', ') + (classes.length > 5 ? ', ...' : '');
  return new DataError(
    `${path}: ${entry}its class ${showValue(text)} is not one of ${known}, nor a number from 0 to ${classes.length - 1}`,
  );
}

const VERSION = 1;

/** From the cache, if the file has not changed since it was counted. */
async function countedShard(path: string): Promise<Shard> {
  const key = `shards-${VERSION}/${keyOf(path)}.json`;
  const known = parse(recall(key));
  if (known) return { path, ...known };
  const labels = new Map<string, number>();
  let [samples, checksum] = [0, 0];
  for await (const { name, label } of tarSamples(path, () => false)) {
    samples++;
    labels.set(label, (labels.get(label) ?? 0) + 1);
    checksum = crc32(Buffer.from(`${name}\n${label}\n`), checksum);
  }
  const counted = { samples, labels: Object.fromEntries(labels), checksum };
  remember(key, JSON.stringify(counted));
  return { path, ...counted };
}

function keyOf(path: string): string {
  try {
    const { size, mtimeMs } = statSync(path);
    return createHash('sha256')
      .update(JSON.stringify([resolve(path), size, mtimeMs]))
      .digest('hex')
      .slice(0, 24);
  } catch (error) {
    throw new DataError(`${path}: cannot be read (${(error as Error).message})`, { cause: error });
  }
}

function parse(text: string | null): Omit<Shard, 'path'> | null {
  try {
    const { samples, labels, checksum } = JSON.parse(text!);
    const counts = Object.values(labels) as unknown[];
    const sum = counts.reduce((a: number, b) => a + (Number.isSafeInteger(b) ? (b as number) : Number.NaN), 0);
    return sum === samples && Number.isSafeInteger(checksum) ? { samples, labels, checksum } : null;
  } catch {
    return null; // not there, or damaged: it is counted again
  }
}

/** 'train-{000000..000009}.tar' are ten files; other braces are themselves. */
function pathsOf(source: string | readonly string[]): string[] {
  const list: readonly unknown[] = Array.isArray(source) ? source : [source];
  if (list.length === 0 || !list.every((path) => typeof path === 'string' && path !== ''))
    throw new UsageError(`openShards: takes a path, a pattern or a list of paths, got ${showValue(source)}`);
  const paths = (list as string[]).flatMap(expand);
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) throw new UsageError(`openShards: ${path} is given twice`);
    seen.add(path);
  }
  return paths;
}

const MOST_SHARDS = 1_000_000;

function expand(pattern: string): string[] {
  const found = /\{(\d+)\.\.(\d+)\}/.exec(pattern);
  if (!found) return [pattern];
  const [range, first, last] = found;
  const count = Number(last) - Number(first) + 1;
  if (!(count >= 1 && count <= MOST_SHARDS))
    throw new UsageError(`openShards: ${range} is no range of shards, in ${pattern}`);
  const width = first.startsWith('0') ? first.length : 0;
  return Array.from({ length: count }, (_, i) => String(Number(first) + i).padStart(width, '0')).flatMap((number) =>
    expand(pattern.slice(0, found.index) + number + pattern.slice(found.index + range.length)),
  );
}
