// Submits batches in the order they were recorded, each when its pipelines are compiled, its buffers allocated and its uploads there, and
// collects the device's errors.

import { DeviceError, WgradError } from '../errors.js';
import { type Batch, encode, MAX_DISPATCHES, PARAMS_STEP, usedBy, writtenBy } from './batch.js';
import type { RecorderHost } from './host.js';
import type { Pipeline } from './pipeline.js';
import type { GpuBuffer } from './pool.js';
import type { Profiler } from './profiler.js';
import { refusal } from './refusal.js';

const SCOPES = ['internal', 'out-of-memory', 'validation'] as const;

/** Where batches come from: the recorder. */
interface BatchSource {
  readonly host: RecorderHost;
  readonly stats: { submits: number; inFlight: number; hostMs: number };
  readonly profiler: Profiler | undefined;
  /** Buffers that are recorded and not sent yet. */
  recorded(): Iterable<GpuBuffer>;
  /** Takes what is recorded and not sent yet: a batch before it failed. */
  takeRecorded(): Batch;
  /** The batch's parameters are with the device. */
  done(batch: Batch): void;
}

export class SubmitQueue {
  /** The last batch that waits for pipelines or buffers; later ones queue up behind it. */
  private waiting: Promise<void> | undefined;
  /** Queued or sent, and not judged yet; the oldest first. */
  private readonly open = new Set<Batch>();
  /** When all that was sent is judged, in the order it was sent. */
  private judged = Promise.resolve();
  private finished: Promise<void>[] = [];
  private readonly host: RecorderHost;

  /** Where the parameters of a batch are uploaded to, and what binds them. */
  private readonly params: { buffer: GPUBuffer; group: GPUBindGroup };

  constructor(private readonly recorder: BatchSource) {
    this.host = recorder.host;
    this.params = paramsOf(this.host);
  }

  /** Settles when all that was handed over has been sent. */
  sent(): Promise<void> {
    return this.waiting ?? Promise.resolve();
  }

  /** Sends a batch, at once unless something that it needs is not there yet. */
  send(batch: Batch): Promise<void> {
    this.open.add(batch);
    const compiling = new Set<Pipeline>();
    for (const command of batch.commands) {
      if ('pipeline' in command && !command.pipeline.compiled) compiling.add(command.pipeline);
    }
    if (compiling.size === 0 && batch.awaits.length === 0 && !this.waiting && this.host.pool.certain) {
      this.submit(batch);
      batch.sent = Promise.resolve();
      return batch.sent;
    }
    const turn = this.sendWhenReady(batch, compiling, this.waiting).then(() => {
      if (this.waiting === turn) this.waiting = undefined;
    });
    this.waiting = batch.sent = turn;
    return turn;
  }

  /** Waits until at most `ahead` submits are unfinished. */
  async settle(ahead: number): Promise<void> {
    await this.sent();
    while (this.finished.length > ahead) await this.finished[0];
  }

  /** The device refused a command, and it is unknown which results are affected: all are marked invalid. */
  failAll(error: WgradError): void {
    this.host.failures.note(error);
    for (const batch of [...this.open, this.recorder.takeRecorded()]) batch.error ??= error;
    this.host.pool.failAll(error);
  }

  private async sendWhenReady(batch: Batch, compiling: Set<Pipeline>, before?: Promise<void>): Promise<void> {
    await before;
    try {
      await Promise.all([...batch.awaits, ...[...compiling].map((p) => p.ready)]);
      await this.host.pool.ensure(usedBy(batch), () => this.needed());
    } catch (error) {
      this.fail(batch, error);
    }
    if (batch.error || this.host.failures.lost) this.open.delete(batch);
    else this.submit(batch);
  }

  /** Buffers that work still to be sent uses. */
  private needed(): Set<GpuBuffer> {
    const needed = new Set(this.recorder.recorded());
    for (const batch of this.open) for (const buffer of usedBy(batch)) needed.add(buffer);
    return needed;
  }

  /** Marks what a failed batch should have written as invalid. Batches recorded since may have read that, and fail too. */
  private fail(batch: Batch, thrown: unknown): void {
    const error = thrown instanceof WgradError ? thrown : new DeviceError(`submit: ${thrown}`, { cause: thrown });
    this.host.failures.note(error);
    const all = [...this.open, this.recorder.takeRecorded()];
    for (const failed of all.slice(Math.max(all.indexOf(batch), 0))) {
      if (failed.error) continue;
      failed.error = error;
      for (const buffer of writtenBy(failed)) buffer.failure ??= error;
    }
  }

  private submit(batch: Batch): void {
    const { device, track } = this.host;
    for (const scope of SCOPES) device.pushErrorScope(scope);
    let thrown: unknown;
    try {
      this.encodeAndSubmit(batch);
    } catch (error) {
      thrown = error;
    }
    const scopes = SCOPES.map(() => track(() => device.popErrorScope()).catch(() => null)); // null: the device is lost
    const before = this.judged;
    batch.judged = this.judged = Promise.all(scopes).then(async ([validation, memory, internal]) => {
      await before;
      const error = memory ?? validation ?? internal;
      const { group } = this.params;
      if (error) {
        const plain = () => new DeviceError(`submit: the device refused it: ${error.message}`);
        thrown = await track(() => refusal(device, batch, group, error, error === memory)).catch(plain);
      }
      if (thrown) this.fail(batch, thrown);
      this.open.delete(batch);
    });
    if (batch.commands.length > 0) this.watch(batch.judged);
    this.recorder.done(batch);
  }

  private encodeAndSubmit(batch: Batch): void {
    const { device } = this.host;
    const { queue } = device;
    for (const { to, data, offset } of batch.uploads) {
      queue.writeBuffer(to.root.gpu, to.base + offset, data.buffer, data.byteOffset, data.byteLength);
    }
    const start = performance.now();
    if (batch.paramsUsed > 0) queue.writeBuffer(this.params.buffer, 0, batch.params.buffer, 0, batch.paramsUsed);
    if (batch.commands.length === 0) return;
    const encoder = device.createCommandEncoder();
    const { profiler } = this.recorder;
    const timer = profiler?.batch(batch.commands.filter((command) => 'pipeline' in command));
    encode(device, encoder, batch.commands, this.params.group, timer);
    queue.submit([encoder.finish()]);
    this.recorder.stats.hostMs += performance.now() - start;
    if (timer) profiler?.collect(timer);
    this.recorder.stats.submits++;
  }

  private watch(judged: Promise<void>): void {
    this.recorder.stats.inFlight++;
    const done = this.host
      .track(() => this.host.device.queue.onSubmittedWorkDone())
      .catch(() => {}) // a lost device has nothing in flight; its own promise tells
      .then(() => judged)
      .then(() => {
        this.recorder.stats.inFlight--;
        this.finished.splice(this.finished.indexOf(done), 1);
      });
    this.finished.push(done);
  }
}

function paramsOf({ device, pipelines }: RecorderHost): { buffer: GPUBuffer; group: GPUBindGroup } {
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ label: 'params', size: MAX_DISPATCHES * PARAMS_STEP, usage });
  const entries = [{ binding: 0, resource: { buffer, size: PARAMS_STEP } }];
  return { buffer, group: device.createBindGroup({ label: 'params', layout: pipelines.paramsLayout, entries }) };
}
