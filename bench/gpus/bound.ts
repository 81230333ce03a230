// What a core can do in a clock, and the share of its peak that a kernel's code leaves.
import type { Mix } from './code.js';
import type { GpuName } from './lab.js';

/** A core (multiprocessor, compute unit, shader processor), per clock. */
export interface Machine {
  /** Lanes that multiply and add; as many lanes take any other instruction. */
  lanes: number;
  /** Multiply-adds of matrix units: of halves, added up in f32. 0 where there are none. */
  matrixAdds: number;
  /** Bytes that workgroup memory hands to registers. */
  workgroupBytes: number;
  /** Bytes from the caches. */
  cacheBytes: number;
  /** Its share of the bytes from memory. */
  memoryBytes: number;
}

/**
 * Matrix units: what `mma` instructions reach of Hopper's 2,048, 63 % (arXiv 2402.13499), and RDNA 3's `v_wmma`. NVIDIA: Hopper or Ada, memory as copied on an H100 (docs/gpus.md). AMD: RX 7900 XTX. Apple: M1. Adreno 740: no figures
 * are published; these are what its rate and its memory's come to.
 */
export const MACHINES: Record<GpuName, Machine> = {
  nvidia: { lanes: 128, matrixAdds: 1290, workgroupBytes: 128, cacheBytes: 64, memoryBytes: 11 },
  amd: { lanes: 128, matrixAdds: 256, workgroupBytes: 128, cacheBytes: 64, memoryBytes: 4.3 },
  apple: { lanes: 128, matrixAdds: 0, workgroupBytes: 128, cacheBytes: 64, memoryBytes: 6.7 },
  adreno: { lanes: 128, matrixAdds: 0, workgroupBytes: 128, cacheBytes: 64, memoryBytes: 8 },
};

export type Limit = 'issue' | 'workgroup memory' | 'caches' | 'multiply-adds' | 'memory';

export interface Bound {
  /** Of multiply-adds' peak for a product, of memory's for all else. */
  of: 'multiply-adds' | 'memory';
  /** At most 1. */
  share: number;
  /** What takes the longest. */
  by: Limit;
  /** Clocks of a core that one step of one thread takes from each. */
  clocks: Record<Limit, number>;
}

/**
 * clocks: issue slots / lanes, bytes / bytes a clock. What is asked for is one of them; share = its clocks / the longest. All
 * lanes' bytes are counted, also those that several read alike. A product's operands come out of caches, anything else's out of
 * memory.
 */
export function boundOf(step: Mix, product: boolean, machine: Machine): Bound {
  const clocks: Record<Limit, number> = {
    'multiply-adds': step.multiplyAdds / machine.lanes + (step.matrixAdds ? step.matrixAdds / machine.matrixAdds : 0),
    issue: step.slots / machine.lanes,
    'workgroup memory': step.workgroupBytes / machine.workgroupBytes,
    caches: step.globalBytes / machine.cacheBytes,
    memory: product ? 0 : step.globalBytes / machine.memoryBytes,
  };
  const of = product ? 'multiply-adds' : 'memory';
  const limits = Object.keys(clocks) as Limit[];
  const by = limits.reduce((a, b) => (clocks[b] > clocks[a] ? b : a), of);
  return { of, share: clocks[by] === 0 ? 1 : clocks[of] / clocks[by], by, clocks };
}
