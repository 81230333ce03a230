// How a bucket's numbers become everyone's sums.
import { read, release, scratch, upload } from '../device/commands.js';
import type { ElementBytes, GpuBuffer } from '../device/pool.js';
import { packHalves, sumHalves, unpackHalves, wordsOfHalves } from '../kernels/halves.js';
import type { World } from './world.js';

/** Sums of a bucket: numbers, or the bits of halves. */
export type Sums = Float32Array | Uint16Array;

/** What gradients travel as, and how they are added up. */
export interface Transport {
  /** Of floats, or of halves that the device has made. */
  readonly elementBytes: ElementBytes;
  /** The sums of a bucket, or this process' part of them: a bucket's begins while others' are under way, at all ranks in the same order. */
  sum(own: ArrayBuffer): Promise<Sums>;
  /** What all need, of what `sum` gave: begins once all buckets' sums have begun, again in order. Undefined where that is it. */
  gather?: (part: Sums) => Promise<Sums>;
}

const halvesOf = (bytes: Uint8Array) => new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);

/** MPI has no halves: they travel as bytes, and each process' device adds its part up. The result are halves, or floats. */
async function partOfHalves(world: World, own: ArrayBuffer, elementBytes: ElementBytes): Promise<ArrayBuffer> {
  const all = await world.allToAll(new Uint8Array(own));
  const count = all.length / 2 / world.size;
  const [halves, sums] = [scratch(all.length / 4, 'gradients of all'), scratch(count, 'sums of gradients')];
  upload(halves, all);
  sumHalves(halves, sums, count, world.size);
  const reading = elementBytes === 2 ? readHalves(sums, count) : read(sums, 4 * count);
  for (const buffer of [halves, sums]) release(buffer);
  return reading;
}

/** `part`: each process gets its share of the sums alone, as floats. */
export function transportOf(world: World, transport: 'f32' | 'f16', part: boolean): Transport {
  if (transport === 'f32') {
    const sum = (own: Float32Array) => (part ? world.reduceScatter(own) : world.allReduce(own));
    return { elementBytes: 4, sum: (own) => sum(new Float32Array(own)) };
  }
  if (part) return { elementBytes: 2, sum: async (own) => new Float32Array(await partOfHalves(world, own, 4)) };
  return {
    elementBytes: 2,
    sum: async (own) => new Uint16Array(await partOfHalves(world, own, 2)),
    gather: async ({ buffer }) => halvesOf(await world.allGather(new Uint8Array(buffer))),
  };
}

/** Floats read back as halves. */
export function readHalves(floats: GpuBuffer, count: number): Promise<ArrayBuffer> {
  const halves = scratch(wordsOfHalves(count), 'halves');
  packHalves(floats, halves, count);
  const reading = read(halves, 2 * count, floats.label);
  release(halves);
  return reading;
}

/** Writes the numbers that an even number of halves stand for. */
export function writeHalves(floats: GpuBuffer, values: Uint16Array): void {
  const halves = scratch(wordsOfHalves(values.length), 'halves');
  upload(halves, values);
  unpackHalves(halves, floats, values.length);
  release(halves);
}
