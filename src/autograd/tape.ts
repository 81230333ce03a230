// Reverse-mode differentiation, define by run. Ids increase, so descending id is a topological order:
// backward is collect, sort, pull, accumulate.

import { at, Backward, currentCallSite } from '../device/call-site.js';
import { copyBuffer } from '../device/commands.js';
import { DtypeError, ShapeError, showValue, UsageError } from '../errors.js';
import { binary } from '../kernels/elementwise.js';
import { bytesOf, type DType } from '../tensor/dtype.js';
import { keep, requireSync, scope, unscoped } from '../tensor/scope.js';
import { sameShape, showShape } from '../tensor/shape.js';
import { alias, empty, type GradNode, onBackward, Tensor } from '../tensor/tensor.js';
import { asOf, thisMoment } from '../tensor/versions.js';
import { whileMixed } from './region.js';

/** What `detectAnomaly` inspects results and gradients with. */
export interface Watch {
  /** An op's result, after it was launched. */
  forward(op: string, y: Tensor, inputs: readonly Tensor[]): void;
  /** The gradient that an op passes on to one of its inputs. */
  backward(node: GradNode, input: number, dx: Tensor): void;
  /** The sum of gradients that reach one tensor on several ways. */
  added(total: Tensor): void;
  /** The upstream gradient that the caller of `backward` gave. */
  upstream(dy: Tensor): void;
  /** A parameter after an optimizer's update; `index` is its number among the optimizer's parameters. */
  updated(optimizer: string, param: Tensor, index: number): void;
  /** Runs an op's gradient. */
  within<T>(gradient: () => T): T;
}

/** Whether ops record their gradients: one switch for the program, as PyTorch's for a thread. */
let recording = true;
/** Set by anomaly.ts, so that a bundle without `detectAnomaly` does not contain it. */
let watch: Watch | undefined;

/** Set while gradients are to leave during the backward pass: each leaf that has all of its own is named at once. */
let leafDone: ((leaf: Tensor) => void) | undefined;

/** Runs `body`, whose backward passes name each leaf as soon as its gradient is whole. PyTorch: register_post_accumulate_grad_hook. */
export function withLeafHook(hook: (leaf: Tensor) => void, body: () => void): void {
  const before = leafDone;
  leafDone = hook;
  try {
    body();
  } finally {
    leafDone = before;
  }
}

/** Sets what inspects results and gradients from now on; undefined for nothing. */
export function useWatch(to: Watch | undefined): void {
  watch = to;
}

/** Runs `body` without inspecting it: what it records is never launched. */
export function unwatched<T>(body: () => T): T {
  const before = watch;
  watch = undefined;
  try {
    return body();
  } finally {
    watch = before;
  }
}

/** Optimizers call it after each parameter that they wrote. */
export function wrote(optimizer: string, param: Tensor, index: number): void {
  param.overwrittenBy(`${optimizer}.step()`);
  watch?.updated(optimizer, param, index);
}

/** Whether ops record how to differentiate them. */
export function gradEnabled(): boolean {
  return recording;
}

/**
 * Runs `body` without recording: what it computes has no gradient. PyTorch: torch.no_grad.
 * @throws UsageError if it is an async function: ops after its first `await` would be recorded.
 */
export function noGrad<T>(body: () => T): T {
  requireSync('noGrad', body, 'ops after its first await would be recorded');
  return whileRecording(false, body);
}

/** Runs `body` with recording on or off. */
export function whileRecording<T>(on: boolean, body: () => T): T {
  const before = recording;
  recording = on;
  try {
    return body();
  } finally {
    recording = before;
  }
}

/**
 * Computes an op that is made of several tensors, of which a gradient needs more than the result. Where none will be
 * computed the others go at once, so that an op outside of all scopes leaves its result and nothing else.
 */
export function composed<D extends DType>(inputs: readonly Tensor[], body: () => Tensor<D>): Tensor<D> {
  return recording && inputs.some((t) => t.requiresGrad) ? body() : scope(body);
}

/**
 * Attaches an op's gradient to its result `y`, and returns it; for ops of your own together with `kernel`. `grad(dy)`
 * returns, for each input, a thunk that computes the gradient with respect to it, or null where there is none; only the
 * thunks that somebody needs are called.
 */
