// Batch transforms that mix each example with the one before it, and their labels with them, as torchvision's v2.MixUp and v2.CutMix do.
import { DataError, showValue, UsageError } from '../errors.js';
import { checkOptions, positive, type Rule, type Rules, whole } from '../options.js';
import type { HostTensor } from '../tensor/dtype.js';
import { isHostTensor } from '../tensor/host-values.js';
import { showShape, sizeOf } from '../tensor/shape.js';
import type { BatchDraw } from './batches.js';

/** How strongly batches are mixed, and what is what in them. */
export interface MixOptions<Inputs extends string = 'images', Labels extends string = 'labels'> {
  /** The share of the example itself is from the beta distribution of (alpha, alpha). Default 1: evenly from 0 to 1. */
  alpha?: number;
  /** How many there are. Default: as many as the data set says, or as the labels, if these are probabilities already. */
  classes?: number;
  /** The name of the inputs in a batch, (batch, ...) f32. Default 'images'. */
  inputs?: Inputs;
  /** The name of the labels: (batch) classes, or (batch, classes) probabilities. Default 'labels'. */
  labels?: Labels;
}

/** A batch whose labels have become probabilities, (batch, classes) f32, which `crossEntropy` takes. */
export type Mixed<Batch, Labels extends string = 'labels'> = {
  [Name in keyof Batch]: Name extends Labels ? HostTensor<Float32Array> : Batch[Name];
};

/** What can be mixed. */
export type Mixable<Inputs extends string = 'images', Labels extends string = 'labels'> = Record<
  Inputs,
  HostTensor<Float32Array>
> &
  Record<Labels, Int32Array | HostTensor>;

/** A `batchTransform` that mixes. */
export type Mix<Inputs extends string, Labels extends string> = <Batch extends Mixable<Inputs, Labels>>(
  //
  batch: Batch,
  draw: BatchDraw,
) => Mixed<Batch, Labels>;

const name: Rule = { be: "a name in the loader's batches", holds: (value) => typeof value === 'string' };
const RULES: Rules<MixOptions<string, string>> = { alpha: positive, classes: whole(1), inputs: name, labels: name };

/**
 * Blends each example with the one before it (the first with the last), by one share a batch: Zhang et al. 2018. torchvision's v2.MixUp.
 * @throws UsageError for options that make no sense; as a batch comes, DataError unless it has such inputs and labels.
 */
export function mixup<Inputs extends string = 'images', Labels extends string = 'labels'>(
  options: MixOptions<Inputs, Labels> = {},
): Mix<Inputs, Labels> {
  checkOptions('mixup', options, RULES);
  return (batch, draw) => {
    const { inputs, labels, key, labelsKey } = partsOf('mixup', options, batch, draw);
    const share = draw.random.beta(options.alpha ?? 1);
    return { ...batch, [key]: blended(inputs, share), [labelsKey]: blended(labels, share) } as never;
  };
}

/**
 * Puts a rectangle of the picture before it (of the last one for the first) into each, at one place a batch; labels are mixed by its
 * area: Yun et al. 2019. Inputs are (..., height, width). torchvision's v2.CutMix.
 * @throws UsageError for options that make no sense; as a batch comes, DataError unless it has such inputs and labels.
 */
export function cutmix<Inputs extends string = 'images', Labels extends string = 'labels'>(
  options: MixOptions<Inputs, Labels> = {},
): Mix<Inputs, Labels> {
  checkOptions('cutmix', options, RULES);
  return (batch, draw) => {
    const { inputs, labels, key, labelsKey } = partsOf('cutmix', options, batch, draw);
    const [height, width] = inputs.shape.slice(1).slice(-2);
    if (width === undefined)
      throw new DataError(`cutmix: ${key} are (batch, ..., height, width), got ${showShape(inputs.shape)}`);
    const side = 0.5 * Math.sqrt(1 - draw.random.beta(options.alpha ?? 1));
    const between = (extent: number): [number, number] => {
      const [middle, half] = [draw.random.below(extent), Math.trunc(side * extent)];
      return [Math.max(0, middle - half), Math.min(extent, middle + half)];
    };
    const [left, right] = between(width);
    const [top, bottom] = between(height);
    const share = 1 - ((right - left) * (bottom - top)) / (width * height);
    const data = inputs.data.slice();
    const each = data.length / inputs.shape[0];
    for (let at = 0; at < data.length; at += width) {
      const row = (at / width) % height;
      if (row < top || row >= bottom) continue;
      const from = (at - each + data.length) % data.length;
      data.set(inputs.data.subarray(from + left, from + right), at + left);
    }
    return { ...batch, [key]: { data, shape: inputs.shape }, [labelsKey]: blended(labels, share) } as never;
  };
}

/** share * each row + (1 - share) * the row before it, rounded to f32 as PyTorch rounds. */
function blended({ data, shape }: HostTensor<Float32Array>, share: number): HostTensor<Float32Array> {
  const [own, other] = [Math.fround(share), Math.fround(1 - share)];
  const each = data.length / shape[0];
  const out = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += each) {
    const before = (at || data.length) - each;
    for (let k = 0; k < each; k++)
      out[at + k] = Math.fround(other * data[before + k]) + Math.fround(own * data[at + k]);
  }
  return { data: out, shape };
}

type Tensor32 = HostTensor<Float32Array>;

function partsOf(where: string, options: MixOptions<string, string>, batch: object, { classes: known }: BatchDraw) {
  const { inputs: key = 'images', labels: labelsKey = 'labels', classes = known } = options;
  const { [key]: inputs, [labelsKey]: labels } = batch as Record<string, unknown>;
  if (!isF32(inputs)) {
    throw new DataError(
      `${where}: batch.${key} is (batch, ...) of f32 numbers, got ${shown(inputs)}; the batch has ${Object.keys(batch).join(', ')}`,
    );
  }
  const soft = isF32(labels) && labels.shape.length === 2 ? labels : oneHot(where, labelsKey, labels, classes);
  if (soft.shape[0] !== inputs.shape[0])
    throw new DataError(`${where}: ${inputs.shape[0]} ${key} and ${soft.shape[0]} ${labelsKey} in a batch`);
  return { inputs, labels: soft, key, labelsKey };
}

const isF32 = (value: unknown): value is Tensor32 => isHostTensor(value) && value.data instanceof Float32Array;

const shown = (value: unknown): string =>
  isHostTensor(value) ? `${value.data[Symbol.toStringTag]} ${showShape(value.shape)}` : showValue(value);

function oneHot(where: string, key: string, labels: unknown, classes: number | undefined): Tensor32 {
  const values = isHostTensor(labels) && labels.shape.length === 1 ? labels.data : labels;
  if (!(values instanceof Int32Array || values instanceof Uint8Array))
    throw new DataError(
      `${where}: batch.${key} are (batch) whole numbers or (batch, classes) probabilities, got ${shown(labels)}`,
    );
  if (classes === undefined)
    throw new UsageError(`${where}: classes is missing; the data set does not say how many there are`);
  const shape = [values.length, classes];
  const data = new Float32Array(sizeOf(shape));
  values.forEach((label, i) => {
    if (!(label >= 0 && label < classes))
      throw new DataError(`${where}: a label is ${label}, the classes are 0 to ${classes - 1}`);
    data[i * classes + label] = 1;
  });
  return { data, shape };
}
