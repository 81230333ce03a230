// Batches: any objects of arrays, numbers and tensors, from any source.
import { DataError, showValue } from '../errors.js';
import type { DTypeFrom, HostArray, HostTensor } from '../tensor/dtype.js';
import { isHostTensor } from '../tensor/host-values.js';
import { Tensor, tensor } from '../tensor/tensor.js';

/** What decides which examples come in which batch. `fingerprint`, where it is there, tells the examples themselves from others; the rest may be any names. */
export type BatchOrder = Readonly<Record<string, string | number | boolean>>;

/** Where batches come from; `DataLoader` is one. Epochs must depend on their number alone, so that runs can resume. */
export interface BatchSource<B extends object = object> {
  /** Examples in an epoch. */
  readonly length: number;
  /**
   * Kept in checkpoints: a run resumes only with the same `fingerprint`, and in the middle of an epoch only with all the
   * rest the same, too. Default: nothing is compared.
   */
  readonly orderedBy?: BatchOrder;
  /** Whether an epoch may give fewer examples than `length`, where damaged ones are left out. Default false: fewer are an error. */
  readonly mayGiveFewer?: boolean;
  /**
   * The batches of an epoch, from 0, beginning with `startBatch` (default 0); at least one. A source with `deals` is also asked for each
   * so-manieth of these (`every`, default 1), which is one process' share of them.
   */
  epoch(number: number, from?: { startBatch?: number; every?: number }): AsyncIterable<B>;
  /** Whether `epoch` knows `every`; where it does not, each process goes through all batches and passes others' over. Default false. */
  readonly deals?: boolean;
}

/** A batch as a task gets it: typed arrays and host tensors have become tensors, everything else is as it was. Of batches of any kind: any. */
export type OnDevice<B> = unknown extends B
  ? // biome-ignore lint/suspicious/noExplicitAny: what is not known may be used as it is
    any
  : { [K in keyof B]: B[K] extends HostArray | HostTensor ? Tensor<DTypeFrom<B[K]>> : B[K] };

/** A batch that looks the same on the device: of tensors, any arrays. Labels that are mixed in training are classes in validation. */
export type Alike<B> = unknown extends B
  ? B
  : { [K in keyof B]: B[K] extends HostArray | HostTensor ? HostArray | HostTensor : B[K] };

/**
 * A batch whose arrays become tensors in the open scope as they are used: what a task does not use is not uploaded.
 * @throws DataError for what is no object.
 */
export function onDevice<B extends object>(where: string, batch: B): OnDevice<B> {
  if (typeof batch !== 'object' || batch === null || ArrayBuffer.isView(batch) || batch instanceof Tensor)
    throw new DataError(
      `${where}: a batch is an object of arrays or tensors, such as { x, y }, got ${showValue(batch)}`,
    );
  const made = {} as OnDevice<B>;
  for (const [name, value] of Object.entries(batch)) {
    if (!ArrayBuffer.isView(value) && !isHostTensor(value)) {
      made[name as keyof B] = value;
      continue;
    }
    let uploaded: Tensor | undefined;
    const get = () => (uploaded ??= tensor(value as HostArray | HostTensor));
    Object.defineProperty(made, name, { get, enumerable: true });
  }
  return made;
}

/** Goes through batches and notes the seconds that each was waited for. */
export async function* timed<B>(batches: AsyncIterable<B>, note: (seconds: number) => void): AsyncGenerator<B> {
  const iterator = batches[Symbol.asyncIterator]();
  try {
    for (;;) {
      const asked = performance.now();
      const { done, value } = await iterator.next();
      note((performance.now() - asked) / 1000);
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}
