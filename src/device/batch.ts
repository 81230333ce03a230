// What goes to the device in one submit.
import type { Pipeline } from './pipeline.js';
import type { GpuBuffer } from './pool.js';
import type { BatchTimer } from './profiler.js';

/** Parameters of successive dispatches lie this many bytes apart: WebGPU's guaranteed offset alignment. */
export const PARAMS_STEP = 256;
export const MAX_DISPATCHES = 1024;

export interface Dispatch {
  pipeline: Pipeline;
  data: GPUBindGroup;
  /** Byte offset of the parameters; -1 for a kernel without. */
  params: number;
  groups: readonly [number, number, number];
  /** The layer that asked for it; see `within`. */
  place: string;
  bytes: number;
  flops: number;
}

export interface Copy {
  from: GpuBuffer;
  to: GPUBuffer;
  fromOffset: number;
  toOffset: number;
  bytes: number;
}

export interface Batch {
  uploads: { to: GpuBuffer; data: ArrayBufferView; offset: number }[];
  commands: (Dispatch | Copy)[];
  params: DataView<ArrayBuffer>;
  paramsUsed: number;
  touched: Set<GpuBuffer>;
}

export function newBatch(params = new DataView(new ArrayBuffer(MAX_DISPATCHES * PARAMS_STEP))): Batch {
  return { uploads: [], commands: [], params, paramsUsed: 0, touched: new Set() };
}

/** Encodes the commands in order, successive dispatches in one pass; with a timer each in a pass of its own. */
export function encode(
  encoder: GPUCommandEncoder,
  commands: Batch['commands'],
  params: GPUBindGroup,
  timer?: BatchTimer,
): void {
  let pass: GPUComputePassEncoder | undefined;
  let current: GPUComputePipeline | undefined;
  for (const command of commands) {
    if ('pipeline' in command) {
      if (timer) {
        pass?.end();
        pass = current = undefined;
      }
      pass ??= encoder.beginComputePass(timer && { timestampWrites: timer.writes() });
      const pipeline = command.pipeline.compiled!;
      if (pipeline !== current) pass.setPipeline(pipeline);
      current = pipeline;
      pass.setBindGroup(0, command.data);
      if (command.params >= 0) pass.setBindGroup(1, params, [command.params]);
      pass.dispatchWorkgroups(...command.groups);
    } else {
      pass?.end();
      pass = current = undefined;
      const { from, to, fromOffset, toOffset, bytes } = command;
      encoder.copyBufferToBuffer(from.gpu, fromOffset, to, toOffset, bytes);
    }
  }
  pass?.end();
  timer?.finish(encoder);
}
