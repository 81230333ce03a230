import type { Json, Stateful } from '../checkpoint/stateful.js';
import { within } from '../device/call-site.js';
import { CheckpointError, showValue, UsageError } from '../errors.js';
import type { StoredTensor } from '../io/safetensors.js';
import * as kernels from '../kernels/optimizers.js';
import { type AnyModule, Module } from '../layers/module.js';
import { below1, checkOptions, flag, type Rules, requireFunction, whole } from '../options.js';
import { scope, unscoped } from '../tensor/scope.js';
import { sameShape, showShape } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { joined, sideBySide } from './join.js';
import { settled } from './params.js';

/** How an average forgets. */
export interface AverageOptions {
  /** Share of the average that an update keeps. Default 0.999. */
  decay?: number;
  /** After n updates the decay is (1 + n) / (10 + n) while that is less: first weights are forgotten soon. Default false. */
  warmup?: boolean;
  /** Averages buffers too, such as batch norm's running statistics. Default false: the model's own serve both. */
  buffers?: boolean;
}

/** @internal */
export const AVERAGE_RULES: Rules<AverageOptions> = { decay: below1, warmup: flag, buffers: flag };

/** A tensor of the model, and its average. */
interface Pair {
  own: Tensor;
  average: Tensor;
}

/**
 * A running average of a model's weights, which often predicts better than the last ones: average = decay * average + (1 - decay) *
 * weight. It begins with the weights of the first update. Checkpoints keep it as a part of its own.
 *
 *     const ema = new ExponentialMovingAverage(model, { decay: 0.999 });
 *     optimizer.step();
 *     ema.update();                                     // after each step, on the GPU
 *     const loss = await ema.apply(() => evaluate());   // with the averaged weights
 *
 * PyTorch: optim.swa_utils.AveragedModel with get_ema_avg_fn; `buffers` is its use_buffers.
 */
export class ExponentialMovingAverage implements Stateful {
  private readonly options: Required<AverageOptions>;
  private readonly pairs: Map<string, Pair>;
  private count = 0;
  private swapped = false;

  /** Takes a copy of what is averaged; parameters that the model gets later are not. @throws UsageError unless it is a module. */
  constructor(
    private readonly model: AnyModule,
    options: AverageOptions = {},
  ) {
    const where = 'ExponentialMovingAverage';
    if (!(model instanceof Module)) throw new UsageError(`${where}: takes a model, got ${showValue(model)}`);
    checkOptions(where, options, AVERAGE_RULES);
    this.options = settled<Required<AverageOptions>>({ decay: 0.999, warmup: false, buffers: false }, options);
    const parameters = new Map(model.namedParameters());
    const all = this.options.buffers ? buffersOf(model) : [];
    this.pairs = new Map([...parameters, ...all].map(([name, own]) => [name, { own, average: copyOf(own) }]));
  }

  /** Updates so far. */
  get updates(): number {
    return this.count;
  }

  /** Whether it averages this model. @internal */
  isOf(model: AnyModule): boolean {
    return this.model === model;
  }

  /** Takes the model's weights into the average: one launch for all that an optimizer updates in one, one for each other. @throws UsageError while they are swapped. */
  update(): void {
    this.requireOwn('update');
    const decay = this.nextDecay();
    this.count++;
    within('average', () => {
      using _ = scope();
      const floats: Pair[] = [];
      for (const pair of this.pairs.values()) {
        if (decay === 0 || pair.own.dtype !== 'f32') pair.average.copy(pair.own);
        else floats.push(pair);
      }
      for (const pairs of sideBySide(floats, ({ own }) => own)) {
        const [own, average] = [joined(pairs.map((pair) => pair.own)), joined(pairs.map((pair) => pair.average))];
        kernels.average(average.buffer, own.buffer, own.size, decay);
        for (const { average } of pairs) average.overwrittenBy('ExponentialMovingAverage.update()');
      }
    });
  }

