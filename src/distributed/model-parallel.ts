// Dense layers of which each process has some of the outputs: a batch's activations travel, in place of gradients that are many times more.
// Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks".
import { requireF32 } from '../autograd/ops/checks.js';
import { zeros } from '../autograd/ops/create.js';
import { linear } from '../autograd/ops/linear.js';
import { record } from '../autograd/tape.js';
import { release, scratch, viaHost } from '../device/commands.js';
import { ShapeError, showValue, UsageError } from '../errors.js';
import { gemm } from '../kernels/gemm.js';
import { sumSlices } from '../kernels/sum-slices.js';
import { Linear } from '../layers/linear.js';
import type { AnyModule } from '../layers/module.js';
import { showShape, sizeOf } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import type { TrainerParts } from '../train/fit.js';
import type { Bucket } from './buckets.js';
import { type Meeting, otherWay } from './meeting.js';
import type { Sideway } from './sideway.js';
import type { World } from './world.js';

/** What a process has of a layer: the weights of its outputs, flat, and their biases. */
interface Part {
  weight: Tensor;
  bias: Tensor | null;
}

const floats = async (bytes: Promise<ArrayBuffer>) => new Float32Array(await bytes);

/** @throws UsageError for what is no dense layer of the model that its optimizer trains, or cannot be cut into equal parts. */
export function checkCuttable(layers: readonly Linear[], { model, optimizer }: TrainerParts, size: number): void {
  const names = new Map<unknown, string>((model as AnyModule).namedModules().map(([name, module]) => [module, name]));
  const trained = new Set(optimizer.groups.flatMap(({ params }) => params));
  for (const [i, layer] of layers.entries()) {
    const where = `distribute: modelParallel[${i}]`;
    if (!(layer instanceof Linear)) throw new UsageError(`${where}: is a Linear, got ${showValue(layer)}`);
    const name = names.get(layer);
    if (name === undefined) throw new UsageError(`${where}: is not a layer of the trainer's model`);
    if (layers.indexOf(layer) < i) throw new UsageError(`${where}: '${name}' is named twice`);
    const tied = layers
      .slice(0, i)
      .find(({ weight, bias }) => weight === layer.weight || (bias && bias === layer.bias));
    if (tied) throw new UsageError(`${where}: '${name}' shares a parameter with '${names.get(tied)}', and only one of them can have its parts; leave both out`); // biome-ignore format: one line
    if (layer.outFeatures % size !== 0)
      throw new UsageError(`${where}: the ${layer.outFeatures} outputs of '${name}' cannot be shared out equally among ${size} processes`); // biome-ignore format: one line
    if (![layer.weight, layer.bias].every((p) => p === null || (trained.has(p) && p.requiresGrad)))
      throw new UsageError(`${where}: '${name}' is not trained; leave it out: what is frozen has no gradients that travel`); // biome-ignore format: one line
  }
}

/** The dense layers of a model that are cut by outputs. All processes compute their outputs of everyone's batches, at the same time. */
export class ModelParallel {
  /** Takes what is exchanged down, while a batch is gone through for its shapes. */
  note: ((meeting: Meeting) => void) | undefined;
  private readonly parts = new Map<Linear, Part>();
  /** In their place where only shapes are followed. */
  private readonly likeParts = new Map<Linear, Part>();
  /** The most rows that any process has, of each call of such a layer in this pass. */
  private mostRows: readonly number[] = [];
  private calls = 0;
  /** Meetings of this pass so far. */
  private met = 0;
  /** What is cut: each parameter by itself, in as many equal parts as there are processes. */
  readonly buckets: readonly Bucket[];

  constructor(
    private readonly world: World,
    private readonly layers: readonly Linear[],
    private readonly way: Sideway,
  ) {
    const params = layers.flatMap(({ weight, bias }) => (bias ? [weight, bias] : [weight]));
    this.buckets = params.map((param) => ({ params: [param], starts: [0], length: param.size }));
  }

  /** @throws UsageError where a parameter that is cut is among those whole ones that get a gradient: something uses it beside its layer. */
  requireOwn(withGradient: readonly Tensor[]): void {
    for (const [i, { weight, bias }] of this.layers.entries())
      if (withGradient.some((param) => param === weight || param === bias))
        throw new UsageError(
          `distribute: modelParallel[${i}]: its weight or bias is used beside its forward pass, as a penalty in the loss would, and no process has it whole then; use the optimizer's weightDecay, or leave the layer out`,
        );
  }

  /** Takes this process' part of each parameter. */
  take(ownOf: (param: Tensor) => Tensor): void {
    for (const layer of this.layers) {
      this.parts.set(layer, { weight: ownOf(layer.weight), bias: layer.bias && ownOf(layer.bias) });
    }
  }

  /**
   * Runs a pass, in which these layers compute with all processes. `mostRows`: the most rows that any has, of each call of such a layer; none
   * where only shapes are followed.
   */
  within<T>(mostRows: readonly number[], pass: () => T): T {
    this.mostRows = mostRows;
    this.calls = 0;
    this.met = 0;
    if (this.note) for (const layer of this.layers) this.likeParts.set(layer, likePart(layer, this.world.size));
    for (const layer of this.layers) layer.together = (x) => this.forward(layer, x);
    try {
      return pass();
    } finally {
      for (const layer of this.layers) layer.together = null;
      this.likeParts.clear();
    }
  }

  /** @throws UsageError unless the pass has met the others as often as its plan says. */
  requireMet(meetings: readonly Meeting[]): void {
    if (meetings.filter((one) => 'dense' in one).length !== this.met) throw otherWay();
  }

