// How a bucket's numbers become everyone's sums.
import { fromHalves, toHalves } from '../half.js';
import type { World } from './world.js';

/** Everyone's sums of a bucket: all of them, or this process' part. The length is a multiple of the number of processes. */
export type Reduce = (values: Float32Array) => Promise<Float32Array>;

const bytesOf = (halves: Uint16Array): Uint8Array =>
  new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength);
const halvesOf = (bytes: Uint8Array): Uint16Array => new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);

/** This process' part of everyone's sums, of numbers that travel as halves: each process adds its part up, in f32 and in the order of the ranks. */
async function partOfHalves(world: World, values: Float32Array): Promise<Float32Array> {
  const halves = toHalves(values);
  const mine = fromHalves(halvesOf(await world.allToAll(bytesOf(halves))));
  const each = values.length / world.size;
  const sums = mine.slice(0, each);
  for (let rank = 1; rank < world.size; rank++) for (let i = 0; i < each; i++) sums[i] += mine[rank * each + i];
  return sums;
}

/** MPI has no halves: they travel as bytes, and are added up here. */
async function wholeOfHalves(world: World, values: Float32Array): Promise<Float32Array> {
  const sums = toHalves(await partOfHalves(world, values));
  return fromHalves(halvesOf(await world.allGather(bytesOf(sums))));
}

/** `part`: each process gets its share of the sums alone. */
export function reducing(world: World, transport: 'f32' | 'f16', part: boolean): Reduce {
  if (transport === 'f32') return (values) => (part ? world.reduceScatter(values) : world.allReduce(values));
  if (part) return (values) => partOfHalves(world, values);
  let before: Promise<unknown> = Promise.resolve();
  return (values) => {
    const sums = before.then(() => wholeOfHalves(world, values)); // of two calls: the next bucket's may not come between them
    before = sums.catch(() => {});
    return sums;
  };
}
