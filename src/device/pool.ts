// GPU buffers by size class. A buffer that is given back may be handed out at once: commands recorded later run later.
// Uploads overtake recorded commands, so `CommandRecorder.upload` flushes first.
import { DeviceLostError, LimitError, OutOfMemoryError, UsageError, type WgradError } from '../errors.js';
import { roundUp, showBytes } from '../math.js';

/** Capacities are multiples of it, and a binding may start at one. */
export const GRANULE = 256;

/** What a kernel's elements of a buffer take: words, or halves. */
export type ElementBytes = 2 | 4;

/** Counted over all devices: an id never names two buffers. */
let nextId = 1;

/** A pooled GPUBuffer, or a part of one. `bytes` is what was asked for, `capacity` what lies behind it. */
export class GpuBuffer {
  /** No other buffer's, whichever device it belongs to. */
  readonly id = nextId++;
  bytes = 0;
  /** What has the memory: itself, or the buffer that it is a part of, in which it begins at byte `base`. */
  root: GpuBuffer = this;
  base = 0;
  /** Parts by where they begin. Each holds the buffer: it goes back to the pool when all of them and its owner released it. */
  parts: Map<number, GpuBuffer> | undefined;
  holders = 0;
  /** Views of it count such elements. */
  elementBytes: ElementBytes = 4;
  label = '';
  /** Set if its contents are invalid: the error of the command that should have written it. */
  failure: WgradError | undefined;
  /** Replaced if there was no memory for it at first. */
  gpu!: GPUBuffer;
  /** Pending until the device reports whether it has the memory; undefined once it has. */
  granted: Promise<boolean> | undefined;
  /** The second attempt to allocate it failed too. */
  missing = false;
  constructor(
    readonly pool: BufferPool,
    readonly usage: GPUBufferUsageFlags,
    readonly capacity: number,
  ) {}
}

/** What the pool holds, in bytes, and how many buffers it ever made. */
export interface PoolStats {
  /** Handed out. */
  liveBytes: number;
  /** Kept for reuse. */
  freeBytes: number;
  /** The most that was handed out at once. */
  peakBytes: number;
  /** Buffers handed out. */
  liveBuffers: number;
  /** Buffers ever made. */
  created: number;
}

/** Who holds memory: buffers of one label. */
export interface Holder {
  /** The op that they were made by, such as 'conv2d' or 'conv2d dx'. */
  label: string;
  /** Bytes handed out to it. */
  bytes: number;
  /** Buffers handed out to it. */
  buffers: number;
}

export interface PoolHost {
  device: GPUDevice;
  /** Awaits a call into WebGPU. */
  track<T>(call: () => Promise<T>): Promise<T>;
  /** Called before free buffers are destroyed; settles when recorded work that uses them has been submitted. */
  beforeTrim(): Promise<void>;
  /** Drops cached bind groups, which may name buffers that are destroyed. */
  forgetBindGroups(): void;
}

export class BufferPool {
  /**
   * By size class, the oldest last, which is handed out first. In the order of their return, steps of a training loop would
   * use them in ever new combinations, and each needs a bind group.
   */
  private readonly free = new Map<number, GpuBuffer[]>();
  private readonly live = new Set<GpuBuffer>();
  /** Buffers whose allocation the device has not confirmed yet. */
  private readonly unsure = new Set<GpuBuffer>();
  private created = 0;
  private liveBytes = 0;
  private freeBytes = 0;
  private peakBytes = 0;
  /** Set when the device is gone, and with it every buffer. */
  lost: DeviceLostError | undefined;

  constructor(
    private readonly host: PoolHost,
    private readonly maxBufferBytes: number,
    /** Free buffers above this total are destroyed when new ones are made. */
    private readonly freeCap: number,
  ) {}

