// Collects dispatches and submits them together: one parameter upload, one encoder, one pass, one submit.
import {
  type Batch,
  type Dispatch,
  encode,
  foldGrid,
  type LaunchOptions,
  MAX_DISPATCHES,
  newBatch,
  PARAMS_STEP,
  type RecorderStats,
  writeParams,
} from './batch.js';
import { BindGroupCache, type Binding, boundBytes, type View } from './bind-groups.js';
import { DeviceError, DeviceLostError, type WgradError } from './errors.js';
import type { RecorderHost } from './host.js';
import { roundUp, showBytes } from './math.js';
import type { Pipeline, Shader, Slots } from './pipeline.js';
import { currentPlace } from './place.js';
import type { GpuBuffer } from './pool.js';
import type { Profiler } from './profiler.js';
import { StagingBuffers } from './staging.js';

export type { RecorderStats } from './batch.js';
export type { Binding, View } from './bind-groups.js';

type BufferName<S extends Shader> = S['buffers'][number]['name'];
type ParamName<S extends Shader> = Exclude<S['params'][number]['name'], `${string}_base`>;

export class Recorder {
  readonly stats: RecorderStats = { dispatches: 0, submits: 0, bindGroups: 0, inFlight: 0, hostMs: 0 };
  /** Times every dispatch while it is set. */
  profiler: Profiler | undefined;
  private rehearsing = false;
  private batch = newBatch();
  private readonly spareParams: DataView<ArrayBuffer>[] = [];
  private readonly paramsBuffer: GPUBuffer;
  private readonly paramsGroup: GPUBindGroup;
  private readonly bindGroups: BindGroupCache;
  /** Where windows start in their bindings, of the launch under way. */
  private readonly bases = new Map<string, number>();
  private readonly staging: StagingBuffers;
  /** The last batch that waits for pipelines; later ones queue up behind it. */
  private waiting: Promise<void> | undefined;
  private finished: Promise<void>[] = [];