export function record<D extends DType>(
  name: string,
  y: Tensor<D>,
  inputs: readonly Tensor[],
  grad: GradNode['grad'],
): Tensor<D> {
  if (!(y instanceof Tensor && Array.isArray(inputs) && inputs.every((x) => x instanceof Tensor))) {
    throw new UsageError(
      `record: takes a result and a list of inputs, all tensors; got ${showValue(y)} of ${showValue(inputs)}`,
    );
  }
  if (typeof name !== 'string') throw new UsageError(`record: name is a text, got ${showValue(name)}`);
  if (typeof grad !== 'function') throw new UsageError(`record: grad is a function of dy, got ${showValue(grad)}`);
  y.label = name;
  watch?.forward(name, y, inputs);
  if (recording && inputs.some((t) => t.requiresGrad)) {
    y.node = { name, inputs, grad, callSite: currentCallSite(), made: thisMoment() };
    y.requiresGrad = true;
  }
  return y;
}

/**
 * Gradients of `from` with respect to every leaf that requires one, added to the leaf's `.grad`: `from.backward(dy)`.
 * `dy` is the upstream gradient, in the shape of `from`; a scalar needs none.
 * @throws UsageError if `from` depends on nothing that requires a gradient, or if a gradient needs what was overwritten since; ShapeError if `dy` is missing or does not fit.
 */
export function backward(from: Tensor, dy?: Tensor): void {
  if (!(from instanceof Tensor)) throw new UsageError(`backward: takes a tensor, got ${showValue(from)}`);
  if (!from.requiresGrad) {
    throw new UsageError(`backward: ${from.label} does not depend on any tensor with requiresGrad`);
  }
  if (!dy && from.size !== 1) {
    throw new ShapeError(`backward: ${showShape(from.shape)} is not a scalar; pass the upstream gradient`);
  }
  if (dy && !(dy instanceof Tensor)) throw new UsageError(`backward: dy is a tensor, got ${showValue(dy)}`);
  if (dy && dy.dtype !== from.dtype) {
    throw new DtypeError(`backward: the upstream gradient of ${from.dtype} is ${from.dtype}, got ${dy.dtype}`);
  }
  if (dy && !sameShape(dy.shape, from.shape)) {
    throw new ShapeError(`backward: upstream gradient ${showShape(dy.shape)} for a result ${showShape(from.shape)}`);
  }
  using _pass = scope();
  if (dy) watch?.upstream(dy);
  const all = () => pull(from, dy ? alias(dy, dy.shape) : one(from));
  whileRecording(false, () => whileMixed(false, all)); // the caller's own may be older than what it is for
}

/** What a piece of the tape was computed from: the tensors made before `id` that it depends on and that require a gradient. */
export function sourcesOf(y: Tensor, id: number): Tensor[] {
  return reachable(y, (t) => t.id < id || !t.node).filter((t) => t.id < id || !t.node);
}

/**
 * The gradients of a result with respect to `sources` alone, in the open scope; nothing is added to their `.grad`. `dy` is disposed of as soon
 * as it was used.
 */
export function gradientsOf(y: Tensor, dy: Tensor, sources: ReadonlySet<Tensor>): Map<Tensor, Tensor> {
  const found = new Map<Tensor, Tensor>();
  const take = (source: Tensor, gradient: Tensor) => found.set(source, alias(gradient, gradient.shape));
  pull(y, dy, { arrive: take, ends: (t) => sources.has(t), mayDispose: true });
  return found;
}

/** How far to go back, what becomes of the gradients there, and whether the seed is to be disposed of when it was used. */
interface Way {
  arrive: (leaf: Tensor, dy: Tensor, borrowed: boolean) => void;
  ends: (t: Tensor) => boolean;
  mayDispose: boolean;
}

const TO_LEAVES: Way = { arrive: accumulateLeaf, ends: (t) => !t.node, mayDispose: false };