  /** A buffer of at least `bytes`, its contents undefined. */
  acquire(bytes: number, label: string, elementBytes: ElementBytes): GpuBuffer {
    if (bytes > this.maxBufferBytes) {
      throw new LimitError(
        `${label}: needs a buffer of ${showBytes(bytes)}; this device's largest is ${showBytes(this.maxBufferBytes)}`,
      );
    }
    const capacity = Math.min(sizeClass(bytes), roundUp(this.maxBufferBytes, 4));
    const reused = this.free.get(capacity)?.pop();
    if (reused) this.freeBytes -= capacity;
    else if (this.freeBytes > this.freeCap) this.trim();
    const buffer = reused ?? this.make(capacity, label, storageUsage());
    if (!reused) this.created++;
    buffer.failure = undefined;
    buffer.parts = undefined;
    buffer.holders = 1;
    buffer.bytes = bytes;
    buffer.elementBytes = elementBytes;
    buffer.label = label;
    this.live.add(buffer);
    this.liveBytes += capacity;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    return buffer;
  }

  release(buffer: GpuBuffer): void {
    const { root, base } = buffer;
    if (root !== buffer) {
      if (root.parts?.get(base) === buffer && root.parts.delete(base)) this.release(root);
      return;
    }
    if (!this.live.has(buffer) || --buffer.holders > 0) return;
    this.live.delete(buffer);
    this.liveBytes -= buffer.capacity;
    if (this.lost) return;
    if (buffer.missing) {
      this.unsure.delete(buffer);
      return;
    }
    this.freeBytes += buffer.capacity;
    const list = this.free.get(buffer.capacity) ?? [];
    this.free.set(buffer.capacity, list);
    const older = list.findLastIndex((other) => other.id > buffer.id);
    list.splice(older + 1, 0, buffer);
  }

  /** Destroys the buffers that nobody holds. */
  trim(): void {
    if (this.freeBytes === 0) return;
    const doomed = [...this.free.values()].flat();
    this.free.clear();
    this.freeBytes = 0;
    void this.host.beforeTrim().then(() => {
      for (const buffer of doomed) buffer.gpu.destroy();
    });
  }

  stats(): PoolStats {
    const { liveBytes, freeBytes, peakBytes, created } = this;
    return { liveBytes, freeBytes, peakBytes, liveBuffers: this.live.size, created };
  }

  /** Live bytes by label, largest first: who holds the memory. */
  holders(): Holder[] {
    const byLabel = new Map<string, Holder>();
    for (const { label, capacity } of this.live) {
      const entry = byLabel.get(label) ?? { label, bytes: 0, buffers: 0 };
      entry.bytes += capacity;
      entry.buffers++;
      byLabel.set(label, entry);
    }
    return [...byLabel.values()].sort((a, b) => b.bytes - a.bytes);
  }

  /** A buffer that is not counted, such as one to read back with. */
  make(capacity: number, label: string, usage: GPUBufferUsageFlags): GpuBuffer {
    const buffer = new GpuBuffer(this, usage, capacity);
    buffer.label = label;
    this.allocate(buffer);
    return buffer;
  }

  /** Whether the device has confirmed every allocation. */
  get certain(): boolean {
    return this.unsure.size === 0;
  }

  /**
   * Waits until the device has confirmed the allocation of `used`. What failed is tried once more, after all free buffers
   * were destroyed, except those that work still to be sent needs.
   * @throws OutOfMemoryError
   */
  async ensure(used: ReadonlySet<GpuBuffer>, needed: () => ReadonlySet<GpuBuffer>): Promise<void> {
    let missing = await this.missing(used);
    if (missing.length === 0) return;
    this.destroyFree(needed());
    const { device, track } = this.host;
    await track(() => device.queue.onSubmittedWorkDone()).catch(() => {}); // until then destroyed buffers take room
    for (const buffer of missing) this.allocate(buffer);
    missing = await this.missing(used);
    for (const buffer of missing) this.giveUp(buffer);
    if (missing.length > 0) throw this.outOfMemory(missing[0]);
  }

