import { type Shape, sizeOf } from '../tensor/shape.js';
import { Conv2d } from './conv2d.js';
import type { Module } from './module.js';

/** What `summarize` says of a layer. */
export interface SummaryRow {
  /** Its path, such as 'conv1'. */
  name: string;
  /** Its class, such as 'Conv2d'. */
  kind: string;
  /** What its `describe()` says. */
  detail: string;
  /** Without the batch; images as height x width x channels. */
  output: string;
  /** A convolution's output channels; null for other layers. */
  filters: number | null;
  /** Trainable numbers. */
  parameters: number;
  /** For one image. */
  multiplyAdds: number;
}

/**
 * One row a layer: what `summary` prints. The model is walked in the order of its children, nothing is run. `inputShape`
 * is without the batch: (channels, height, width).
 */
export function summarize(model: Module, inputShape: Shape): SummaryRow[] {
  const rows: SummaryRow[] = [];
  let shape: Shape = [1, ...inputShape];
  const walk = (name: string, module: Module): void => {
    const children = module.children();
    if (children.length > 0) {
      for (const [child, below] of children) walk(name ? `${name}.${child}` : child, below);
      return;
    }
    const multiplyAdds = module.multiplyAdds(shape);
    shape = module.outputShape(shape);
    rows.push({
      name,
      kind: module.constructor.name,
      detail: module.describe(),
      output: showImage(shape.slice(1)),
      filters: module instanceof Conv2d ? module.outChannels : null,
      parameters: module.parameters().reduce((sum, p) => sum + p.size, 0),
      multiplyAdds,
    });
  };
  walk('', model);
  return rows;
}

/**
 * The table of a model's layers, as text: output sizes, filters, parameters and multiply-adds for one image.
 * `inputShape` is (channels, height, width); a model that has an `inputShape` brings its own.
 */
export function summary(model: Module & { inputShape?: Shape }, inputShape = model.inputShape ?? []): string {
  const rows = summarize(model, inputShape);
  const count = (n: number): string => n.toLocaleString('en-US');
  const total = (pick: (row: SummaryRow) => number): string => count(rows.reduce((sum, row) => sum + pick(row), 0));
  const blank = (n: number): string => (n === 0 ? '' : count(n));
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
    ['total', '', '', '', '', total((r) => r.parameters), total((r) => r.multiplyAdds)],
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const rule = widths.map((w) => '-'.repeat(w)).join('  ');
  const lines = table.map((row) =>
    row
      .map((cell, i) => (i < 4 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(-1, 0, rule);
  lines.splice(1, 0, rule);
  return lines.join('\n');
}

function showImage(shape: Shape): string {
  if (shape.length !== 3) return sizeOf(shape) === 0 ? '' : shape.join(' x ');
  const [channels, height, width] = shape;
  return `${height} x ${width} x ${channels}`;
}
