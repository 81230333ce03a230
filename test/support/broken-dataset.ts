// A data set that cannot give its fifth example, and is shorter in a worker.
import { isMainThread } from 'node:worker_threads';

export const dataset = {
  length: 8,
  get(i: number) {
    if (i === 4) throw new Error('no such row');
    return i;
  },
};

export const shorter = { dataset: { length: isMainThread ? 9 : 8, get: (i: number) => i } };
