/** Whether a body of `autocast` runs: ops have no parameter for it, and gradients are computed without. */
export const mixed = { on: false };

/** Runs `body` with mixed precision on or off. */
export function whileMixed<T>(on: boolean, body: () => T): T {
  const before = mixed.on;
  mixed.on = on;
  try {
    return body();
  } finally {
    mixed.on = before;
  }
}
