// What the first batch tells before anything is computed: in which order gradients come, and how many streams of random numbers a batch takes.
import { unwatched, withLeafHook } from '../autograd/tape.js';
import { activeRecorder } from '../device/commands.js';
import { scope } from '../tensor/scope.js';
import { rngState, setRngState } from '../tensor/seed.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Pass } from '../train/team.js';
import type { Meeting } from './meeting.js';
import type { Midway } from './midway.js';

/** The same in all processes. */
export type Plan = {
  /** Places of parameters, in the order in which backward has their gradients; those without one are left out. */
  readonly order: readonly number[];
  /** Random ops in a batch. */
  readonly streams: number;
  /** What a batch exchanges with other processes' on its way, in its order. */
  readonly meetings: readonly Meeting[];
};

/** Goes through a batch for its shapes alone: nothing is computed, and gradients and random numbers stay as they were. */
export function planOf(params: readonly Tensor[], pass: Pass, midway: Midway): Plan {
  const before = rngState();
  const order: number[] = [];
  const backward = (loss: Tensor) =>
    withLeafHook(
      (leaf) => void order.push(params.indexOf(leaf)),
      () => loss.backward(),
    );
  const gradients = params.map((p) => p.grad);
  const go = () => void pass({ fresh: false, count: false, backward }).loss.catch(() => {}); // a loss that is not computed
  using _plan = scope(); // holds them meanwhile
  for (const p of params) p.grad = null;
  try {
    const meetings = activeRecorder().dryRun(() => unwatched(() => midway.noted(go)));
    const streams = rngState().stream - before.stream;
    return { order: order.filter((place) => place >= 0), streams, meetings };
  } finally {
    params.forEach((p, i) => {
      p.grad?.dispose();
      p.grad = gradients[i];
    });
    setRngState(before);
  }
}
