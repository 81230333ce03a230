// What a model is made of, found by running it on shapes: every layer that is called says what it gave.
import { noGrad, unwatched } from '../autograd/tape.js';
import { activeRecorder } from '../device/commands.js';
import { showValue, UsageError } from '../errors.js';
import { scope } from '../tensor/scope.js';
import { rngState, setRngState } from '../tensor/seed.js';
import { type InputShape, type Shape, shapesOf } from '../tensor/shape.js';
import { empty, Tensor } from '../tensor/tensor.js';
import { tensorsIn } from '../tensor/tensors-in.js';
import type { HookHandle } from './call.js';
import { Conv2d } from './conv2d.js';
import { type AnyModule, type Module, requireModule } from './module.js';
import { inEvaluation } from './reach.js';

/** What `summarize` says of a layer. */
export interface SummaryRow {
  /** Its path, such as 'conv1'; '' for the model itself. */
  name: string;
  /** Its class, such as 'Conv2d'. */
  kind: string;
  /** What its `describe()` says. */
  detail: string;
  /** Without the batch; images as height x width x channels; several with commas between. '' for a layer that is not called. */
  output: string;
  /** A convolution's output channels; null for other layers. */
  filters: number | null;
  /** Numbers in its own parameters, frozen ones included; in the first row that has them where several share them. */
  parameters: number;
  /** Those of them that are frozen. */
  frozen: number;
  /** Of its own products and convolutions, for one image. */
  multiplyAdds: number;
}

/** A layer's call under way, and the operations asked for: before it, and by layers inside of it. */
interface Call {
  before: number;
  inside: number;
}

/**
 * One row a layer, in the order in which a forward pass in evaluation mode calls them: layers without children, and others
 * that have parameters or products of their own. Nothing is computed and no memory is taken. `inputShape` is without the
 * batch: (channels, height, width); a list of shapes for a model of several inputs. PyTorch: torchinfo.summary.
 * @throws ShapeError if the input does not fit the model, UsageError if a forward pass needs values.
 */
export function summarize(model: AnyModule, inputShape: InputShape): SummaryRow[] {
  return rowsOf('summarize', model, inputShape);
}

function rowsOf(op: string, model: AnyModule, inputShape: InputShape): SummaryRow[] {
  const rows: SummaryRow[] = [];
  const counted = new Set<Tensor>();
  const describeRow = (name: string, module: AnyModule, outputs: Shape[] | null, multiplyAdds: number): void => {
    const own = module.ownParameters().flatMap(([, p]) => (counted.has(p) ? [] : [p]));
    if (outputs && module.children().length > 0 && own.length === 0 && multiplyAdds === 0) return;
    if (!outputs && own.length === 0) return;
    for (const p of own) counted.add(p);
    const numbers = (of: readonly Tensor[]) => of.reduce((sum, p) => sum + p.size, 0);
    rows.push({
      name,
      kind: module.constructor.name,
      detail: module.describe(),
      output: (outputs ?? []).map((shape) => showImage(shape.slice(1)) || '1').join(', '),
      filters: module instanceof Conv2d ? module.outChannels : null,
      parameters: numbers(own),
      frozen: numbers(own.filter((p) => !p.requiresGrad)),
      multiplyAdds,
    });
  };
  const called = follow(op, model, inputShape, describeRow);
  for (const [name, module] of model.namedModules()) if (!called.has(module)) describeRow(name, module, null, 0);
  return rows;
}

/**
 * The shape that a model gives for an input of this shape, batch included, without computing anything.
 * @throws ShapeError if the input does not fit, UsageError if a forward pass needs values.
 */
// biome-ignore lint/suspicious/noExplicitAny: inputs of any kind
export function outputShape(model: Module<any>, inputShape: InputShape): Shape {
  return onShapes('outputShape', model, shapesOf('outputShape', inputShape), (inputs) => {
    const output: unknown = model.forward(...inputs);
    if (output instanceof Tensor) return output.shape;
    throw new UsageError(
      `outputShape: the model gives ${showValue(output)}, not a tensor; summarize() lists all outputs`,
    );
  });
}

