// Small tensors side by side in one buffer, so that one launch updates them all.
import { areSideBySide, partOf, partStep } from '../device/parts.js';
import { largestWindow } from '../device/windows.js';
import { join } from '../kernels/join.js';
import { empty, Tensor } from '../tensor/tensor.js';

/** Elements up to which tensors are joined. For larger ones a launch is the least of it. */
const SMALL = 65536;

/**
 * Tensors that are worked on together: small ones of f32 joined, as many as fit a binding, each of the others alone. `joining` is memory
 * that others have joined, or will.
 */
export function together(tensors: readonly Tensor[], joining = new Set<object>()): Tensor[][] {
  const most = largestWindow();
  const alone: Tensor[][] = [];
  const runs: Tensor[][] = [];
  let left = 0;
  for (const t of tensors) {
    const room = roomOf(t);
    const twice = joining.has(t.shared); // two tensors of one memory, which cannot lie in two places
    if (t.dtype !== 'f32' || t.size === 0 || t.size > SMALL || room > most || twice) {
      alone.push([t]);
      continue;
    }
    joining.add(t.shared);
    if (room > left) {
      runs.push([]);
      left = most;
    }
    runs.at(-1)!.push(t);
    left -= room;
  }
  return [...runs, ...alone];
}

/**
 * All of these tensors as one, flat, in the open scope, for kernels to which element i is element i. It has undefined numbers between
 * them. Where their memory does not lie side by side it is moved there, and stays.
 */
export function joined(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors;
  if (tensors.length === 1) return first;
  const pieces = tensors.map((t) => ({ buffer: t.buffer, length: t.size, room: roomOf(t) }));
  const size = pieces.reduce((sum, { room }) => sum + room, 0);
  if (areSideBySide(pieces.map(({ buffer }) => buffer))) {
    const { root: buffer } = first.buffer;
    buffer.holders++;
    return new Tensor([size], 'f32', { buffer, owners: 0, writtenAt: 0, writtenBy: '' });
  }
  const whole = empty([size], 'f32', first.label);
  let base = 0;
  const parts = pieces.map(({ length, room }) => {
    const part = partOf(whole.buffer, base, 4 * length);
    base += 4 * room;
    return part;
  });
  join(pieces, whole.buffer);
  for (const [i, t] of tensors.entries()) {
    const { shared } = t;
    const { buffer } = shared;
    parts[i].label = buffer.label;
    shared.buffer = parts[i];
    buffer.pool.release(buffer);
  }
  return whole;
}

/** Items whose tensors are joined, together and in their order; each of the others alone. */
export function sideBySide<T>(items: readonly T[], tensorOf: (item: T) => Tensor): T[][] {
  const bufferOf = (item: T) => tensorOf(item).buffer;
  const found = new Map<object, T[]>();
  for (const item of items) {
    const { root } = bufferOf(item);
    const same = found.get(root);
    if (same) same.push(item);
    else found.set(root, [item]);
  }
  const runs = [...found.values()].map((run) => run.sort((a, b) => bufferOf(a).base - bufferOf(b).base));
  return runs.flatMap((run) => (areSideBySide(run.map(bufferOf)) ? [run] : run.map((item) => [item])));
}

const roomOf = ({ size }: Tensor) => partStep(4 * size) / 4;
