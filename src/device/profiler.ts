// Times every dispatch with the adapter's own clock: each gets a pass of its own with a timestamp at either end.

import { UsageError } from '../errors.js';
import type { Dispatch } from './batch.js';
import { BatchTimer } from './batch-timer.js';

/** One dispatch as the device ran it. */
export interface Span {
  /** The kernel with its slots, such as 'gemm_subgroup(ROW_BLOCKS=4, ...)'. */
  pipeline: string;
  /** The kernel alone, such as 'gemm_subgroup'. */
  kernel: string;
  /** The layer that asked for it, such as 'conv1' or 'conv1 (backward)'; '' outside of layers. */
  layer: string;
  /** Nanoseconds since the first span began. */
  start: number;
  /** Nanoseconds since the first span began. */
  end: number;
  /** Bytes of the buffers bound: the least that must be moved. */
  bytes: number;
  /** Floating-point operations, where the launcher said; a multiply-add is two. */
  flops: number;
}

/** Collects timestamps while it is attached to a recorder. */
export class Profiler {
  readonly dispatches: Dispatch[] = [];
  private readonly stamps: Promise<BigUint64Array>[] = [];

  constructor(
    private readonly device: GPUDevice,
    private readonly track: <T>(call: () => Promise<T>) => Promise<T>,
  ) {
    if (!device.features.has('timestamp-query')) {
      throw new UsageError('profile: this device has no timestamps (the feature "timestamp-query")');
    }
  }

  /** Timestamps for a batch of dispatches, at most 2,048: WebGPU allows 4,096 queries in a set. */
  batch(dispatches: Dispatch[]): BatchTimer {
    this.dispatches.push(...dispatches);
    return new BatchTimer(this.device, Math.max(dispatches.length, 1));
  }

  /** After the batch was submitted. */
  collect(timer: BatchTimer): void {
    const stamps = this.track(() => timer.read());
    stamps.catch(() => {}); // `spans` tells, unless the body threw before
    this.stamps.push(stamps);
  }

  async spans(): Promise<Span[]> {
    const stamps = (await Promise.all(this.stamps)).flatMap((batch) => [...batch]);
    if (stamps.length === 0) return [];
    let origin = stamps[0];
    for (const t of stamps) if (t < origin) origin = t;
    return this.dispatches.map(({ pipeline, callSite, bytes, flops }, i) => ({
      ...{ pipeline: pipeline.label, kernel: pipeline.shader.name, layer: callSite.path, bytes, flops },
      start: Number(stamps[2 * i] - origin),
      end: Number(stamps[2 * i + 1] - origin),
    }));
  }
}
