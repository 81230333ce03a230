// Finds the first op that made a NaN or an infinity. A kernel counts those of every result; the counts are read back together,
// with the next read.

import { type CallSite, currentCallSite } from '../device/call-site.js';
import { read, release, scratch, upload } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { type Anomaly, AnomalyError, type AnomalyPhase, showValue, UsageError } from '../errors.js';
import { FOUND_WORDS, nonFinite } from '../kernels/non-finite.js';
import { checkOptions, flag, requireFunction } from '../options.js';
import { isFloat } from '../tensor/dtype.js';
import { type Shape, showShape } from '../tensor/shape.js';
import { onRead, type Tensor } from '../tensor/tensor.js';
import { useWatch, type Watch } from './tape.js';

/** What counts as an anomaly. */
export interface AnomalyOptions {
  /** Whether infinities count. Default true; false for models that mean them, such as a mask of -inf before a softmax. */
  infinity?: boolean;
}

/** One tensor that was checked. */
interface Check {
  op: string;
  layer: string;
  phase: AnomalyPhase;
  input: number;
  id: number;
  label: string;
  shape: Shape;
  inputs: readonly Shape[];
}

const CHECKS_EACH = 1024;

/** Checks tensors while it is switched on. */
class AnomalyWatch implements Watch {
  private checks: Check[] = [];
  private found: GpuBuffer[] = [];
  /** Results of ops, which are checked once. Other tensors may be written between two ops, and are checked each time. */
  private readonly made = new WeakSet<Tensor>();
  private inside = false;

  constructor(private readonly infinity: boolean) {}

  /** An op's result, and those of its inputs that no op made. */
  forward(op: string, y: Tensor, inputs: readonly Tensor[]): void {
    if (this.inside) return; // a gradient is computed by ops as well: it is looked at when it is done
    const shapes = inputs.map(({ shape }) => shape);
    const about = { op, layer: currentCallSite().path, inputs: shapes };
    for (const [input, x] of inputs.entries()) {
      if (!this.made.has(x)) this.look(x, { ...about, phase: 'input', input });
    }
    this.made.add(y);
    this.look(y, { ...about, phase: 'forward', input: -1 });
  }

  /** The gradient that an op passes on to one of its inputs; `node` as the tape recorded it. */
  backward(node: { name: string; callSite: CallSite; inputs: readonly Tensor[] }, input: number, dx: Tensor): void {
    const { name: op, callSite, inputs } = node;
    this.look(dx, { op, layer: callSite.path, phase: 'backward', input, inputs: inputs.map(({ shape }) => shape) });
  }

  added(total: Tensor): void {
    const layer = currentCallSite().path.replace(' (backward)', '');
    this.look(total, {
      op: 'sum of gradients',
      layer,
      phase: 'backward',
      input: 0,
      inputs: [total.shape, total.shape],
    });
  }

  upstream(dy: Tensor): void {
    this.look(dy, { op: 'backward', layer: '', phase: 'input', input: 0, inputs: [dy.shape] });
  }

  updated(optimizer: string, param: Tensor, index: number): void {
    this.look(param, { op: optimizer, layer: '', phase: 'update', input: index, inputs: [param.shape] });
  }

  within<T>(gradient: () => T): T {
    this.inside = true;
    try {
      return gradient();
    } finally {
      this.inside = false;
    }
  }

  private look(x: Tensor, about: Omit<Check, 'id' | 'label' | 'shape'>): void {
    if (!isFloat(x.dtype) || x.size === 0) return;
    if (this.found[0]?.pool.lost) this.drop(); // what was to be looked at is gone with its device
    const slot = this.checks.length % CHECKS_EACH;
    if (slot === 0) {
      const found = scratch(CHECKS_EACH * FOUND_WORDS, 'anomaly counts');
      upload(found, new Uint32Array(CHECKS_EACH * FOUND_WORDS));
      this.found.push(found);
    }
    nonFinite(x.buffer, this.found.at(-1)!, slot, x.size);
    this.checks.push({ ...about, id: x.id, label: x.label, shape: x.shape });
  }

  /** Reads the counts since the last report. @throws AnomalyError about the first bad tensor. */
  async report(): Promise<void> {
    const { checks, found } = this;
    this.drop();
    if (checks.length === 0) return;
    const bytes = CHECKS_EACH * FOUND_WORDS * 4;
    const parts = await Promise.all(found.map((buffer) => read(buffer, bytes)));
    const words = parts.map((part) => new Uint32Array(part));
    const anomalies = checks.map((check, i) => {
      const at = (i % CHECKS_EACH) * FOUND_WORDS;
      return this.anomaly(check, words[Math.floor(i / CHECKS_EACH)].subarray(at, at + FOUND_WORDS));
    });
    const origin = firstMade(checks, anomalies);
    if (origin >= 0) throw new AnomalyError(describe(checks[origin], anomalies[origin]!), anomalies[origin]!);
  }