/** Calls `told` after each layer's forward pass on one image; returns the layers that were called. */
function follow(
  op: string,
  model: AnyModule,
  inputShape: InputShape,
  told: (name: string, module: AnyModule, outputs: Shape[], multiplyAdds: number) => void,
): Set<AnyModule> {
  const called = new Set<AnyModule>();
  const hooks: HookHandle[] = [];
  const calls: Call[] = [{ before: 0, inside: 0 }];
  try {
    onShapes(op, model, shapesOf(op, inputShape).map(batchOfOne), (inputs, flops) => {
      for (const [name, module] of model.namedModules()) {
        const enter = () => void calls.push({ before: flops(), inside: 0 });
        const leave = (_: AnyModule, __: unknown, output: unknown) => {
          const { before, inside } = calls.pop()!;
          const all = flops() - before;
          calls.at(-1)!.inside += all;
          called.add(module);
          const outputs = tensorsIn(output).map(({ shape }) => shape);
          told(name, module, outputs, (all - inside) / 2);
        };
        hooks.push(module.registerForwardPreHook(enter), module.registerForwardHook(leave));
      }
      return model.forward(...inputs);
    });
  } finally {
    for (const hook of hooks) hook.remove();
  }
  return called;
}

const batchOfOne = (shape: Shape): Shape => [1, ...shape];

/** Runs `body` on inputs that have shapes and no values, in evaluation mode; modes and random stream are as before. */
function onShapes<T>(
  op: string,
  model: AnyModule,
  shapes: readonly Shape[],
  body: (inputs: Tensor[], flops: () => number) => T,
): T {
  requireModule(op, model);
  const stream = rngState();
  try {
    return inEvaluation(model, () =>
      activeRecorder(op).dryRun((flops) => {
        using _shapes = scope();
        const inputs = shapes.map((shape) => empty(shape, 'f32', 'input'));
        return noGrad(() => unwatched(() => body(inputs, flops)));
      }),
    );
  } finally {
    setRngState(stream);
  }
}

/**
 * The table of a model's layers, as text: output sizes, filters, parameters and multiply-adds for one image; see `summarize`.
 * `inputShape` is as there; a model that has an `inputShape` brings its own.
 * @throws UsageError without either.
 */
export function summary(model: AnyModule & { inputShape?: InputShape }, inputShape = model.inputShape): string {
  requireModule('summary', model);
  if (!inputShape)
    throw new UsageError('summary: takes the shape of an input without its batch, such as [3, 224, 224]');
  const rows = rowsOf('summary', model, inputShape);
  const count = (n: number): string => n.toLocaleString('en-US');
  const sum = (pick: (row: SummaryRow) => number): number => rows.reduce((total, row) => total + pick(row), 0);
  const blank = (n: number): string => (n === 0 ? '' : count(n));
  const frozen = sum((r) => r.frozen);
  const table = [
    ['layer', 'kind', '', 'output', 'filters', 'parameters', 'multiply-adds'],
    ['input', '', '', shapesOf('summary', inputShape).map(showImage).join(', '), '', '', ''],
    ...rows.map((r) => [
      r.name,
      r.kind,
      r.detail,
      r.output,
      r.filters === null ? '' : String(r.filters),
      blank(r.parameters),
      blank(r.multiplyAdds),
    ]),
    ['total', '', '', '', '', count(sum((r) => r.parameters)), count(sum((r) => r.multiplyAdds))],
    ...(frozen > 0 ? [['of these frozen', '', '', '', '', count(frozen), '']] : []),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const rule = widths.map((w) => '-'.repeat(w)).join('  ');
  const lines = table.map((row) =>
    row
      .map((cell, i) => (i < 4 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(rows.length + 2, 0, rule);
  lines.splice(1, 0, rule);
  return lines.join('\n');
}

function showImage(shape: Shape): string {
  if (shape.length !== 3) return shape.join(' x ');
  const [channels, height, width] = shape;
  return `${height} x ${width} x ${channels}`;
}