  /** Marks the contents of all live buffers as invalid. */
  failAll(error: WgradError): void {
    for (const buffer of this.live) for (const part of buffer.parts?.values() ?? [buffer]) part.failure ??= error;
  }

  private async missing(used: ReadonlySet<GpuBuffer>): Promise<GpuBuffer[]> {
    const asked = [...used].filter((buffer) => buffer.granted);
    const granted = await Promise.all(asked.map((buffer) => buffer.granted));
    return asked.filter((_, i) => !granted[i]);
  }

  private allocate(buffer: GpuBuffer): void {
    const { device, track } = this.host;
    device.pushErrorScope('out-of-memory');
    buffer.gpu = device.createBuffer({ label: buffer.label, size: buffer.capacity, usage: buffer.usage });
    buffer.missing = false;
    this.unsure.add(buffer);
    buffer.granted = track(() => device.popErrorScope())
      .catch(() => null) // the device was lost: its own promise tells
      .then((error) => {
        if (error) return false;
        this.unsure.delete(buffer);
        buffer.granted = undefined;
        return true;
      });
  }

  /** A buffer that could not be allocated is not handed out again. Writing it tries the allocation again. */
  private giveUp(buffer: GpuBuffer): void {
    buffer.missing = true;
    if (this.live.has(buffer)) return;
    this.unsure.delete(buffer);
    const list = this.free.get(buffer.capacity) ?? [];
    const index = list.indexOf(buffer);
    if (index < 0) return;
    list.splice(index, 1);
    this.freeBytes -= buffer.capacity;
  }

  private destroyFree(needed: ReadonlySet<GpuBuffer>): void {
    this.host.forgetBindGroups();
    for (const [capacity, list] of this.free) {
      const kept = list.filter((buffer) => needed.has(buffer));
      for (const buffer of list) if (!needed.has(buffer)) buffer.gpu.destroy();
      this.free.set(capacity, kept);
      this.freeBytes -= capacity * (list.length - kept.length);
    }
  }

  private outOfMemory({ label, capacity }: GpuBuffer): OutOfMemoryError {
    const holders = this.holders()
      .slice(0, 5)
      .map((h) => `${h.label} ${showBytes(h.bytes)} in ${h.buffers}`)
      .join(', ');
    return new OutOfMemoryError(
      `${label}: no memory for ${showBytes(capacity)}, nor after all free memory was given back; ` +
        `${showBytes(this.liveBytes)} are live (${holders}); use a smaller batch, or dispose of what is not needed`,
    );
  }
}

/** @throws DeviceLostError for a buffer of another device, UsageError for one that has no memory. */
export function requireHere(buffer: GpuBuffer, pool: BufferPool, op: string): void {
  if (buffer.pool !== pool) {
    const { lost } = buffer.pool;
    throw new DeviceLostError(
      `${op}: '${buffer.label}' was made on a device that is gone; make it again on the one that is open now`,
      { cause: lost },
    );
  }
  if (buffer.root.gpu) return;
  throw new UsageError(`${op}: '${buffer.label}' was made while only shapes were followed (summary); make it before`);
}

/** A buffer for a dry run: it has a size and nothing else. */
export function withoutMemory(pool: BufferPool, bytes: number, label: string, elementBytes: ElementBytes): GpuBuffer {
  return Object.assign(new GpuBuffer(pool, storageUsage(), sizeClass(bytes)), { bytes, label, elementBytes });
}

/** What kernels bind. Not a constant: in Node the flags are there once Dawn is loaded. */
function storageUsage(): GPUBufferUsageFlags {
  return GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
}

/** Four classes an octave, so that at most a fifth is wasted; whole MiB above 64 MiB. */
function sizeClass(bytes: number): number {
  if (bytes <= GRANULE) return GRANULE;
  if (bytes > 64 * 2 ** 20) return roundUp(bytes, 2 ** 20);
  const octave = 2 ** Math.floor(Math.log2(bytes));
  return roundUp(roundUp(bytes, octave / 4), GRANULE);
}