  /** Forgets what was not reported. */
  drop(): void {
    for (const buffer of this.found) release(buffer); // reads that are recorded come first
    this.checks = [];
    this.found = [];
  }

  private anomaly({ op, layer, phase, input }: Check, found: Uint32Array): Anomaly | null {
    const [nan, firstNan, infinities, firstInfinity] = found;
    const infinite = this.infinity ? infinities : 0;
    if (nan + infinite === 0) return null;
    const first = Math.min(nan > 0 ? ~firstNan >>> 0 : Infinity, infinite > 0 ? ~firstInfinity >>> 0 : Infinity);
    return { op, layer, phase, input, nan, infinite, first };
  }
}

/**
 * Where it began: the first check that found something, or, of the forward pass around it, the oldest tensor. An op made of
 * others is recorded after them.
 */
function firstMade(checks: readonly Check[], anomalies: readonly (Anomaly | null)[]): number {
  let origin = anomalies.findIndex((anomaly) => anomaly !== null);
  const forward = (check?: Check) => check?.phase === 'forward' || check?.phase === 'input';
  for (let i = origin; forward(checks[i]); i++) {
    if (anomalies[i] && checks[i].id < checks[origin].id) origin = i;
  }
  const maker = checks.findIndex((check, i) => {
    return i > origin && anomalies[i] && check.phase === 'forward' && check.op === checks[origin]?.label;
  });
  return checks[origin]?.phase === 'input' && maker > 0 ? maker : origin; // it was made half-way through that op
}

function describe(check: Check, { nan, infinite, first }: Anomaly): string {
  const { op, layer, phase, input, label, shape, inputs } = check;
  const kinds = [nan > 0 ? [`${nan} NaN`] : [], infinite > 0 ? [`${infinite} infinite`] : []].flat().join(' and ');
  const where = layer ? ` in layer ${layer}` : '';
  const given = inputs.map(showShape).join(', ');
  const what = {
    forward: `${op}${where}: the result ${showShape(shape)} of inputs ${given} is the first`,
    backward: `${op}${where} (backward): the gradient ${showShape(shape)} of input ${input} of ${given} is the first`,
    update: `${op}: its update of parameter ${input}, ${showShape(shape)}, is the first`,
    input: `${op}${where}: input ${input}, ${label} ${showShape(shape)}, came`,
  }[phase];
  const advice = {
    forward: 'look at what the op was given',
    backward: 'look at what the op was given',
    update: 'look at the learning rate, or clip the gradients',
    input: 'look at the data, or at what wrote it',
  }[phase];
  return `${what} with bad numbers: ${kinds} of ${shape.reduce((a, b) => a * b, 1)} elements, the first at ${first}; ${advice}`;
}

/** What ops are looked at with: set for the whole program, as in PyTorch, because an op is a plain function. */
let current: AnomalyWatch | undefined;
/** Takes `current` off the reads that report what it found. */
let stopReporting = () => {};
/** A `detectAnomaly` is under way; two at once would each get what the other's ops did. */
let searching = false;

function use(watch: AnomalyWatch | undefined): void {
  current = watch;
  useWatch(watch);
  stopReporting();
  stopReporting = watch ? onRead(() => watch.report()) : () => {};
}

const OPTIONS = { infinity: flag };

/**
 * Runs `body` and finds the first op, forward or backward, whose result holds a NaN or an infinity. It is thrown by the first
 * read inside of `body` (`data()`, `item()`), else at its end. Every result is read once more on the GPU: for debugging.
 * PyTorch: torch.autograd.detect_anomaly, which looks at gradients only.
 * @throws AnomalyError that names op, layer, shapes, and how many elements of which kind; UsageError inside of another.
 */
export async function detectAnomaly<T>(body: () => T | Promise<T>, options: AnomalyOptions = {}): Promise<T> {
  checkOptions('detectAnomaly', options, OPTIONS);
  requireFunction('detectAnomaly', 'body', body);
  const { infinity = true } = options;
  if (searching) throw new UsageError('detectAnomaly: another search is under way; await it first');
  searching = true;
  const before = current;
  const watch = new AnomalyWatch(infinity);
  use(watch);
  try {
    const result = await body();
    await watch.report();
    return result;
  } finally {
    searching = false;
    watch.drop();
    use(before);
  }
}

/**
 * Switches the search of `detectAnomaly` on for all that follows; reads throw what it finds. PyTorch:
 * torch.autograd.set_detect_anomaly.
 */
export function setDetectAnomaly(on: boolean, options: AnomalyOptions = {}): void {
  checkOptions('setDetectAnomaly', options, OPTIONS);
  if (typeof on !== 'boolean') throw new UsageError(`setDetectAnomaly: takes true or false, got ${showValue(on)}`);
  const { infinity = true } = options;
  current?.drop();
  use(on ? new AnomalyWatch(infinity) : undefined);
}
