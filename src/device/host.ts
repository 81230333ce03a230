// What the recorder needs of the device; runtime.ts puts it together.
import type { DeviceLostError } from '../errors.js';
import type { Failures } from './failures.js';
import type { PipelineCache } from './pipeline.js';
import type { BufferPool } from './pool.js';

export interface RecorderHost {
  device: GPUDevice;
  pool: BufferPool;
  pipelines: PipelineCache;
  failures: Failures;
  /** The largest storage binding. Tests lower it, so that small tensors are walked in windows. */
  bindingBytes: number;
  /** Gives the device up: it failed in a way that only a lost one does, and has not said so yet. */
  giveUp(error: DeviceLostError): void;
  /** Awaits a call into WebGPU. */
  track<T>(call: () => Promise<T>): Promise<T>;
}