  private nextDecay(): number {
    const { decay, warmup } = this.options;
    if (this.count === 0) return 0;
    return warmup ? Math.min(decay, (1 + this.count) / (10 + this.count)) : decay;
  }

  /** Exchanges the model's weights and the averaged ones, bit by bit; again, it puts them back. */
  swap(): void {
    this.swapped = !this.swapped;
    for (const { own, average } of this.pairs.values()) {
      using _ = scope();
      const held = empty(own.shape, own.dtype);
      held.copy(own);
      own.copy(average);
      average.copy(held);
    }
  }

  /**
   * Runs `body`, also an async one, while the model has the averaged weights, and puts its own back, whatever happens. Returns what
   * body gives. @throws UsageError while they are swapped.
   */
  async apply<T>(body: () => T | Promise<T>): Promise<T> {
    requireFunction('ExponentialMovingAverage.apply', 'body', body);
    this.requireOwn('apply');
    this.swap();
    try {
      return await body();
    } finally {
      if (this.swapped) this.swap();
    }
  }

  /**
   * Overwrites the weights of a model, by default the averaged one, with the averages.
   * @throws CheckpointError if the model lacks one of them or has it in another shape; nothing is overwritten then.
   */
  copyTo(model: AnyModule = this.model): void {
    this.requireOwn('copyTo');
    model.loadStateDict({ ...model.stateDict(), ...this.tensors() });
  }

  /** Updates so far. @throws UsageError while the weights are swapped. */
  state(): Json {
    this.requireOwn('state');
    return { updates: this.count };
  }

  /** The averages by the parameters' names: the live tensors, not copies. */
  tensors(): Record<string, Tensor> {
    return Object.fromEntries([...this.pairs].map(([name, { average }]) => [name, average]));
  }

  /** Why it cannot go on from a saved state, or undefined. */
  mismatch(state: Json, tensors: Record<string, StoredTensor>): string | undefined {
    const { updates } = (state ?? {}) as { updates?: Json };
    if (!whole(0).holds(updates)) return `state() gives { updates }, a whole number; got ${showValue(state)}`;
    const unknown = Object.keys(tensors).find((name) => !this.pairs.has(name));
    if (unknown !== undefined) return `it has '${unknown}', which is not averaged here`;
    for (const [name, { average }] of this.pairs) {
      if (!Object.hasOwn(tensors, name)) return `it has no '${name}'`;
      const [saved, own] = [tensors[name].shape, average.shape];
      if (!sameShape(saved, own)) return `'${name}' is ${showShape(saved)} there, ${showShape(own)} here`;
    }
  }

  /**
   * Goes on from where `state()` and `tensors()` were taken; the model's own weights are restored apart.
   * @throws CheckpointError for a state of another kind or another model's; nothing is changed then.
   */
  restore(state: Json, tensors: Record<string, StoredTensor>): void {
    const wrong = this.mismatch(state, tensors);
    if (wrong) throw new CheckpointError(`ExponentialMovingAverage: cannot go on from this state: ${wrong}`);
    this.count = (state as { updates: number }).updates;
    this.swapped = false;
    for (const [name, { average }] of this.pairs) average.set(tensors[name].data);
  }

  /** Gives back the memory of the averages. */
  dispose(): void {
    for (const { average } of this.pairs.values()) average.dispose();
    this.pairs.clear();
  }

  private requireOwn(method: string): void {
    if (!this.swapped) return;
    throw new UsageError(
      `ExponentialMovingAverage.${method}: the model has the averaged weights now; swap() them back first`,
    );
  }
}

/** Buffers by name, each once. */
function buffersOf(model: AnyModule): [string, Tensor][] {
  const seen = new Set(model.parameters());
  return Object.entries(model.stateDict()).filter(([, t]) => !seen.has(t) && seen.add(t));
}

function copyOf(own: Tensor): Tensor {
  const average = unscoped(() => empty(own.shape, own.dtype));
  average.holds('average');
  average.copy(own);
  return average;
}
