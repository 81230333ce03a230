// Checkpoints and weights as files: safetensors with a checksum, and in their metadata where trainer, schedule and random
// numbers stand.
import { CheckpointError, showValue, UsageError } from '../errors.js';
import { joined, readSafetensors, type StoredTensor, safetensorsParts } from '../io/safetensors.js';
import { type Module, requireModule } from '../layers/module.js';
import type { Optimizer } from '../optim/optimizer.js';
import { requireBytes } from '../options.js';
import { sameShape, showShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkFits, parseSavedState } from './saved-state.js';
import { BLANK_SEAL, checkSeal, sealParts } from './seal.js';
import { below, readBack, restoreSnapshot, type Snapshot, takeSnapshot } from './snapshot.js';
import { Trainer } from './trainer.js';

const FORMAT_NAME = 'wgrad checkpoint';
const FORMAT_VERSION = 3;
/** Files of this version have the same tensors; their optimizers counted no updates of single parameters. */
const WEIGHTS_FROM = 2;
const FORMAT = `${FORMAT_NAME} ${FORMAT_VERSION}`;

/**
 * The run's whole state as a file's bytes, in the safetensors format, with a checksum. `extra` is kept beside it, as text
 * by name: options, classes. Nothing may train meanwhile.
 * @throws UsageError for something else, or while the trainer's losses are on their way.
 */
export async function writeCheckpoint(
  from: Trainer | Snapshot,
  extra: Record<string, string> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return joined(await checkpointParts(from, extra));
}

/**
 * The bytes of `writeCheckpoint` in parts, to be written one after the other. They are the snapshot's own memory, which large
 * models do not have twice.
 * @throws UsageError as `writeCheckpoint` does.
 */
export async function checkpointParts(
  from: Trainer | Snapshot,
  extra: Record<string, string> = {},
): Promise<Uint8Array[]> {
  checkExtra('writeCheckpoint', extra);
  const isSnapshot = typeof from === 'object' && from !== null && 'saved' in from;
  if (!isSnapshot && !(from instanceof Trainer))
    throw new UsageError(`writeCheckpoint: takes a trainer or a snapshot, got ${showValue(from)}`);
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
 * About how many bytes a checkpoint of this run takes. Before the first step, when the optimizer has made no state yet, two
 * tensors a parameter are counted, as Adam's: SGD's will be less.
 */
export function checkpointBytes({ parts: { model, optimizer } }: Trainer): number {
  const bytes = (tensors: readonly Tensor[]) => tensors.reduce((sum, t) => sum + 4 * t.size, 0);
  const state = Object.values(optimizer.stateTensors());
  const params = optimizer.groups.flatMap((group) => group.params);
  return bytes(Object.values(model.stateDict())) + (state.length > 0 ? bytes(state) : 2 * bytes(params));
}

/**
 * The weights (and running statistics) alone as a file's bytes, for use and not for going on.
 * @throws UsageError for something else than a model and texts.
 */
export async function writeWeights(
  model: Module,
  extra: Record<string, string> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  requireModule('writeWeights', model);
  checkExtra('writeWeights', extra);
  const tensors = await readBack('model.', model.stateDict());
  return joined(sealParts(safetensorsParts(tensors, { ...extra, ...BLANK_SEAL, format: FORMAT })));
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
export function restoreModel(checkpoint: Checkpoint, model: Module): void {
  requireCheckpoint('restoreModel', checkpoint);
  requireModule('restoreModel', model);
  const { name, tensors } = checkpoint;
  checkModel(name, tensors, model);
  model.loadStateDict(below('model.', tensors));
}

/**
 * Puts everything back: weights, what is frozen and in evaluation mode, optimizer, schedule, random numbers, and where the
 * trainer stood. The trainer must have been made from parts of the same kind.
 * @throws CheckpointError if it holds weights only, or does not fit; the trainer is then as before.
 */
export function restoreTrainer(checkpoint: Checkpoint, trainer: Trainer): void {
  requireCheckpoint('restoreTrainer', checkpoint);
  if (!(trainer instanceof Trainer))
    throw new UsageError(`restoreTrainer: takes a trainer, got ${showValue(trainer)}; restoreModel takes a module`);
  const { name, tensors, metadata } = checkpoint;
  const { state, format } = metadata;
  if (state === undefined) throw new CheckpointError(`${name}: holds weights only, a run cannot go on from it`);
  if (format !== FORMAT) {
    throw new CheckpointError(
      `${name}: written by an older version of this library (${format}, runs go on from version ${FORMAT_VERSION}); its weights ` +
        'can be used, but a run cannot go on from it: its optimizer did not count the updates of each parameter',
    );
  }
  const saved = parseSavedState(state, name);
  checkModel(name, tensors, trainer.parts.model);
  checkFits(saved, trainer.parts, name);
  checkOptimizer(name, tensors, trainer.parts.optimizer);
  restoreSnapshot({ tensors: [...tensors], saved }, trainer);
}

function requireCheckpoint(where: string, value: unknown): void {
  const { tensors, metadata } = Object(value) as Partial<Checkpoint>;
  if (tensors instanceof Map && typeof metadata === 'object') return;
  throw new UsageError(`${where}: takes what readCheckpoint(bytes, name) gives, got ${showValue(value)}`);
}

/** Names and shapes, before anything is overwritten. */
function checkModel(name: string, tensors: Checkpoint['tensors'], model: Module): void {
  const own = model.stateDict();
  const saved = below('model.', tensors);
  const fail = (what: string): never => {
    throw new CheckpointError(`${name}: does not fit this model: ${what}`);
  };
  for (const [path, { shape }] of Object.entries(own)) {
    if (!Object.hasOwn(saved, path)) fail(`it has no ${path}`);
    checkShape(path, saved[path], shape, fail);
  }
  const unknown = Object.keys(saved).find((path) => !Object.hasOwn(own, path));
  if (unknown !== undefined) fail(`it has ${unknown}, which the model has not`);
}

function checkOptimizer(name: string, tensors: Checkpoint['tensors'], optimizer: Optimizer): void {
  const params = optimizer.groups.flatMap((group) => group.params);
  const fail = (what: string): never => {
    throw new CheckpointError(`${name}: does not fit this optimizer: ${what}`);
  };
  for (const [key, stored] of Object.entries(below('optimizer.', tensors))) {
    const [, place, label] = /^(\d+)\.(\w+)$/.exec(key) ?? fail(`'optimizer.${key}' is not a name of its state`);
    const param = params[Number(place)] ?? fail(`it has state for parameter ${place}, there are ${params.length}`);
    checkShape(`${label} of parameter ${place}`, stored, param.shape, fail);
  }
}

function checkShape(what: string, stored: StoredTensor, own: readonly number[], fail: (what: string) => never): void {
  if (!sameShape(stored.shape, own)) fail(`${what} is ${showShape(stored.shape)} in the file, ${showShape(own)} here`);
  if (!(stored.data instanceof Float32Array)) fail(`${what} is not f32 in the file`); // as all that models hold is
}
