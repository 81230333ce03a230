// Gradients of mixed precision, kept out of the range in which halves are 0. Nothing of it is read back.
import { mul } from '../autograd/ops/arithmetic.js';
import { full } from '../autograd/ops/create.js';
import type { Json, Stateful } from '../checkpoint/stateful.js';
import { within } from '../device/call-site.js';
import { DtypeError, showValue, UsageError } from '../errors.js';
import type { StoredTensor } from '../io/safetensors.js';
import { fill } from '../kernels/elementwise.js';
import * as kernels from '../kernels/optimizers.js';
import { checkOptions, flag, type Rule, type Rules, whole } from '../options.js';
import { scope, unscoped } from '../tensor/scope.js';
import { Tensor, tensor } from '../tensor/tensor.js';
import { joinedGradients } from './gradients.js';
import { Optimizer } from './optimizer.js';
import { settled } from './params.js';

/** How the scale begins and changes: PyTorch's arguments, and their defaults. */
export interface GradScalerOptions {
  /** What losses are multiplied by at first. Default 65536. */
  initScale?: number;
  /** The scale is multiplied by this after `growthInterval` steps without an overflow. Default 2. */
  growthFactor?: number;
  /** The scale is multiplied by this after a step with one. Default 0.5. */
  backoffFactor?: number;
  /** Default 2000. */
  growthInterval?: number;
  /** False: nothing is scaled or skipped, `step` is the optimizer's own. Default true. */
  enabled?: boolean;
}

const positive: Rule = { be: 'a number above 0', holds: (v) => Number.isFinite(v) && (v as number) > 0 };
const above1: Rule = { be: 'a number above 1', holds: (v) => Number.isFinite(v) && (v as number) > 1 };
const inside: Rule = { be: 'a number between 0 and 1', holds: (v) => positive.holds(v) && (v as number) < 1 };

const RULES: Rules<GradScalerOptions> = {
  ...{ initScale: positive, growthFactor: above1, backoffFactor: inside, growthInterval: whole(1), enabled: flag },
};

const DEFAULTS = { initScale: 65536, growthFactor: 2, backoffFactor: 0.5, growthInterval: 2000, enabled: true };

/** What was done with an optimizer since the last `update`, and its word on the GPU: whether its step is skipped. */
interface Stage {
  skip: Tensor;
  done: 'nothing' | 'unscale' | 'step';
}

/**
 * Multiplies the loss of mixed precision, so that small gradients are not 0 in f16, and divides the gradients again before the optimizer's
 * step. Where one is NaN or infinite the GPU skips the step (weights and state stay as they are, bit for bit) and the scale shrinks; after
 * `growthInterval` steps without it grows. The host waits for nothing, so `optimizer.steps` counts the skipped ones, too.
 *
 *     const scaler = new GradScaler();
 *     const loss = autocast('f16', () => crossEntropy(model.forward(x), labels));
 *     optimizer.zeroGrad();
 *     scaler.scale(loss).backward();
 *     scaler.unscale(optimizer); // only where gradients are clipped or looked at
 *     clipGradNorm(model.parameters(), 1);
 *     scaler.step(optimizer);
 *     scaler.update();
 *
 * Checkpoints keep it as a part of its own. PyTorch: torch.amp.GradScaler.
 */
export class GradScaler implements Stateful {
  private readonly options: Required<GradScalerOptions>;
  private readonly scaleNow: Tensor;
  /** Steps since the scale changed, whether a gradient was not finite since the last `update`, updates before which one was. */
  private readonly tracker: Tensor;
  private readonly stages = new Map<Optimizer, Stage>();

  /** @throws UsageError for options that cannot be. */
  constructor(options: GradScalerOptions = {}) {
    checkOptions('GradScaler', options, RULES);
    this.options = settled<Required<GradScalerOptions>>(DEFAULTS, options);
    const { initScale } = this.options;
    this.scaleNow = unscoped(() => full([], initScale));
    this.tracker = unscoped(() => tensor([0, 0, 0], { dtype: 'i32' }));
    this.scaleNow.holds('GradScaler');
    this.tracker.holds('GradScaler');
  }

  /** The loss times the scale: `backward` starts from it. */
  scale(loss: Tensor): Tensor {
    if (!(loss instanceof Tensor)) throw new UsageError(`GradScaler.scale: takes a tensor, got ${showValue(loss)}`);
    return this.options.enabled ? mul(loss, this.scaleNow) : loss;
  }

