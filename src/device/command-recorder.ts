// Collects dispatches and submits them together: one parameter upload, one encoder, one pass, one submit.

import { DeviceLostError, OutOfMemoryError, UsageError, type WgradError } from '../errors.js';
import { roundUp, showBytes } from '../math.js';
import {
  type Batch,
  type Dispatch,
  foldGrid,
  type HostWork,
  type LaunchOptions,
  MAX_DISPATCHES,
  newBatch,
  PARAMS_STEP,
  passOnFailure,
  type RecorderStats,
  uploadLater,
  usedBy,
  writeParams,
} from './batch.js';
import { BindGroupCache, type Binding, boundBytes, withElements } from './bind-groups.js';
import { currentCallSite } from './call-site.js';
import { lostDuring } from './failures.js';
import type { RecorderHost } from './host.js';
import type { Pipeline, Shader } from './pipeline.js';
import { type ElementBytes, type GpuBuffer, requireHere, withoutMemory } from './pool.js';
import type { Profiler } from './profiler.js';
import { StagingBuffers } from './staging.js';
import { SubmitQueue } from './submit-queue.js';

export type BufferName<S extends Shader> = S['buffers'][number]['name'];
export type ParamName<S extends Shader> = Exclude<S['params'][number]['name'], `${string}_base`>;

export class CommandRecorder {
  readonly stats: RecorderStats = { dispatches: 0, submits: 0, bindGroups: 0, inFlight: 0, hostMs: 0 };
  /** Times every dispatch while it is set. */
  profiler: Profiler | undefined;
  private rehearsing = false;
  /** Operations counted by the dry run under way. */
  private dry: { flops: number } | undefined;
  /** Settles when no rehearsal is under way. */
  private rehearsal: Promise<unknown> = Promise.resolve();
  /** Batches of rehearsals under way: their buffers are in use, though nothing is launched. */
  private readonly rehearsed = new Set<Batch>();
  private batch = newBatch();
  private readonly spareParams: DataView<ArrayBuffer>[] = [];
  private readonly queue: SubmitQueue;
  private readonly bindGroups: BindGroupCache;
  /** Where windows start in their bindings, of the launch under way. */
  private readonly bases = new Map<string, number>();
  private readonly staging: StagingBuffers;

  constructor(readonly host: RecorderHost) {
    this.staging = new StagingBuffers(host.pool, host.track);
    this.bindGroups = new BindGroupCache(host, this.stats);
    this.queue = new SubmitQueue(this);
  }

  run<S extends Shader>(
    shader: S,
    buffers: Record<BufferName<S>, Binding>,
    params: Record<ParamName<S>, number>,
    { slots = {}, groups, flops = 0 }: LaunchOptions,
  ): void {
    if (this.dry) {
      this.dry.flops += flops;
      return;
    }
    const start = performance.now();
    const grid = foldGrid(shader.name, groups, this.host.device.limits.maxComputeWorkgroupsPerDimension);
    if (grid[0] * grid[1] * grid[2] === 0) return;
    const pipeline = this.host.pipelines.get(shader, withElements(shader, buffers, slots));
    if (this.batch.paramsUsed === MAX_DISPATCHES * PARAMS_STEP) {
      if (this.rehearsing) this.batch.paramsUsed = 0;
      else void this.flush();
    }
    const bases = this.bases;
    bases.clear();
    const data = this.bindGroups.get(pipeline, buffers, bases, this.batch.touched);
    if (this.host.failures.any) passOnFailure(pipeline, data);
    const offset = writeParams(this.batch, pipeline, params, bases);
    const bytes = this.profiler ? boundBytes(buffers) : 0;
    const callSite = currentCallSite();
    this.batch.commands.push({ pipeline, data, params: offset, groups: grid, callSite, bytes, flops });
    this.stats.dispatches++;
    this.stats.hostMs += performance.now() - start;
  }

  /** Writes host data into a buffer, ordered after all that was recorded before. `offset` in bytes. */
  upload(to: GpuBuffer, data: ArrayBufferView, offset = 0): void {
    if (this.dry || data.byteLength === 0) return; // Deno ends the process over a write of nothing
    this.own(to, 'upload');
    if (this.batch.touched.has(to.root)) void this.flush(); // queue.writeBuffer overtakes what is not submitted
    if (offset === 0 && data.byteLength >= to.bytes) to.failure = undefined;
    this.batch.uploads.push({ to, data, offset });
  }

