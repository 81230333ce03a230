// Samples of shards in any order that goes with reading the shards in sequence: what comes too early is held.
import { DataError } from '../errors.js';
import { type TarSample, tarSamples } from './tar-samples.js';

export interface ShardPart {
  path: string;
  samples: number;
  /** The place of its first sample among all. */
  start: number;
}

export interface ShardSample extends TarSample {
  shard: string;
}

/** Reads shards one after the other, once; those of which nothing is wanted are not opened. */
export class ShardReader {
  private readonly held = new Map<number, ShardSample>();
  private readonly stream: AsyncGenerator<[place: number, sample: ShardSample]>;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(shards: readonly ShardPart[], wanted: Int32Array) {
    const flags = new Uint8Array(shards.reduce((sum, { samples }) => sum + samples, 0));
    for (const place of wanted) flags[place] = 1;
    this.stream = inSequence(shards, flags);
  }

  /** The samples of these places, which are handed out once. Calls are answered in their order. */
  take(places: Int32Array): Promise<ShardSample[]> {
    const taken = this.turn.then(async () => {
      const samples: ShardSample[] = [];
      for (const place of places) samples.push(await this.one(place));
      return samples;
    });
    this.turn = taken.catch(() => {});
    return taken;
  }

  private async one(place: number): Promise<ShardSample> {
    for (;;) {
      const sample = this.held.get(place);
      if (sample) {
        this.held.delete(place);
        return sample;
      }
      const { value, done } = await this.stream.next();
      if (done) throw new DataError(`sample ${place} is in none of the shards`);
      this.held.set(...value);
    }
  }

  /** Reads what is left, when all that is wanted has been taken: the shards must hold what they held. */
  async finish(): Promise<void> {
    for await (const _ of this.stream);
  }

  /** Closes the shard that is open. */
  async close(): Promise<void> {
    await this.stream.return(undefined);
  }
}

async function* inSequence(shards: readonly ShardPart[], wanted: Uint8Array): AsyncGenerator<[number, ShardSample]> {
  for (const { path, samples, start } of shards) {
    if (!wanted.subarray(start, start + samples).includes(1)) continue;
    const isWanted = (place: number) => wanted[start + place] === 1;
    let place = 0;
    for await (const sample of tarSamples(path, isWanted)) {
      if (isWanted(place)) yield [start + place, { ...sample, shard: path }];
      place++;
    }
    if (place !== samples)
      throw new DataError(`${path}: has ${place} samples, it had ${samples} when it was opened; open it again`);
  }
}
