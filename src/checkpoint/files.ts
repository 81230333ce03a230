// Checkpoints and weights as files: safetensors with a checksum, and in their metadata the state of the run's parts, of the random numbers,
// and where the run stands.
import { CheckpointError, showValue, UsageError } from '../errors.js';
import {
  joined,
  readSafetensors,
  type SafetensorsOptions,
  type StoredTensor,
  safetensorsParts,
  WRITE_RULES,
} from '../io/safetensors.js';
import { type AnyModule, requireModule } from '../layers/module.js';
import { Optimizer } from '../optim/optimizer.js';
import { checkOptions, requireBytes } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { partMismatch, tensorsOf, weightsMismatch } from './parts.js';
import { parseSavedState } from './saved-state.js';
import { BLANK_SEAL, checkSeal, sealParts } from './seal.js';
import { below, partsOf, readBack, requireRun, restoreSnapshot, type Snapshot, takeSnapshot } from './snapshot.js';
import type { Json, Run } from './stateful.js';

const FORMAT_NAME = 'wgrad checkpoint';
const FORMAT_VERSION = 4;
/** Files from this version on have the same tensors; what else they keep of a run is another. */
const WEIGHTS_FROM = 2;
const FORMAT = `${FORMAT_NAME} ${FORMAT_VERSION}`;

/**
 * The whole state of a run (a trainer, or what a loop of your own keeps), or a snapshot of it, as a file's bytes, in the safetensors
 * format, with a checksum. `extra` is kept beside it, as text by name: options, classes. Nothing may train meanwhile.
 * @throws UsageError for something else, or while a trainer's losses are on their way.
 */
export async function writeCheckpoint<Position>(
  from: Run<Position> | Snapshot<Position>,
  extra: Record<string, string> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return joined(await checkpointParts(from, extra));
}

/**
 * The bytes of `writeCheckpoint` in parts, to be written one after the other. They are the snapshot's own memory, which large
 * models do not have twice.
 * @throws UsageError as `writeCheckpoint` does.
 */
export async function checkpointParts<Position>(
  from: Run<Position> | Snapshot<Position>,
  extra: Record<string, string> = {},
): Promise<Uint8Array[]> {
  checkExtra('writeCheckpoint', extra);
  const isSnapshot = typeof from === 'object' && from !== null && 'saved' in from;
  if (!isSnapshot) requireRun('writeCheckpoint', from);
  const { tensors, saved } = isSnapshot ? from : await takeSnapshot(from);
  return sealParts(
    safetensorsParts(tensors, { ...extra, ...BLANK_SEAL, format: FORMAT, state: JSON.stringify(saved) }),
  );
}

const OWN_NAMES = ['checksum', 'format', 'state'];

/** @throws UsageError unless they are texts, under names that are not our own. */
function checkExtra(where: string, extra: Record<string, string>): void {
  if (typeof extra !== 'object' || extra === null)
    throw new UsageError(`${where}: extra is texts by name, got ${showValue(extra)}`);
  for (const [name, text] of Object.entries(extra)) {
    if (OWN_NAMES.includes(name))
      throw new UsageError(`${where}: extra has '${name}', a name that checkpoints use themselves`);
    if (typeof text !== 'string') throw new UsageError(`${where}: extra.${name} is a text, got ${showValue(text)}`);
  }
}

/**
 * About how many bytes a checkpoint of this run takes. Before the first step, when an optimizer has made no state yet, two
 * tensors a parameter are counted, as Adam's: SGD's will be less.
 */
export function checkpointBytes<Position>(run: Run<Position>): number {
  requireRun('checkpointBytes', run);
  const bytes = (tensors: readonly Tensor[]) => tensors.reduce((sum, t) => sum + 4 * t.size, 0);
  return partsOf(run).reduce((sum, [, part]) => {
    const own = Object.values(tensorsOf(part));
    if (!(part instanceof Optimizer) || own.length > 0) return sum + bytes(own);
    return sum + 2 * bytes(part.groups.flatMap((group) => group.params));
  }, 0);
}

/**
 * The weights (and running statistics) alone as a file's bytes, for use and not for going on. `{ floats: 'f16' }` halves the file.
 * @throws UsageError for something else than a model and texts, or options that it does not know; CheckpointError for weights beyond f16.
 */
export async function writeWeights(
  model: AnyModule,
  extra: Record<string, string> = {},
  options: SafetensorsOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  requireModule('writeWeights', model);
  checkExtra('writeWeights', extra);
  checkOptions('writeWeights', options, WRITE_RULES);
  const tensors = await readBack('model.', model.stateDict());
  return joined(sealParts(safetensorsParts(tensors, { ...extra, ...BLANK_SEAL, format: FORMAT }, options)));
}

