import { run, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { ceilDiv } from '../math.js';
import { join as shader } from './sources.gen.js';

/** A buffer of words, how many there are, and how many it takes in what they are joined to: a multiple of 4. */
export interface Piece {
  buffer: GpuBuffer;
  length: number;
  room: number;
}

/** Buffers that a launch reads; with y they are as many as WebGPU guarantees. */
const AT_ONCE = 7;

/** y = all pieces, one behind the other, with zeros behind each in its room. */
export function join(pieces: readonly Piece[], y: GpuBuffer): void {
  let start = 0;
  for (let i = 0; i < pieces.length; i += AT_ONCE) {
    const some = pieces.slice(i, i + AT_ONCE);
    const begins = [0];
    for (const { room } of some) begins.push(begins.at(-1)! + room / 4);
    const count = 4 * begins.at(-1)!;
    const [a, b, c, d, e, f, g] = Array.from({ length: AT_ONCE }, (_, k) => (some[k] ?? some[0]).buffer);
    const length = (k: number) => some[k]?.length ?? 0;
    const begin = (k: number) => begins[k] ?? count / 4;
    const lengths = {
      ...{ length_a: length(0), length_b: length(1), length_c: length(2), length_d: length(3), length_e: length(4) },
      ...{ length_f: length(5), length_g: length(6) },
    };
    const places = {
      ...{ begin_b: begin(1), begin_c: begin(2), begin_d: begin(3), begin_e: begin(4), begin_f: begin(5) },
      ...{ begin_g: begin(6) },
    };
    const buffers = { a, b, c, d, e, f, g, y: view(y, start, count) };
    run(shader, buffers, { count, ...lengths, ...places }, { groups: ceilDiv(count, 256) });
    start += count;
  }
}