  /** Writes what the host makes of the first `bytes` of `from` into `to`. The device waits for it with all that is recorded later; the host goes on recording. */
  viaHost(from: GpuBuffer, to: GpuBuffer, bytes: number, make: HostWork): void {
    if (this.dry || this.rehearsing) return;
    const data = make(this.read(from, bytes));
    void this.flush(); // what is to be read does not wait for what is made of it
    uploadLater(this.batch, to, data);
  }

  /** Copies bytes between buffers of the pool. */
  copy(from: GpuBuffer, to: GpuBuffer, bytes: number, fromOffset = 0, toOffset = 0): void {
    if (this.dry) return;
    this.own(from, 'copy');
    this.own(to, 'copy');
    if (from.root === to.root) {
      const between = this.host.pool.acquire(bytes, 'copy', 4); // WebGPU copies from one buffer to another
      this.copy(from, between, bytes, fromOffset, 0);
      this.copy(between, to, bytes, 0, toOffset);
      this.host.pool.release(between);
      return;
    }
    const whole = toOffset === 0 && bytes >= to.bytes;
    to.failure = from.failure ?? (whole ? undefined : to.failure);
    this.batch.touched.add(from.root).add(to.root);
    this.batch.commands.push({ from, to, fromOffset, toOffset, bytes });
  }

  /**
   * The first `bytes` of a buffer as they are after all that was recorded before. `name` is what messages call it.
   * @throws DeviceLostError, or why what was to be read, or anything before it, failed.
   */
  async read(from: GpuBuffer, bytes: number, name = from.label): Promise<ArrayBuffer> {
    const { failures } = this.host;
    const op = `read of ${name}`;
    if (this.dry) throw new UsageError(`${op}: only shapes are known here, nothing is computed`);
    this.own(from, op);
    if (from.failure) failures.told(from.failure);
    failures.check(op);
    if (from.failure) throw from.failure;
    const staging = this.staging.take(bytes);
    const { batch } = this;
    batch.touched.add(from.root);
    batch.commands.push({ from, to: staging, fromOffset: 0, toOffset: 0, bytes: roundUp(bytes, 4) });
    await undefined; // reads asked for in one breath go out in one submit
    if (this.batch === batch) void this.flush();
    await batch.sent; // not for what waits for this very read
    this.throwIfFailed(batch, op);
    const result = await this.staging.readOut(staging, bytes, op).catch(async (error) => {
      await batch.judged;
      this.throwIfFailed(batch, op);
      if (error instanceof OutOfMemoryError) throw error;
      const message = `the device is lost and did not give ${showBytes(bytes)} back; call \`await init()\` to open a new one`;
      const lost = new DeviceLostError(message, { cause: error });
      this.host.giveUp(lost); // so that `init()` opens another at once
      throw lostDuring(op, lost);
    });
    await batch.judged;
    this.throwIfFailed(batch, op);
    return result;
  }

  /** A buffer from the pool; in a dry run without memory behind it. */
  acquire(bytes: number, label: string, elementBytes: ElementBytes): GpuBuffer {
    const { pool } = this.host;
    return this.dry ? withoutMemory(pool, bytes, label, elementBytes) : pool.acquire(bytes, label, elementBytes);
  }

  /**
   * Runs `body` for its shapes alone: nothing is launched, copied or allocated. Tensors made in it must be disposed of when it ends.
   * `flops` gives the operations that its launches have asked for so far.
   */
  dryRun<T>(body: (flops: () => number) => T): T {
    const before = this.dry;
    const counted = { flops: 0 };
    this.dry = counted;
    try {
      return body(() => counted.flops);
    } finally {
      this.dry = before;
    }
  }

  /** Submits what is recorded. The promise settles when it has been submitted: at once, unless a pipeline is still compiling. */
  flush(): Promise<void> {
    if (this.rehearsing) return Promise.resolve(); // rehearsed commands are never submitted
    if (this.batch.commands.length === 0 && this.batch.uploads.length === 0) return this.queue.sent();
    return this.queue.send(this.takeRecorded());
  }