  constructor(readonly host: RecorderHost) {
    const { device, pipelines } = host;
    this.staging = new StagingBuffers(device, host.track);
    this.bindGroups = new BindGroupCache(device, pipelines, this.stats);
    this.paramsBuffer = device.createBuffer({
      label: 'params',
      size: MAX_DISPATCHES * PARAMS_STEP,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.paramsGroup = device.createBindGroup({
      label: 'params',
      layout: pipelines.paramsLayout,
      entries: [{ binding: 0, resource: { buffer: this.paramsBuffer, size: PARAMS_STEP } }],
    });
  }

  run<S extends Shader>(
    shader: S,
    buffers: Record<BufferName<S>, Binding>,
    params: Record<ParamName<S>, number>,
    { slots = {}, groups, flops = 0 }: LaunchOptions,
  ): void {
    const start = performance.now();
    const grid = foldGrid(shader.name, groups, this.host.device.limits.maxComputeWorkgroupsPerDimension);
    if (grid[0] * grid[1] * grid[2] === 0) return;
    const pipeline = this.host.pipelines.get(shader, slots);
    if (this.batch.paramsUsed === MAX_DISPATCHES * PARAMS_STEP) {
      if (this.rehearsing) this.batch.paramsUsed = 0;
      else void this.flush();
    }
    const bases = this.bases;
    bases.clear();
    const data = this.bindGroups.get(pipeline, buffers, bases, this.batch.touched);
    const offset = writeParams(this.batch, pipeline, params, bases);
    const bytes = this.profiler ? boundBytes(buffers) : 0;
    this.batch.commands.push({ pipeline, data, params: offset, groups: grid, place: currentPlace(), bytes, flops });
    this.stats.dispatches++;
    this.stats.hostMs += performance.now() - start;
  }

  /** Writes host data into a buffer, ordered after all that was recorded before. `offset` in bytes. */
  upload(to: GpuBuffer, data: ArrayBufferView, offset = 0): void {
    if (this.batch.touched.has(to)) void this.flush(); // queue.writeBuffer overtakes what is not submitted
    this.batch.uploads.push({ to, data, offset });
  }

  /** Copies bytes between buffers of the pool. */
  copy(from: GpuBuffer, to: GpuBuffer, bytes: number, fromOffset = 0, toOffset = 0): void {
    this.batch.touched.add(from).add(to);
    this.batch.commands.push({ from, to: to.gpu, fromOffset, toOffset, bytes });
  }

  /** The first `bytes` of a buffer as they are after all that was recorded before. */
  async read(from: GpuBuffer, bytes: number): Promise<ArrayBuffer> {
    this.host.check();
    const staging = this.staging.take(bytes);
    this.batch.touched.add(from);
    this.batch.commands.push({ from, to: staging, fromOffset: 0, toOffset: 0, bytes: roundUp(bytes, 4) });
    await undefined; // reads asked for in one breath go out in one submit
    await this.flush();
    const result = await this.staging.readOut(staging, bytes).catch((error) => {
      this.host.check();
      throw new DeviceLostError(`read: the device could not give ${showBytes(bytes)} back`, { cause: error });
    });
    this.host.check();
    return result;
  }

  /** Submits what is recorded. The promise settles when it has gone to the device, at once but for compiling. */
  flush(): Promise<void> {
    const batch = this.batch;
    if (this.rehearsing) return Promise.resolve(); // what is rehearsed never reaches the device
    if (batch.commands.length === 0 && batch.uploads.length === 0) return this.waiting ?? Promise.resolve();
    this.batch = newBatch(this.spareParams.pop());
    const compiling = new Set<Pipeline>();
    for (const command of batch.commands) {
      if ('pipeline' in command && !command.pipeline.compiled) compiling.add(command.pipeline);
    }
    if (compiling.size === 0 && !this.waiting) {
      this.submit(batch);
      return Promise.resolve();
    }
    const before = this.waiting;
    const turn = this.submitWhenCompiled(batch, compiling, before).then(() => {
      if (this.waiting === turn) this.waiting = undefined;
    });
    this.waiting = turn;
    return turn;
  }

  /**
   * Compiles what `body` would launch, without launching it: what it writes is undefined. Drivers that compile when a
   * kernel first runs are made to, by a launch that does nothing: all its parameters are zero. Returns what `body` recorded,
   * for `launch`.
   */
  async rehearse(body: () => void, onProgress: (done: number, all: number) => void = () => {}): Promise<Batch> {
    await this.throttle(0);
    const recorded = this.batch;
    this.rehearsing = true;
    try {
      body();
    } finally {
      this.rehearsing = false;
      this.batch = newBatch();
    }
    const launches = new Map<Pipeline, Dispatch>();
    for (const command of recorded.commands) if ('pipeline' in command) launches.set(command.pipeline, command);
    await Promise.all([...launches.keys()].map((pipeline) => pipeline.ready));
    let done = 0;
    for (const launch of launches.values()) {
      onProgress(done++, launches.size);
      new Uint8Array(this.batch.params.buffer, 0, PARAMS_STEP).fill(0);
      this.batch.commands.push({ ...launch, groups: [1, 1, 1], params: Math.min(launch.params, 0) });
      this.batch.paramsUsed = PARAMS_STEP;
      await this.throttle(0);
    }
    onProgress(done, launches.size);
    return recorded;
  }

  /** Launches some of what `rehearse` recorded, on whatever its buffers hold. */
  launch(recorded: Batch, wanted: (command: Dispatch) => boolean): void {
    const commands = recorded.commands.filter((command) => 'pipeline' in command && wanted(command));
    this.batch = { ...recorded, uploads: [], commands };
  }

  /** Waits until at most `ahead` submits are unfinished. */
  async throttle(ahead: number): Promise<void> {
    await this.flush();
    while (this.finished.length > ahead) await this.finished[0];
    this.host.check();
  }

  /** Submits what is recorded and forgets cached bind groups, so that free buffers can be destroyed. */
  beforeTrim(): Promise<void> {
    this.bindGroups.clear();
    return this.flush();
  }

  private async submitWhenCompiled(batch: Batch, compiling: Set<Pipeline>, before?: Promise<void>): Promise<void> {
    await before;
    try {
      await Promise.all([...compiling].map((p) => p.ready));
      this.submit(batch);
    } catch (error) {
      this.host.fail(error as WgradError);
    }
  }

  private submit(batch: Batch): void {
    const { device } = this.host;
    const { queue } = device;
    for (const { to, data, offset } of batch.uploads) {
      queue.writeBuffer(to.gpu, offset, data.buffer, data.byteOffset, data.byteLength);
    }
    const start = performance.now();
    if (batch.paramsUsed > 0) queue.writeBuffer(this.paramsBuffer, 0, batch.params.buffer, 0, batch.paramsUsed);
    if (batch.commands.length > 0) {
      const encoder = device.createCommandEncoder();
      const timer = this.profiler?.batch(batch.commands.filter((command) => 'pipeline' in command));
      encode(encoder, batch.commands, this.paramsGroup, timer);
      queue.submit([encoder.finish()]);
      this.stats.hostMs += performance.now() - start;
      if (timer) this.profiler?.collect(timer);
      this.stats.submits++;
      this.watch();
    }
    this.spareParams.push(batch.params);
  }

  private watch(): void {
    this.stats.inFlight++;
    const done = this.host
      .track(() => this.host.device.queue.onSubmittedWorkDone())
      .catch(() => {}) // a lost device has nothing in flight; its own promise tells
      .then(() => {
        this.stats.inFlight--;
        this.finished.splice(this.finished.indexOf(done), 1);
      });
    this.finished.push(done);
  }
}

let current: Recorder | undefined;

/** The recorder that `run` and its kin use from now on; the runtime sets it. */
export function useRecorder(recorder: Recorder | undefined): void {
  current = recorder;
}

/** The recorder of the open device. */
export function activeRecorder(): Recorder {
  if (!current) throw new DeviceError('no device is open: call `await init()` first');
  return current;
}

/** Records one kernel launch. See src/kernels/README.md. */
export function run<S extends Shader>(
  shader: S,
  buffers: Record<BufferName<S>, Binding>,
  params: Record<ParamName<S>, number>,
  options: LaunchOptions,
): void {
  activeRecorder().run(shader, buffers, params, options);
}

/** Compiles a kernel before it is needed. Rejects with a KernelError that names the line. */
export function compile(shader: Shader, slots: Slots = {}): Promise<void> {
  return activeRecorder().host.pipelines.get(shader, slots).ready;
}

/** A run of a buffer's 4-byte elements. */
export function view(buffer: GpuBuffer, offset: number, length: number): View {
  return { buffer, offset, length };
}

/** A buffer of `elements` 4-byte elements, contents undefined. Give it back with `release`. */
export function scratch(elements: number, label: string): GpuBuffer {
  return activeRecorder().host.pool.acquire(elements * 4, label);
}

/** Gives a buffer back. Safe as soon as the last command that uses it is recorded. */
export function release(buffer: GpuBuffer): void {
  current?.host.pool.release(buffer);
}

/** Writes host data into a buffer. The array must not change until the next flush. */
export function upload(to: GpuBuffer, data: ArrayBufferView, byteOffset = 0): void {
  activeRecorder().upload(to, data, byteOffset);
}

/** Copies the first `bytes` of a buffer to another. */
export function copyBuffer(from: GpuBuffer, to: GpuBuffer, bytes: number): void {
  activeRecorder().copy(from, to, bytes);
}

/** Reads a buffer back. Throws what the device reported since the last read. */
export function read(from: GpuBuffer, bytes: number): Promise<ArrayBuffer> {
  return activeRecorder().read(from, bytes);
}

/** Submits what is recorded, without waiting for it. Reads do so by themselves. */
export function flush(): void {
  void activeRecorder().flush();
}

/** Submits what is recorded, waits until at most `ahead` submits (default 0) are unfinished, and throws as reads do. */
export async function sync(ahead = 0): Promise<void> {
  await activeRecorder().throttle(ahead);
}
