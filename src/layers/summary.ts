// What a model is made of, found by running it on shapes: every layer that is called says what it gave.
import { noGrad, unwatched } from '../autograd/tape.js';
import { activeRecorder } from '../device/recorder.js';
import { UsageError } from '../errors.js';
import { scope } from '../tensor/scope.js';
import { rngState, setRngState } from '../tensor/seed.js';
import { checkShape, type Shape } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { Conv2d } from './conv2d.js';
import { type Module, requireModule } from './module.js';
import { inEvaluation } from './reach.js';

/** What `summarize` says of a layer. */
export interface SummaryRow {
  /** Its path, such as 'conv1'; '' for the model itself. */
  name: string;
  /** Its class, such as 'Conv2d'. */
  kind: string;
  /** What its `describe()` says. */
  detail: string;
  /** Without the batch; images as height x width x channels. '' for a layer that is not called. */
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

/** A layer's call under way: the operations of layers inside of it are theirs. */
interface Call {
  inside: number;
}

/**
 * One row a layer, in the order in which a forward pass in evaluation mode calls them: layers without children, and others
 * that have parameters or products of their own. Nothing is computed and no memory is taken. `inputShape` is without the
 * batch: (channels, height, width). PyTorch: torchinfo.summary.
 * @throws ShapeError if the input does not fit the model, UsageError if a forward pass needs values.
 */
export function summarize(model: Module, inputShape: Shape): SummaryRow[] {
  return rowsOf('summarize', model, inputShape);
}

function rowsOf(op: string, model: Module, inputShape: Shape): SummaryRow[] {
  const rows: SummaryRow[] = [];
  const counted = new Set<Tensor>();
  const describeRow = (name: string, module: Module, output: Shape | null, multiplyAdds: number): void => {
    const own = module.ownParameters().flatMap(([, p]) => (counted.has(p) ? [] : [p]));
    if (output && module.children().length > 0 && own.length === 0 && multiplyAdds === 0) return;
    if (!output && own.length === 0) return;
    for (const p of own) counted.add(p);
    const numbers = (of: readonly Tensor[]) => of.reduce((sum, p) => sum + p.size, 0);
    rows.push({
      name,
      kind: module.constructor.name,
      detail: module.describe(),
      output: output ? showImage(output.slice(1)) : '',
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
export function outputShape(model: Module, inputShape: Shape): Shape {
  return onShapes('outputShape', model, inputShape, (x) => model.forward(x).shape);
}

/** Calls `told` after each layer's forward pass on one image; returns the layers that were called. */
function follow(
  op: string,
  model: Module,
  inputShape: Shape,
  told: (name: string, module: Module, output: Shape, multiplyAdds: number) => void,
): Set<Module> {
  checkShape(op, inputShape);
  const called = new Set<Module>();
  const undo: (() => void)[] = [];
  const calls: Call[] = [{ inside: 0 }];
  try {
    onShapes(op, model, [1, ...inputShape], (x, flops) => {
      for (const [name, module] of model.namedModules()) {
        const forward = module.forward.bind(module);
        undo.push(
          replaceForward(module, (input) => {
            const before = flops();
            calls.push({ inside: 0 });
            const y = forward(input);
            const all = flops() - before;
            const { inside } = calls.pop()!;
            calls.at(-1)!.inside += all;
            called.add(module);
            told(name, module, y.shape, (all - inside) / 2);
            return y;
          }),
        );
      }
      return model.forward(x);
    });
  } finally {
    for (const put of undo.reverse()) put();
  }
  return called;
}

/** Replaces a module's own forward; returns what puts it back. */
function replaceForward(module: Module, forward: (x: Tensor) => Tensor): () => void {
  const own = Object.getOwnPropertyDescriptor(module, 'forward');
  Object.defineProperty(module, 'forward', { value: forward, configurable: true, writable: true });
  return () => {
    if (own) Object.defineProperty(module, 'forward', own);
    else delete (module as { forward?: unknown }).forward;
  };
}

/** Runs `body` on an input that has a shape and no values, in evaluation mode; modes and random stream are as before. */
function onShapes<T>(op: string, model: Module, shape: Shape, body: (x: Tensor, flops: () => number) => T): T {
  requireModule(op, model);
  checkShape(op, shape);
  const stream = rngState();
  try {
    return inEvaluation(model, () =>
      activeRecorder(op).dryRun((flops) => {
        using _shapes = scope();
        return noGrad(() => unwatched(() => body(empty(shape, 'f32', 'input'), flops)));
      }),
    );
  } finally {
    setRngState(stream);
  }
}

/**
 * The table of a model's layers, as text: output sizes, filters, parameters and multiply-adds for one image; see `summarize`.
 * `inputShape` is (channels, height, width); a model that has an `inputShape` brings its own.
 * @throws UsageError without either.
 */
export function summary(model: Module & { inputShape?: Shape }, inputShape = model.inputShape): string {
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
    ['input', '', '', showImage(inputShape), '', '', ''],
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