  /**
   * Compiles what `body` would launch, without launching it: what it writes is undefined. Each kernel is then launched once with all
   * parameters zero, which does nothing, because some drivers compile when a kernel first runs. Returns what `body` recorded, for
   * `launch`.
   */
  rehearse(body: () => void, onProgress: (done: number, all: number) => void = () => {}): Promise<Batch> {
    const done = this.compileAndTouch(body, onProgress);
    this.rehearsal = Promise.allSettled([this.rehearsal, done]);
    return done;
  }

  private async compileAndTouch(body: () => void, onProgress: (done: number, all: number) => void): Promise<Batch> {
    await this.throttle(0, 'warmup');
    const recorded = this.record(body);
    const launches = new Map<Pipeline, Dispatch>();
    for (const command of recorded.commands) if ('pipeline' in command) launches.set(command.pipeline, command);
    this.rehearsed.add(recorded);
    try {
      await Promise.all([...launches.keys()].map((pipeline) => pipeline.ready));
      let done = 0;
      for (const launch of launches.values()) {
        onProgress(done++, launches.size);
        if (launch.params < 0) continue; // it has none that could say 'nothing'
        void this.flush(); // others may have recorded meanwhile: their parameters are theirs
        new Uint8Array(this.batch.params.buffer, 0, PARAMS_STEP).fill(0);
        this.batch.commands.push({ ...launch, groups: [1, 1, 1], params: Math.min(launch.params, 0) });
        this.batch.paramsUsed = PARAMS_STEP;
        await this.throttle(0, 'warmup');
      }
      onProgress(done, launches.size);
    } finally {
      this.rehearsed.delete(recorded);
    }
    return recorded;
  }

  /** Launches some of what `rehearse` recorded, whatever its buffers hold by now. */
  launch(recorded: Batch, wanted: (command: Dispatch) => boolean): void {
    const commands = recorded.commands.filter((command) => 'pipeline' in command && wanted(command));
    void this.flush(); // what others recorded meanwhile
    const params = new DataView(recorded.params.buffer.slice(0)); // a batch's own are used again once it is sent
    this.batch = { ...recorded, uploads: [], commands, params };
  }

  /** Waits until at most `ahead` submits are unfinished. Throws what failed; `op` is what waits. */
  async throttle(ahead: number, op = 'sync'): Promise<void> {
    await this.flush();
    await this.queue.settle(ahead);
    this.host.failures.check(op);
  }

  /** Submits what is recorded and forgets cached bind groups, so that free buffers can be destroyed. */
  async beforeTrim(): Promise<void> {
    this.forgetBindGroups();
    await this.flush();
    await this.rehearsal;
  }

  forgetBindGroups(): void {
    this.bindGroups.clear();
  }

  /** The device refused something outside of all submits. */
  failAll(error: WgradError): void {
    this.queue.failAll(error);
  }

  /** Buffers that are recorded and not sent yet, or rehearsed. @internal */
  *recorded(): Iterable<GpuBuffer> {
    for (const batch of [this.batch, ...this.rehearsed]) yield* usedBy(batch);
  }

  /** Takes what is recorded. @internal */
  takeRecorded(): Batch {
    const { batch } = this;
    this.batch = newBatch(this.spareParams.pop());
    return batch;
  }

  /** The batch's parameters are with the device, and their memory can be used again. @internal */
  done(batch: Batch): void {
    this.spareParams.push(batch.params);
  }

  /** What `body` records, apart from everything else. */
  private record(body: () => void): Batch {
    void this.flush(); // others may have recorded while we waited
    this.rehearsing = true;
    try {
      body();
    } catch (error) {
      this.takeRecorded();
      throw error;
    } finally {
      this.rehearsing = false;
    }
    return this.takeRecorded();
  }

  private throwIfFailed(batch: Batch, op: string): void {
    const { failures } = this.host;
    if (failures.lost) throw lostDuring(op, failures.lost);
    if (!batch.error) return;
    failures.told(batch.error);
    throw batch.error;
  }

  private own(buffer: GpuBuffer, op: string): void {
    requireHere(buffer, this.host.pool, op);
  }
}
