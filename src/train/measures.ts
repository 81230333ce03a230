// The metrics of an epoch under way, by name: they stay on the GPU until they are read.
import { atLeastOne, dictionary, record, whole } from '../checkpoint/json.js';
import type { Json, Stateful } from '../checkpoint/stateful.js';
import { UsageError } from '../errors.js';
import type { StoredTensor } from '../io/safetensors.js';
import { Mean } from '../metrics/accuracy.js';
import { Accumulator, type Measured } from '../metrics/metric.js';
import { scope } from '../tensor/scope.js';
import { Tensor, tensor } from '../tensor/tensor.js';
import type { StepResult } from './task.js';
import type { Team } from './team.js';

const mean = new Mean();

/** Sums of every metric that a task's steps name. */
export class Measures implements Stateful {
  private readonly known = new Map<string, { metric: Measured['metric']; sums: Accumulator }>();
  /** Restored, of metrics that no step has named yet. */
  private readonly waiting = new Map<string, Accumulator>();

  /** Takes a step's metrics in. */
  add(where: string, { metrics = {}, size }: StepResult): void {
    for (const [name, given] of Object.entries(metrics)) {
      if (given === undefined) continue;
      const measured = given instanceof Tensor ? mean.of(given, size) : given;
      if (!(measured?.sums instanceof Tensor))
        throw new UsageError(`${where}: metric '${name}' is a scalar tensor, or what a metric's of(...) gives`);
      if (name === 'loss' || name.startsWith('val_'))
        throw new UsageError(
          `${where}: a metric is called '${name}': 'loss' and 'val_...' are the trainer's own names`,
        );
      this.sumsOf(name, measured.metric).add(measured.sums);
    }
  }

  /** Whether there are sums of which no step has said yet what they are. */
  get unnamed(): boolean {
    return this.waiting.size > 0;
  }

  /** Learns from a step what the metrics are, without counting it. */
  name({ metrics = {} }: StepResult): void {
    for (const [name, given] of Object.entries(metrics))
      if (given) this.sumsOf(name, given instanceof Tensor ? mean : given.metric);
  }

  private sumsOf(name: string, metric: Measured['metric']): Accumulator {
    let entry = this.known.get(name);
    if (!entry) {
      entry = { metric, sums: this.waiting.get(name) ?? new Accumulator(metric.size) };
      this.waiting.delete(name);
      this.known.set(name, entry);
    }
    return entry.sums;
  }

  /** Reads all of them; with a team those of all its processes together. */
  async read(team?: Team): Promise<Record<string, number>> {
    const own = await this.sums();
    const all = team ? await team.sums(own) : own;
    const values = [...this.known].map(([name, { metric }]) => [name, metric.value(all[name])]);
    return Object.fromEntries(values);
  }

  /** The sums so far, by the metrics' names. */
  async sums(): Promise<Record<string, Float64Array>> {
    const read = this.all().map(async ([name, sums]): Promise<[string, Float64Array]> => [name, await sums.read()]);
    return Object.fromEntries(await Promise.all(read));
  }

  /** Takes in what other processes have summed up, or, with nothing, begins anew and keeps the names. */
  take(others: Record<string, Float64Array> | null): void {
    for (const [name, sums] of this.all()) {
      if (others === null) sums.reset();
      else if (others[name]?.some((n) => n !== 0)) scope(() => sums.add(tensor(Float32Array.from(others[name]))));
    }
  }

  /** Begins anew. */
  reset(): void {
    for (const [, sums] of this.all()) sums.reset();
    this.known.clear();
    this.waiting.clear();
  }

  private all(): [string, Accumulator][] {
    return [...[...this.known].map(([name, { sums }]): [string, Accumulator] => [name, sums]), ...this.waiting];
  }

  state(): Json {
    return Object.fromEntries(this.all().map(([name, sums]) => [name, { size: sums.size, sums: sums.state() }]));
  }

  tensors(): Record<string, Tensor> {
    const named = ([name, sums]: [string, Accumulator]) =>
      Object.entries(sums.tensors()).map(([slot, t]): [string, Tensor] => [`${name}.${slot}`, t]);
    return Object.fromEntries(this.all().flatMap(named));
  }

  /** What no step has named yet waits for the first that does. */
  restore(state: Json, tensors: Record<string, StoredTensor>): void {
    this.reset();
    for (const [name, { size, sums }] of Object.entries(state as unknown as Saved)) {
      const accumulator = new Accumulator(size);
      accumulator.restore(sums, slotsOf(name, tensors));
      this.waiting.set(name, accumulator);
    }
  }

  mismatch(state: Json, tensors: Record<string, StoredTensor>): string | undefined {
    const wrong = checkForm(state, 'its state');
    if (wrong) return wrong;
    for (const [name, { size, sums }] of Object.entries(state as unknown as Saved)) {
      const found = new Accumulator(size).mismatch(sums, slotsOf(name, tensors));
      if (found) return `of metric '${name}' ${found}`;
    }
  }
}

type Saved = Record<string, { size: number; sums: { batches: number } }>;

const checkForm = dictionary(record({ size: atLeastOne, sums: record({ batches: whole }) }));

/** The partial sums of a metric, by their place. */
function slotsOf(name: string, tensors: Record<string, StoredTensor>): Record<string, StoredTensor> {
  const slotOf = (key: string) => (key.startsWith(`${name}.`) ? key.slice(name.length + 1) : '');
  const own = Object.entries(tensors).filter(([key]) => /^\d+$/.test(slotOf(key)));
  return Object.fromEntries(own.map(([key, t]) => [slotOf(key), t]));
}
