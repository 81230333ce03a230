import type { Block } from '../code.js';

/** What a compiler said of one kernel. */
export interface Reading {
  blocks: Block[];
  /** The machine code as the compiler prints it. */
  listing: string;
  registers: number;
  /** Registers that went to memory. */
  spills: number;
  /** Bytes of memory a thread that stand in for registers. */
  scratchBytes: number;
  workgroupBytes: number;
  /** Warps, subgroups, threads or waves that a core has room for. */
  fits: number;
}