  /** Takes part in a meeting without a batch: with a row of zeros, from which no gradient comes. `results` are those of earlier calls. */
  idle(meeting: Extract<Meeting, { dense: number }>, results: Map<number, Tensor>): void {
    const { dense, call, way, input } = meeting;
    const layer = this.layers[dense];
    if (way === 'forward') {
      const x = zeros([1, layer.inFeatures]);
      x.requiresGrad = input;
      results.set(call, this.forward(layer, x));
    } else results.get(call)!.backward(zeros([1, layer.outFeatures]));
  }

  private forward(layer: Linear, x: Tensor): Tensor {
    const { inFeatures: features, outFeatures } = layer;
    const outputs = outFeatures / this.world.size; // of this process
    if (x.shape.at(-1) !== features) return linear(x, layer.weight, layer.bias); // says what is wrong
    requireF32('linear, modelParallel', x);
    const call = this.calls++;
    const rows = sizeOf(x.shape.slice(0, -1));
    const most = this.note ? rows : this.mostRows[call];
    if (most === undefined) throw otherWay();
    if (rows === 0 || rows > most)
      throw new ShapeError(`linear, modelParallel: x is ${showShape(x.shape)}, and by the batch's shapes, on which rows must depend alone, has 1 to ${most} rows`); // biome-ignore format: one line
    const meet = (way: 'forward' | 'backward') => {
      this.met++;
      this.note?.({ dense: this.layers.indexOf(layer), call, way, rows, input: x.requiresGrad });
    };
    const part = (this.note ? this.likeParts : this.parts).get(layer)!;
    const inputs = [x, part.weight, ...(part.bias ? [part.bias] : [])];
    const allRows = this.world.size * most; // of each process as many, with zeros at their end
    meet('forward');
    const xs = empty([allRows, features], 'f32', 'linear x of all');
    const padded = async (bytes: Promise<ArrayBuffer>) => withRows(await floats(bytes), most * features);
    viaHost(x.buffer, xs.buffer, 4 * rows * features, (bytes) => this.way.gather(padded(bytes)));
    const y = empty([...x.shape.slice(0, -1), outFeatures], 'f32', 'linear');
    const ys = scratch(allRows * outputs, 'linear of all');
    gemm(xs.buffer, part.weight.buffer, ys, { m: allRows, n: outputs, k: features, transB: true }, part.bias?.buffer);
    viaHost(ys, y.buffer, 4 * allRows * outputs, async (bytes) =>
      rowsOf(await this.way.deal(floats(bytes)), rows, most, outputs),
    );
    release(ys);
    return record('linear', y, inputs, (dy) => {
      let found: Tensor | undefined;
      const dys = () => {
        if (found) return found.buffer;
        meet('backward');
        found = empty([allRows, outputs], 'f32', 'linear dy of all');
        const dealt = async (bytes: Promise<ArrayBuffer>) => columnsOf(await floats(bytes), rows, most, outputs);
        viaHost(dy.buffer, found.buffer, 4 * rows * outFeatures, (bytes) => this.way.deal(dealt(bytes)));
        return found.buffer;
      };
      return [
        () => {
          const dx = empty(x.shape, 'f32', 'linear dx');
          const dxs = scratch(allRows * features, 'linear dx of all');
          gemm(dys(), part.weight.buffer, dxs, { m: allRows, n: features, k: outputs });
          const mine = async (bytes: Promise<ArrayBuffer>) =>
            (await this.way.sums(floats(bytes))).subarray(0, rows * features);
          viaHost(dxs, dx.buffer, 4 * allRows * features, mine);
          release(dxs);
          return dx;
        },
        () => {
          const dweight = empty(part.weight.shape, 'f32', 'linear dweight');
          gemm(dys(), xs.buffer, dweight.buffer, { m: outputs, n: features, k: allRows, transA: true });
          return dweight;
        },
        () => {
          const dbias = empty([outputs], 'f32', 'linear dbias');
          sumSlices(dys(), dbias.buffer, { count: outputs, slices: allRows });
          return dbias;
        },
      ];
    });
  }
}

/** Tensors in the shapes of a part, where only shapes are followed. */
function likePart({ weight, bias }: Linear, size: number): Part {
  const leaf = (whole: Tensor) => {
    const part = empty([whole.size / size]);
    part.requiresGrad = true;
    part.isParameter = false; // it is none of the model's
    return part;
  };
  return { weight: leaf(weight), bias: bias && leaf(bias) };
}

/** Numbers with zeros behind them, so many in all. */
function withRows(values: Float32Array, length: number): Float32Array {
  if (values.length === length) return values;
  const padded = new Float32Array(length);
  padded.set(values);
  return padded;
}

/** Of each process' outputs (size, most, own) the rows of this one's batch, (rows, size * own). */
function rowsOf(parts: Float32Array, rows: number, most: number, own: number): Float32Array {
  const size = parts.length / (most * own);
  const whole = new Float32Array(rows * size * own);
  for (let rank = 0; rank < size; rank++)
    for (let row = 0; row < rows; row++) {
      const at = (rank * most + row) * own;
      whole.set(parts.subarray(at, at + own), (row * size + rank) * own);
    }
  return whole;
}

/** The other way: of rows (rows, size * own) each process' outputs, (size, most, own), with rows of zeros at the end. */
function columnsOf(whole: Float32Array, rows: number, most: number, own: number): Float32Array {
  const size = whole.length / (rows * own);
  const parts = new Float32Array(size * most * own);
  for (let rank = 0; rank < size; rank++)
    for (let row = 0; row < rows; row++) {
      const at = (row * size + rank) * own;
      parts.set(whole.subarray(at, at + own), (rank * most + row) * own);
    }
  return parts;
}
