// What a run keeps beside its weights: all that is needed to use them. Read back with as little trust as any file.
import type { ColourStatistics } from '../data/index.js';
import { CheckpointError } from '../index.js';
import type { Checkpoint } from '../train/index.js';
import { dashed, NAMES } from './options.js';
import { BEFORE, halfOf, presets, type RunOptions } from './presets.js';

export interface RunFacts {
  options: RunOptions;
  classes: readonly string[];
  colours: ColourStatistics;
  /** Where the pictures came from; null for stand-ins. */
  folders: readonly string[] | null;
}

/** What weights alone need; files that the browser page saves have no more. */
export const NETWORK = [
  ...(['variant', 'width', 'image', 'stored', 'dropout', 'poolDropout'] as const),
  ...(['dropoutScaling', 'initialization', 'pixels'] as const),
];

/** The facts as a checkpoint's text; the mean picture as the base64 of its f32s. */
export function writeFacts({ colours, ...facts }: RunFacts): string {
  const { meanImage, ...plain } = colours;
  const encoded =
    meanImage && Buffer.from(meanImage.buffer, meanImage.byteOffset, meanImage.byteLength).toString('base64');
  return JSON.stringify({ ...facts, colours: { ...plain, meanImage: encoded } });
}

function readMeanImage(text: unknown, size: number): Float32Array | null {
  if (typeof text !== 'string') return null;
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  if (bytes.length !== 4 * 3 * size * size) return null;
  const image = new Float32Array(bytes.buffer);
  return image.every((value) => value >= 0 && value <= 255) ? image : null;
}

const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
const isList = (length: number, check: (item: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.length === length && value.every(check);

/**
 * The facts of a checkpoint; for weights that are only used, the options of the network are enough.
 * @throws CheckpointError naming the file and the field that is not as it should be.
 */
export function readFacts(checkpoint: Checkpoint, use: 'resume' | 'predict'): RunFacts {
  const { name, metadata } = checkpoint;
  if (metadata.facts === undefined)
    throw new CheckpointError(`${name}: does not say which network and classes its weights are for`);
  const expect = (good: boolean, field: string, expected: string, value: unknown) => {
    if (good) return;
    throw new CheckpointError(
      `${name}: facts${field} should be ${expected}, it is ${JSON.stringify(value) ?? 'missing'}`,
    );
  };
  let facts: RunFacts;
  try {
    facts = JSON.parse(metadata.facts);
  } catch (error) {
    throw new CheckpointError(`${name}: facts are not JSON (${(error as Error).message})`, { cause: error });
  }
  expect(typeof facts === 'object' && facts !== null, '', 'an object', facts);
  const { options, classes, colours } = facts;
  expect(typeof options === 'object' && options !== null, '.options', 'an object', options);
  const names: readonly (keyof RunOptions)[] =
    use === 'predict' ? NETWORK : (Object.keys(presets.quick.options) as (keyof RunOptions)[]);
  const given: Record<string, unknown> = { ...BEFORE, ...options };
  if (given.poolDropout === undefined && isNumber(given.dropout)) given.poolDropout = halfOf(given.dropout as number);
  if (given.limit === null) given.limit = Number.POSITIVE_INFINITY; // JSON has no infinity
  for (const key of names) checkOption(key, given[key], expect);
  const named = Array.isArray(classes) && classes.length > 0 && classes.every((c) => typeof c === 'string');
  expect(named, '.classes', 'a list of names', classes);
  expect(typeof colours === 'object' && colours !== null, '.colours', 'an object', colours);
  for (const key of ['mean', 'std', 'axisStd'] as const) {
    expect(isList(3, isNumber)(colours[key]), `.colours.${key}`, 'a list of 3 numbers', colours[key]);
  }
  expect(isList(3, isList(3, isNumber))(colours.axes), '.colours.axes', '3 lists of 3 numbers', colours.axes);
  const { stored, pixels } = given as unknown as RunOptions;
  const { mean, std, axes, axisStd } = colours;
  const known: ColourStatistics = { mean, std, axes, axisStd };
  if (pixels === 'mean-image') {
    const image = readMeanImage(colours.meanImage, stored);
    const expected = `base64 of ${3 * stored * stored} bytes' means`;
    expect(image !== null, '.colours.meanImage', expected, String(colours.meanImage).slice(0, 40));
    known.meanImage = image!;
  }
  const folders = foldersOf(facts);
  const paths = folders === null || (Array.isArray(folders) && folders.every((path) => typeof path === 'string'));
  expect(paths, '.folders', 'a list of paths or null', folders);
  return { options: given as unknown as RunOptions, classes, colours: known, folders: folders as string[] | null };
}

/** Files of earlier versions, and of the browser page, have one `folder`. */
function foldersOf(facts: object): unknown {
  const { folder, folders = typeof folder === 'string' ? [folder] : folder } = facts as Record<string, unknown>;
  return folders;
}

function checkOption(
  key: keyof RunOptions,
  value: unknown,
  expect: (good: boolean, field: string, expected: string, value: unknown) => void,
): void {
  const example = presets.quick.options[key];
  const field = `.options.${key}`;
  if (typeof example === 'number') {
    expect(typeof value === 'number' && value >= 0, field, 'a number, 0 or more', value);
  } else if (Array.isArray(example)) {
    const shares = isList(3, (item) => isNumber(item) && (item as number) >= 0 && (item as number) <= 1);
    expect(shares(value), field, 'three numbers from 0 to 1', value);
  } else if (key === 'from' || key === 'freeze') {
    expect(typeof value === 'string', field, 'a text', value);
  } else if (typeof example === 'string') {
    const choices: readonly string[] = NAMES[dashed(key) as keyof typeof NAMES];
    expect(choices.includes(value as string), field, `one of ${choices.join(', ')}`, value);
  } else expect(typeof value === typeof example, field, `a ${typeof example}`, value);
}
