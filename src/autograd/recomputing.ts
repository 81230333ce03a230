/** Whether a piece of the network is being computed again (checkpoint.ts): running statistics were moved the first time. */
export const recomputing = { now: false };
