// Which tensors were overwritten since an op ran: a gradient that reads one of them would be wrong. PyTorch compares version
// counters of the tensors that an op declares as saved; here every read during a gradient's computation is checked.

/** Memory that may be written in place. */
export interface Versioned {
  /** The number of the last write, counted over all memory; 0 where there was none. */
  writtenAt: number;
  /** What wrote last, for messages. */
  writtenBy: string;
}

/** A point in a program: how many tensors were made until then, and how many writes in place. */
export interface Moment {
  readonly tensors: number;
  readonly writes: number;
}

/** The next tensor's id. Counted over the program: an id is also the order in which tensors were made. */
let tensors = 1;
/** Writes in place until now, counted over all memory, so that a write and an op can be ordered. */
let writes = 0;
/** When the op ran whose gradient is being computed: reads of tensors are compared with it, wherever they are made. */
let since: Moment | null = null;

/** A tensor's id: increases with every tensor made. */
export function nextTensorId(): number {
  return tensors++;
}

export function thisMoment(): Moment {
  return { tensors, writes };
}

/** Counts a write in place. */
export function countWrite(memory: Versioned, by: string): void {
  memory.writtenAt = ++writes;
  memory.writtenBy = by;
}

/** Runs an op's gradient: what the op could see must be as it was at that moment. */
export function asOf<T>(moment: Moment, gradient: () => T): T {
  const before = since;
  since = moment;
  try {
    return gradient();
  } finally {
    since = before;
  }
}

/** Whether the gradient being computed would read a tensor that was overwritten after its op ran. */
export function isStale(tensorId: number, memory: Versioned): boolean {
  return since !== null && memory.writtenAt > since.writes && tensorId < since.tensors;
}
