// Which examples come in an epoch, and in which order. Functions of (seed, epoch) alone.
import { DataError, showValue, UsageError } from '../errors.js';
import { checkOptions, flag, type Rules, required, whole } from '../options.js';
import { mixKey, Random, shuffled } from './random.js';
import { seedRule } from './rules.js';

/** The numbers of an epoch's examples, in their order, as many in every epoch. */
export interface Sampler {
  /** Of epoch `epoch`, from 0, of a data set of `length` examples. An example may come several times, or not at all. */
  indices(epoch: number, length: number): Iterable<number>;
}

/** A sampler, or its `indices` alone. */
export type SamplerLike = Sampler | Sampler['indices'];

/** All examples in an order that depends on (seed, epoch). */
export function shuffledOrder(length: number, seed: number, epoch: number): Int32Array {
  return Int32Array.from(shuffled(Int32Array.from({ length }, (_, i) => i), new Random(mixKey(seed, epoch, 0x0bde)))); // biome-ignore format: one line
}

/** @internal What a sampler gives. @throws DataError if one of it is no example. */
export function sampled(sampler: SamplerLike, epoch: number, length: number): Int32Array {
  const given = typeof sampler === 'function' ? sampler(epoch, length) : sampler.indices(epoch, length);
  if (typeof given?.[Symbol.iterator] !== 'function')
    throw new UsageError(`DataLoader: a sampler gives a list of numbers, got ${showValue(given)}`);
  const indices = [...given];
  const wrong = indices.find((i) => !(Number.isInteger(i) && i >= 0 && i < length));
  if (wrong !== undefined)
    throw new DataError(`DataLoader: the sampler gives ${showValue(wrong)}, the examples are 0 to ${length - 1}`);
  return Int32Array.from(indices);
}

/** How many are drawn, and how. */
export interface WeightedRandomSamplerOptions {
  /** Examples in an epoch. Default: as many as there are weights. */
  count?: number;
  /** Whether an example may come several times. Default true. */
  replacement?: boolean;
  /** A whole number. Default 0. */
  seed?: number;
}

const WEIGHTED: Rules<WeightedRandomSamplerOptions> = { count: whole(1), replacement: flag, seed: seedRule };

/**
 * Draws examples with a probability in proportion to their weights, such as 1 / (examples of its class). PyTorch's
 * WeightedRandomSampler.
 * @throws UsageError unless the weights are finite numbers, 0 or more, and some above; or if, without replacement, fewer examples
 * than `count` have a weight above 0.
 */
export class WeightedRandomSampler implements Sampler {
  private readonly weights: Float64Array;

  constructor(
    /** One for each example. */
    weights: Iterable<number>,
    private readonly options: WeightedRandomSamplerOptions = {},
  ) {
    checkOptions('WeightedRandomSampler', options, WEIGHTED);
    this.weights = Float64Array.from(weights);
    const wrong = this.weights.find((weight) => !(weight >= 0 && Number.isFinite(weight)));
    if (wrong !== undefined)
      throw new UsageError(`WeightedRandomSampler: a weight is a finite number, 0 or more, got ${wrong}`);
    const { count = this.weights.length, replacement = true } = options;
    const possible = this.weights.filter((weight) => weight > 0).length;
    if (possible === 0) throw new UsageError('WeightedRandomSampler: no weight is above 0');
    if (!replacement && possible < count) {
      throw new UsageError(
        `WeightedRandomSampler: without replacement ${count} examples cannot be drawn, ${possible} have a weight above 0`,
      );
    }
  }

  /** What is drawn for an epoch. @throws DataError unless there are as many examples as weights. */
  indices(epoch: number, length: number): Int32Array {
    const { weights } = this;
    const { count = weights.length, replacement = true, seed = 0 } = this.options;
    if (weights.length !== length)
      throw new DataError(`WeightedRandomSampler: ${weights.length} weights for ${length} examples`);
    const random = new Random(mixKey(seed, epoch, 0x3e16));
    return replacement ? drawn(weights, count, random) : drawnOnce(weights, count, random);
  }
}

function drawn(weights: Float64Array, count: number, random: Random): Int32Array {
  let total = 0;
  const upTo = weights.map((weight) => {
    total += weight;
    return total;
  });
  return Int32Array.from({ length: count }, () => {
    const at = random.unit() * total;
    let [low, high] = [0, weights.length - 1]; // the first example whose sum is above `at`
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle] > at) high = middle;
      else low = middle + 1;
    }
    return low;
  });
}

/** As one after the other is drawn from those that are left: in the order of exponential numbers of these rates. */
function drawnOnce(weights: Float64Array, count: number, random: Random): Int32Array {
  const times = weights.map((weight) => -Math.log(1 - random.unit()) / weight); // infinite or NaN without a weight
  const possible = [...weights.keys()].filter((i) => weights[i] > 0);
  return Int32Array.from(possible.sort((a, b) => times[a] - times[b]).slice(0, count));
}

/** Which share of the examples is meant. */
export interface DistributedSamplerOptions {
  /** Which process this is, from 0. */
  rank: number;
  /** How many processes there are. */
  worldSize: number;
  /** A new order each epoch. Default true. */
  shuffle?: boolean;
  /** The same in all processes. Default 0. */
  seed?: number;
  /** Leaves out the last examples that do not suffice for all processes, in place of giving the first ones twice. Default false. */
  dropLast?: boolean;
}

const DISTRIBUTED: Rules<DistributedSamplerOptions> = {
  ...{ rank: required(whole()), worldSize: required(whole(1)), shuffle: flag, seed: seedRule, dropLast: flag },
};

/**
 * One process's share of an epoch: every `worldSize`-th example of one order, which is the same however many processes there are. All
 * get as many: the first examples of the order come again at its end where it does not divide evenly. PyTorch's DistributedSampler.
 * @throws UsageError for options that make no sense.
 */
export class DistributedSampler implements Sampler {
  constructor(private readonly options: DistributedSamplerOptions) {
    checkOptions('DistributedSampler', options, DISTRIBUTED);
    const { rank, worldSize } = options;
    if (rank >= worldSize)
      throw new UsageError(`DistributedSampler: rank is 0 to ${worldSize - 1} of ${worldSize} processes, got ${rank}`);
  }

  /** This process's share. */
  indices(epoch: number, length: number): Int32Array {
    const { rank, worldSize, shuffle = true, seed = 0, dropLast = false } = this.options;
    const order = shuffle ? shuffledOrder(length, seed, epoch) : Int32Array.from({ length }, (_, i) => i);
    const count = dropLast ? Math.floor(length / worldSize) : Math.ceil(length / worldSize);
    return Int32Array.from({ length: count }, (_, k) => order[(k * worldSize + rank) % length]);
  }
}
