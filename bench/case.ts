import { scratch, upload } from '../src/device/commands.js';
import type { GpuBuffer } from '../src/device/pool.js';
import { toHalves } from '../src/half.js';

/** Something to time. */
export interface Case {
  group: string;
  name: string;
  /** Floating-point operations of one run, a multiply-add counted as two. */
  flops?: number;
  /** Bytes that one run must move at least. */
  bytes?: number;
  /** Images of one run. */
  images?: number;
  /** By the wall clock, host included. */
  wall?: boolean;
  rounds?: number;
  /** Throws if the answer is wrong. */
  check(): Promise<void>;
  prepare(): Promise<Prepared> | Prepared;
  /** The same work for the peers; bench/peers/README.md lists the kinds. */
  peer?: PeerJob;
}

export interface Prepared {
  /** One run. Unless `wall` is set it records launches and submits nothing. */
  run(): void | Promise<void>;
  release(): void | Promise<void>;
}

export interface PeerJob {
  kind: string;
  [field: string]: string | number | boolean;
}

let shapesAlone = false;

/** From here on `numbers` gives zeros: for who asks what cases launch, and runs nothing. */
export function withoutNumbers(): void {
  shapesAlone = true;
}

/** Numbers in [-1, 1), the same at every run. */
export function numbers(count: number, seed: number): Float32Array {
  const values = new Float32Array(count);
  if (shapesAlone) return values;
  let state = seed;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 2 ** 31 - 1;
  }
  return values;
}

/** A buffer with such numbers, of f32 or of f16. */
export function filled(count: number, seed: number, elementBytes: 2 | 4 = 4): GpuBuffer {
  const buffer = scratch(count, 'bench', elementBytes);
  const values = numbers(count, seed);
  upload(buffer, elementBytes === 4 ? values : toHalves(values, count + (count % 2)));
  return buffer;
}

/** Throws unless two answers agree to within rounding, relative to the largest value. */
export function mustAgree(actual: ArrayLike<number>, expected: ArrayLike<number>, within = 1e-4): void {
  let [worst, scale] = [0, 1e-30];
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(worst, error);
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  if (!(worst / scale <= within)) throw new Error(`off by ${(worst / scale).toExponential(1)} of the largest value`);
}