  /**
   * Divides all gradients of an optimizer's parameters by the scale, in place, and looks whether one is not finite. `step` does it by
   * itself where it was not done. PyTorch: unscale_.
   * @throws UsageError if it was done since the last `update`; DtypeError for gradients that are not f32.
   */
  unscale(optimizer: Optimizer): void {
    const stage = this.stageOf('unscale', optimizer);
    if (!this.options.enabled) return;
    if (stage.done !== 'nothing')
      throw new UsageError(`GradScaler.unscale: ${stage.done}() was called already since the last update()`);
    const params = optimizer.groups.flatMap((group) => group.params);
    const other = params.flatMap(({ grad }) => grad ?? []).find(({ dtype }) => dtype !== 'f32');
    if (other)
      throw new DtypeError(
        `GradScaler.unscale: a gradient is ${other.dtype}; keep parameters in f32, and autocast computes with halves of them`,
      );
    stage.done = 'unscale';
    within('optimizer', () => {
      fill(stage.skip.buffer, 1, 0, 'i32');
      using _ = scope();
      for (const { whole, members } of joinedGradients(params)) {
        kernels.unscale(whole.buffer, whole.size, stage.skip.buffer, this.buffers());
        for (const grad of members) grad.overwrittenBy('GradScaler.unscale()');
      }
    });
  }

  /**
   * The optimizer's step, which the GPU skips if one of its gradients is not finite.
   * @throws UsageError if it was done since the last `update`, there is no gradient, or the optimizer is one of your own.
   */
  step(optimizer: Optimizer): void {
    const stage = this.stageOf('step', optimizer);
    if (!this.options.enabled) {
      optimizer.step();
      return;
    }
    if (stage.done === 'step') throw new UsageError('GradScaler.step: was called already since the last update()');
    if (!optimizer.groups.some(({ params }) => params.some(({ grad }) => grad)))
      throw new UsageError('GradScaler.step: no parameter has a gradient; call scaler.scale(loss).backward() before');
    if (stage.done === 'nothing') this.unscale(optimizer);
    stage.done = 'step';
    optimizer.stepUnless(stage.skip.buffer);
  }

  /** Sets the scale for the next step, once for all optimizers. @throws UsageError if nothing was unscaled before. */
  update(): void {
    if (!this.options.enabled) return;
    const used = [...this.stages.values()].filter(({ done }) => done !== 'nothing');
    if (used.length === 0)
      throw new UsageError('GradScaler.update: no gradients were looked at; call step(optimizer) before');
    const { growthFactor: growth, backoffFactor: backoff, growthInterval: interval } = this.options;
    within('optimizer', () => kernels.updateScale(this.buffers(), { growth, backoff, interval }));
    this.scaleNow.overwrittenBy('GradScaler.update()');
    this.tracker.overwrittenBy('GradScaler.update()');
    for (const stage of used) stage.done = 'nothing';
  }

  /** What losses are multiplied by now; 1 if it is not enabled. Waits for the GPU. PyTorch: get_scale. */
  async scaleValue(): Promise<number> {
    return this.options.enabled ? this.scaleNow.item() : 1;
  }

  /** Updates so far before which a gradient was not finite. Waits for the GPU. */
  async skipped(): Promise<number> {
    return (await this.tracker.data())[2];
  }

  private buffers(): kernels.Scaling {
    return { scale: this.scaleNow.buffer, tracker: this.tracker.buffer };
  }

  private stageOf(method: string, optimizer: Optimizer): Stage {
    if (!(optimizer instanceof Optimizer))
      throw new UsageError(`GradScaler.${method}: takes an optimizer, such as an SGD, got ${showValue(optimizer)}`);
    let stage = this.stages.get(optimizer);
    if (!stage) {
      const skip = unscoped(() => full([1], 0, { dtype: 'i32' }));
      skip.holds('GradScaler');
      stage = { skip, done: 'nothing' };
      this.stages.set(optimizer, stage);
    }
    return stage;
  }

  /** Nothing: all of its state is on the GPU. */
  state(): Json {
    return {};
  }

  /** The scale, and its counts: the live tensors, not copies. */
  tensors(): Record<string, Tensor> {
    return { scale: this.scaleNow, tracker: this.tracker };
  }

  /** Why it cannot go on from a saved state, or undefined. */
  mismatch(_state: Json, { scale, tracker }: Record<string, StoredTensor>): string | undefined {
    if (!(scale?.data instanceof Float32Array) || scale.data.length !== 1) return "it has no 'scale', one f32";
    if (!positive.holds(scale.data[0])) return `'scale' is ${positive.be}, got ${scale.data[0]}`;
    const counts = tracker?.data;
    if (!(counts instanceof Int32Array) || counts.length !== 3) return "it has no 'tracker', three whole numbers";
    if (!counts.every(whole(0).holds)) return `'tracker' has ${whole(0).be}, got ${showValue([...counts])}`;
  }

  /** Goes on from where `tensors()` were taken. @throws UsageError for those of something else; nothing is changed then. */
  restore(state: Json, tensors: Record<string, StoredTensor>): void {
    const wrong = this.mismatch(state, tensors);
    if (wrong) throw new UsageError(`GradScaler: cannot go on from this state: ${wrong}`);
    this.scaleNow.set(tensors.scale.data);
    this.tracker.set(tensors.tracker.data);
    this.forget();
  }

  /** Gives its memory back. */
  dispose(): void {
    this.forget();
    for (const t of [this.scaleNow, this.tracker]) t.dispose();
  }

  /** What was done with optimizers; and their words, which a submit that failed may have left invalid. */
  private forget(): void {
    for (const { skip } of this.stages.values()) skip.dispose();
    this.stages.clear();
  }
}
