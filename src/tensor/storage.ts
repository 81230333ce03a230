// The device memory behind tensors, and the checks before it is used.

import { scratch } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { features } from '../device/runtime.js';
import { DeviceLostError, DtypeError, UsageError } from '../errors.js';
import type { DType } from './dtype.js';
import { bytesOf, elementBytes } from './dtype.js';
import { type Shape, showShape, sizeOf } from './shape.js';
import { isStale, type Versioned } from './versions.js';

/** Device memory shared by a tensor and its reshapes. */
export interface Storage extends Versioned {
  buffer: GpuBuffer;
  owners: number;
}

/**
 * Memory for a tensor, its contents undefined. `label` is what messages call it.
 * @throws DtypeError for f16 where the device has none.
 */
export function newStorage(shape: Shape, dtype: DType, label: string): Storage {
  if (dtype === 'f16') requireHalf(label);
  const size = elementBytes(dtype);
  const elements = bytesOf(dtype, sizeOf(shape)) / size;
  return { buffer: scratch(Math.max(elements, 1), label, size), owners: 0, writtenAt: 0, writtenBy: '' };
}

/** The message about a tensor that was disposed of. */
export const disposedOf = (label: string, shape: Shape): string =>
  `${label} ${showShape(shape)}: used after it was disposed of (its scope closed?); ` +
  'keep(t) moves a tensor one scope out; no scope may be open during an await';

/**
 * A tensor's memory, if it still has what the tensor stands for.
 * @throws UsageError after it was given back, or if a gradient wants values that were overwritten; DeviceLostError when its
 * device is gone.
 */
export function usable(
  storage: Storage | null,
  { id, label, shape }: { id: number; label: string; shape: Shape },
): Storage {
  if (!storage) {
    throw new UsageError(disposedOf(label, shape));
  }
  const { lost } = storage.buffer.pool;
  if (lost) {
    throw new DeviceLostError(
      `${label} ${showShape(shape)}: its device is gone, and its values with it (${lost.message}); ` +
        'make it again on the new device',
      { cause: lost },
    );
  }
  if (isStale(id, storage)) {
    throw new UsageError(
      `backward: a gradient needs ${label} ${showShape(shape)} as it was in the forward pass, and ${storage.writtenBy} ` +
        'has overwritten it since; call backward() before that, or compute the result anew',
    );
  }
  return storage;
}

function requireHalf(op: string): void {
  if (features().has('shader-f16')) return;
  throw new DtypeError(`${op}: f16 needs an adapter with the feature shader-f16, and this one has none; use f32`);
}