/** Goes back from a result to where the tape `ends`. */
function pull(from: Tensor, seed: Tensor, { arrive, ends, mayDispose }: Way = TO_LEAVES): void {
  const gradients = new Map<Tensor, Tensor>([[from, seed]]);
  const order = reachable(from, ends);
  const open = usesOf(order, ends);
  const finish = (leaf: Tensor): void => {
    const dy = gradients.get(leaf);
    if (!dy) return;
    gradients.delete(leaf);
    arrive(leaf, dy, dy === seed);
    if (dy !== seed) dy.dispose();
  };
  for (const y of order) {
    const { node } = y;
    if (!node || ends(y)) {
      finish(y); // `from` itself: of all others the last use is behind us
      continue;
    }
    const dy = gradients.get(y);
    if (dy) {
      gradients.delete(y);
      at(new Backward(node.callSite, node.name), () => asOf(node.made, () => pullNode(node, dy, gradients)));
      if (mayDispose || dy !== seed) dy.dispose();
    }
    for (const x of node.inputs) {
      const left = open.get(x);
      if (left !== undefined) open.set(x, left - 1);
      if (left === 1) finish(x);
    }
  }
}

/** How often each tensor at which the tape ends is an input of what is differentiated: after so many ops its gradient is whole. */
function usesOf(order: readonly Tensor[], ends: (t: Tensor) => boolean): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  for (const y of order) {
    if (ends(y)) continue;
    for (const x of y.node?.inputs ?? []) if (x.requiresGrad && ends(x)) uses.set(x, (uses.get(x) ?? 0) + 1);
  }
  return uses;
}

/** Adds what one op passes on to its inputs' gradients. */
function pullNode(node: GradNode, dy: Tensor, gradients: Map<Tensor, Tensor>): void {
  using _node = scope();
  const { name, inputs } = node;
  const thunks = watch ? watch.within(() => node.grad(dy)) : node.grad(dy);
  inputs.forEach((x, i) => {
    const thunk = thunks[i];
    if (!thunk || !x.requiresGrad) return;
    const dx = watch ? watch.within(thunk) : thunk();
    if (!sameShape(dx.shape, x.shape)) {
      throw new ShapeError(`${name}: gradient ${i} is ${showShape(dx.shape)}, its input ${showShape(x.shape)}`);
    }
    if (dx.dtype !== x.dtype) throw new DtypeError(`${name}: gradient ${i} is ${dx.dtype}, its input ${x.dtype}`);
    watch?.backward(node, i, dx);
    const before = gradients.get(x);
    gradients.set(x, before ? sum(before, dx) : carry(dx, dy));
    before?.dispose();
  });
}

/** All tensors that `from` was computed from, to where the tape `ends`, later ones first. */
function reachable(from: Tensor, ends: (t: Tensor) => boolean): Tensor[] {
  const seen = new Set<Tensor>([from]);
  for (const t of seen) {
    if (t.disposed) {
      throw new UsageError(
        `backward: ${t.label} ${showShape(t.shape)} was disposed of (its scope closed?), and the gradient has to pass it; ` +
          'call backward() inside the scope, or keep(t) what it needs',
      );
    }
    if (ends(t)) continue;
    for (const input of t.node?.inputs ?? []) if (input.requiresGrad) seen.add(input);
  }
  return [...seen].sort((a, b) => b.id - a.id);
}

/** Moves a gradient out of its node's scope. A thunk may return its own `dy`: then the memory is shared. */
function carry(dx: Tensor, dy: Tensor): Tensor {
  return keep(dx === dy ? alias(dy, dy.shape) : dx);
}

function sum(a: Tensor, b: Tensor): Tensor {
  const total = empty(a.shape, a.dtype, 'gradient');
  binary('a + b', a.buffer, b.buffer, total.buffer, a.size);
  watch?.added(total);
  return keep(total);
}

function accumulateLeaf(leaf: Tensor, dy: Tensor, borrowed: boolean): void {
  const { grad } = leaf;
  leaf.grad = unscoped(() => {
    // Two leaves may be handed one tensor (an add's dy). Each needs its own: clipping works in place.
    if (!grad && !borrowed && dy.shared.owners === 1) return alias(dy, dy.shape);
    const before = grad?.buffer; // throws if its device is gone: nothing is made yet
    const own = empty(leaf.shape, leaf.dtype, 'gradient');
    if (before) {
      binary('a + b', before, dy.buffer, own.buffer, leaf.size);
      watch?.added(own);
    } else copyBuffer(dy.buffer, own.buffer, bytesOf(leaf.dtype, leaf.size));
    return own;
  });
  leaf.grad.holds('gradient');
  grad?.dispose();
  leafDone?.(leaf);
}

function one(like: Tensor): Tensor {
  const seed = empty(like.shape, like.dtype, 'gradient');
  seed.set([1]);
  return seed;
}

onBackward(backward);
