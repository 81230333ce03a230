// What the recorder needs of the device; runtime.ts puts it together.
import type { PipelineCache } from './pipeline.js';
import type { BufferPool } from './pool.js';

export interface RecorderHost {
  device: GPUDevice;
  pool: BufferPool;
  pipelines: PipelineCache;
  track<T>(call: () => Promise<T>): Promise<T>;
  fail(error: Error): void;
  /** Throws what the device reported since the last call. */
  check(): void;
}
