// What MPI's handles are in each binary interface: pointers to objects of the library in Open MPI, whole numbers in MPICH and all that is
// compatible with it, small numbers as pointers in the standard interface of MPI 5.

/** Element types that travel, by their typed array. */
export type Kind = 'f32' | 'f64' | 'i32' | 'u8';

/** How numbers of several ranks become one. */
export type ReduceOp = 'sum' | 'max' | 'min';

/** One interface: handles, and the few constants that differ. */
export interface Abi {
  /** For messages. */
  name: string;
  /** The C type of a handle as an argument. */
  handle: 'uintptr_t' | 'int';
  world: number | bigint;
  /** Calls give a code in place of ending the process. */
  errorsReturn: number | bigint;
  kinds: Record<Kind, number | bigint>;
  ops: Record<ReduceOp, number | bigint>;
  inPlace: bigint;
  anySource: number;
}

/** MPICH 3 and 4, Intel MPI, MVAPICH, Cray MPICH: mpi.h of the MPICH ABI compatibility initiative. */
export const MPICH: Abi = {
  name: 'MPICH',
  handle: 'int',
  world: 0x44000000,
  errorsReturn: 0x54000001,
  kinds: { f32: 0x4c00040a, f64: 0x4c00080b, i32: 0x4c000405, u8: 0x4c00010d },
  ops: { sum: 0x58000003, max: 0x58000001, min: 0x58000002 },
  inPlace: -1n,
  anySource: -2,
};

/** MPI 5.0, chapter 20. */
export const STANDARD: Abi = {
  name: 'the standard ABI',
  handle: 'uintptr_t',
  world: 0x101,
  errorsReturn: 0x142,
  kinds: { f32: 0x210, f64: 0x214, i32: 0x250, u8: 0x247 },
  ops: { sum: 0x21, max: 0x23, min: 0x22 },
  inPlace: 1n,
  anySource: -1,
};

/** Open MPI's handles are where its objects lie: `address` finds a symbol of the library. */
export function openMpi(address: (symbol: string) => bigint): Abi {
  const at = (name: string) => address(`ompi_mpi_${name}`);
  return {
    name: 'Open MPI',
    handle: 'uintptr_t',
    world: at('comm_world'),
    errorsReturn: at('errors_return'),
    kinds: { f32: at('float'), f64: at('double'), i32: at('int'), u8: at('byte') },
    ops: { sum: at('op_sum'), max: at('op_max'), min: at('op_min') },
    inPlace: 1n,
    anySource: -1,
  };
}