/** A checkpoint or weights file, checked but not yet used. */
export interface Checkpoint {
  /** What messages call the file. */
  name: string;
  /** By 'model.<path>' and 'optimizer.<place>.<name>'. */
  tensors: Map<string, StoredTensor>;
  /** What was given as `extra`, and our own `checksum`, `format` and `state`. */
  metadata: Record<string, string>;
}

/**
 * Reads what `writeCheckpoint` or `writeWeights` wrote. `name` is what messages call the file.
 * @throws CheckpointError if the bytes are no checkpoint, or not those that were written, naming the file and what is wrong.
 */
export function readCheckpoint(bytes: Uint8Array, name: string): Checkpoint {
  requireBytes('readCheckpoint', bytes);
  if (bytes.length === 0) throw new CheckpointError(`${name}: the file is empty`);
  const { tensors, metadata } = readSafetensors(bytes, name);
  checkFormat(metadata.format, name);
  checkSeal(bytes, name);
  if (metadata.state !== undefined && metadata.format === FORMAT) parseSavedState(metadata.state, name);
  return { name, tensors, metadata };
}

function checkFormat(format: string | undefined, name: string): void {
  if (format === FORMAT) return;
  const version = format?.startsWith(`${FORMAT_NAME} `) ? Number(format.slice(FORMAT_NAME.length)) : Number.NaN;
  if (!Number.isInteger(version)) {
    throw new CheckpointError(
      `${name}: not a checkpoint of this library (format ${format ?? 'not given'}); readSafetensors reads it, and ` +
        'model.loadStateDict(Object.fromEntries(tensors)) takes its weights',
    );
  }
  if (version >= WEIGHTS_FROM && version < FORMAT_VERSION) return;
  const [age, fix] =
    version < FORMAT_VERSION
      ? ['an older', 'use the version that wrote it, or train again']
      : ['a newer', 'update wgrad to read it'];
  throw new CheckpointError(
    `${name}: written by ${age} version of this library (format ${version}, this one reads ${FORMAT_VERSION}); ${fix}`,
  );
}

/**
 * Puts a checkpoint's weights into a model.
 * @throws CheckpointError if they do not fit it; the model is then as before.
 */
export function restoreModel(checkpoint: Checkpoint, model: AnyModule): void {
  requireCheckpoint('restoreModel', checkpoint);
  requireModule('restoreModel', model);
  const { name, tensors } = checkpoint;
  const weights = below('model.', tensors);
  const wrong = weightsMismatch(model, weights);
  if (wrong) throw new CheckpointError(`${name}: does not fit this model: ${wrong}`);
  model.loadStateDict(weights);
}

/**
 * Puts a run back to where it was saved: the state of its parts (a trainer's: weights, what is frozen and in evaluation mode, optimizer,
 * schedule, metrics, callbacks), random numbers, and its position. It must keep parts of the same kind under the same names.
 * @throws CheckpointError if the file holds weights only, or does not fit; the run is then as before.
 */
export function restoreRun<Position>(checkpoint: Checkpoint, run: Run<Position>): void {
  requireCheckpoint('restoreRun', checkpoint);
  requireRun('restoreRun', run);
  const { name, tensors, metadata } = checkpoint;
  const { state, format } = metadata;
  if (state === undefined) throw new CheckpointError(`${name}: holds weights only, a run cannot go on from it`);
  if (format !== FORMAT) {
    throw new CheckpointError(
      `${name}: written by an older version of this library (${format}, runs go on from version ${FORMAT_VERSION}); its weights ` +
        'can be used, but a run cannot go on from it',
    );
  }
  const saved = parseSavedState(state, name);
  const parts = partsOf(run);
  const lacking = parts.find(([part]) => !Object.hasOwn(saved.parts, part));
  if (lacking) throw new CheckpointError(`${name}: saved without a ${lacking[0]}, this run has one`);
  const extra = Object.keys(saved.parts).find((part) => !parts.some(([own]) => own === part));
  if (extra !== undefined) throw new CheckpointError(`${name}: saved with a ${extra}, this run has none`);
  for (const [part, own] of parts) {
    const wrong = partMismatch(own, saved.parts[part], below(`${part}.`, tensors));
    if (wrong) throw new CheckpointError(`${name}: does not fit this run's ${part}: ${wrong}`);
  }
  const wrong = run.mismatch?.(saved.position);
  if (wrong) throw new CheckpointError(`${name}: ${wrong}`);
  restoreSnapshot({ tensors: [...tensors], saved } as Snapshot<Json> as Snapshot<Position>, run);
}

function requireCheckpoint(where: string, value: unknown): void {
  const { tensors, metadata } = Object(value) as Partial<Checkpoint>;
  if (tensors instanceof Map && typeof metadata === 'object') return;
  throw new UsageError(`${where}: takes what readCheckpoint(bytes, name) gives, got ${showValue(value)}`);
}
