// Examples that come one after the other, counted: a source gives as many as its length promises.
import { DataError } from '../errors.js';
import { hasGet, type IterableDataset } from './datasets.js';

type Examples = AsyncIterable<unknown> | Iterable<unknown>;

const isIterable = (value: unknown): value is Examples =>
  typeof Object(value)[Symbol.asyncIterator] === 'function' || typeof Object(value)[Symbol.iterator] === 'function';

/** Whether a data set is an iterable source: it has no `get`. */
export function iterates(value: unknown): value is IterableDataset {
  if (typeof value !== 'object' || value === null || hasGet(value)) return false;
  return typeof (value as { epoch?: unknown }).epoch === 'function' || isIterable(value);
}

/** Reads an epoch of a source. */
export class ExampleReader {
  private readonly iterator: AsyncIterator<unknown> | Iterator<unknown>;
  private turn: Promise<unknown> = Promise.resolve();
  private count = 0;

  constructor(
    private readonly source: IterableDataset,
    private readonly epoch: number,
  ) {
    const examples = 'epoch' in source ? source.epoch(epoch) : source;
    if (!isIterable(examples)) throw new DataError(`DataLoader: the source's epoch(${epoch}) cannot be iterated`);
    const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = examples as AsyncIterable<unknown> &
      Iterable<unknown>;
    this.iterator = later ? later.call(examples) : now.call(examples);
  }

  /** The next `count` examples. Calls are answered in their order. @throws DataError if there are fewer. */
  take(count: number): Promise<unknown[]> {
    const taken = this.turn.then(async () => {
      const examples: unknown[] = [];
      while (examples.length < count) examples.push(await this.next());
      return examples;
    });
    this.turn = taken.catch(() => {});
    return taken;
  }

  /** Reads `count` examples that are not wanted. */
  async skip(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.next();
  }

  private async next(): Promise<unknown> {
    const { value, done } = await this.iterator.next();
    if (done) throw this.ended();
    this.count++;
    return value;
  }

  /** Reads what is left, after all that was taken. @throws DataError unless there are as many as promised. */
  async finish(): Promise<void> {
    await this.skip(this.source.length - this.count);
    if ((await this.iterator.next()).done) return;
    throw new DataError(
      `DataLoader: the source gave more than the ${this.source.length} examples that its length promises, in epoch ${this.epoch}`,
    );
  }

  private ended(): DataError {
    const once = this.count === 0 && !('epoch' in this.source);
    return new DataError(
      `DataLoader: the source gave ${this.count} examples in epoch ${this.epoch}, its length promises ${this.source.length}` +
        (once ? ' (a generator can be read once: give the source an epoch(number) that makes a new one)' : ''),
    );
  }

  /** Tells the source that no more is wanted. */
  async close(): Promise<void> {
    await this.iterator.return?.();
  }
}
