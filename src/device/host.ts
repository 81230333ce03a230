// What the recorder needs of the device; runtime.ts puts it together.
import type { Failures } from './failures.js';
import type { PipelineCache } from './pipeline.js';
import type { BufferPool } from './pool.js';

export interface RecorderHost {
  device: GPUDevice;
  pool: BufferPool;
  pipelines: PipelineCache;
  failures: Failures;
  /** Awaits a call into WebGPU. */
  track<T>(call: () => Promise<T>): Promise<T>;
}
