import type { Tensor } from '../tensor/tensor.js';

/**
 * Which parameters were updated in the same steps, so that their counts and states are of one age: they have one past, an object
 * that is new after each update. Those that miss a step keep the old one.
 */
export class Pasts {
  private readonly of = new Map<Tensor, object>();

  /** Parameters that have a gradient, those of one past together. */
  shared(params: readonly Tensor[]): Tensor[][] {
    const found = new Map<object | undefined, Tensor[]>();
    for (const param of params) {
      if (!param.grad) continue;
      const past = this.of.get(param);
      const same = found.get(past);
      if (same) same.push(param);
      else found.set(past, [param]);
    }
    return [...found.values()];
  }

  /** They were updated together. */
  goOn(params: readonly Tensor[]): void {
    const past = {};
    for (const param of params) this.of.set(param, past);
  }

  /** After a restore: one past where the numbers of updates are the same, those that were skipped too, and the names of states. */
  begin(params: readonly Tensor[], updates: readonly number[], tensors: Record<string, Float32Array>): void {
    const names = Object.keys(tensors).sort();
    const pasts = new Map<string, object>();
    for (const [i, param] of params.entries()) {
      const own = names.filter((name) => name.startsWith(`${i}.`)).map((name) => name.split('.')[1]);
      const key = [updates[i], tensors[`${i}.skipped`]?.[0], ...own].join();
      const past = pasts.get(key) ?? {};
      pasts.set(key, past);
      this.of.set(param, past);
    }
  }

  clear(): void {
    this.of.clear();
  }
}
