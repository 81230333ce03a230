// GPU buffers by size class. A buffer that is given back may be handed out at once: commands recorded later run
// later, so nobody waits. Only uploads jump the queue; recorder.ts guards against that.
import { LimitError, OutOfMemoryError } from './errors.js';
import { roundUp, showBytes } from './math.js';

const GRANULE = 256;

/** A pooled GPUBuffer. `bytes` is what was asked for, `capacity` what lies behind it. */
export class GpuBuffer {
  bytes = 0;
  label = '';
  constructor(
    readonly id: number,
    readonly gpu: GPUBuffer,
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
  /** Called with an error that the device reported late. */
  fail(error: Error): void;
  /** Awaits a call into WebGPU. */
  track<T>(call: () => Promise<T>): Promise<T>;
  /** Called before free buffers are destroyed; settles when recorded work that uses them has been submitted. */
  beforeTrim(): Promise<void>;
}

export class BufferPool {
  /**
   * By size class, the oldest last, which is handed out first. In the order of their return, steps of a training loop would
   * use them in ever new combinations, and each needs a bind group.
   */
  private readonly free = new Map<number, GpuBuffer[]>();
  private readonly live = new Set<GpuBuffer>();
  private nextId = 1;
  private created = 0;
  private liveBytes = 0;
  private freeBytes = 0;
  private peakBytes = 0;

  constructor(
    private readonly host: PoolHost,
    private readonly maxBufferBytes: number,
    /** Free buffers above this total are destroyed when new ones are made. */
    private readonly freeCap: number,
  ) {}

  /** A buffer of at least `bytes`, its contents undefined. */
  acquire(bytes: number, label: string): GpuBuffer {
    if (bytes > this.maxBufferBytes) {
      throw new LimitError(
        `${label}: needs a buffer of ${showBytes(bytes)}; this device's largest is ${showBytes(this.maxBufferBytes)}`,
      );
    }
    const capacity = Math.min(sizeClass(bytes), roundUp(this.maxBufferBytes, 4));
    const reused = this.free.get(capacity)?.pop();
    if (reused) this.freeBytes -= capacity;
    else if (this.freeBytes > this.freeCap) this.trim();
    const buffer = reused ?? this.create(capacity, label);
    buffer.bytes = bytes;
    buffer.label = label;
    this.live.add(buffer);
    this.liveBytes += capacity;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    return buffer;
  }

  release(buffer: GpuBuffer): void {
    if (!this.live.delete(buffer)) return;
    this.liveBytes -= buffer.capacity;
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

  private create(capacity: number, label: string): GpuBuffer {
    const { device } = this.host;
    device.pushErrorScope('out-of-memory');
    const gpu = device.createBuffer({
      label,
      size: capacity,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.host
      .track(() => device.popErrorScope())
      .then(
        (error) => {
          if (error) this.host.fail(this.outOfMemory(capacity, label));
        },
        () => {}, // the device was lost: reported by its own promise
      );
    this.created++;
    return new GpuBuffer(this.nextId++, gpu, capacity);
  }

  private outOfMemory(capacity: number, label: string): OutOfMemoryError {
    const holders = this.holders()
      .slice(0, 5)
      .map((h) => `${h.label} ${showBytes(h.bytes)} in ${h.buffers}`)
      .join(', ');
    this.trim();
    return new OutOfMemoryError(
      `${label}: no memory for ${showBytes(capacity)}; ${showBytes(this.liveBytes)} are live (${holders})`,
    );
  }
}

/** Four classes an octave, so that at most a fifth is wasted; whole MiB above 64 MiB. */
function sizeClass(bytes: number): number {
  if (bytes <= GRANULE) return GRANULE;
  if (bytes > 64 * 2 ** 20) return roundUp(bytes, 2 ** 20);
  const octave = 2 ** Math.floor(Math.log2(bytes));
  return roundUp(roundUp(bytes, octave / 4), GRANULE);
}
