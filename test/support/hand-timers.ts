// Timers that run out when a test says so, and not by the clock.

/** While it is open, timers and intervals of exactly `ms` run out by hand, all others by the clock. Close it with `using`. */
export function handTimers(ms: number): HandTimers {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  const armed = new Map<unknown, () => void>();
  const arm =
    (own: typeof setTimeout, repeats: boolean) =>
    (body: () => void, after?: number, ...rest: unknown[]): unknown => {
      if (after !== ms) return own(body, after, ...rest);
      const timer = { unref: () => timer };
      armed.set(timer, () => {
        if (!repeats) armed.delete(timer);
        body();
      });
      return timer;
    };
  const clear = (own: typeof clearTimeout) => (timer: Parameters<typeof own>[0]) => {
    if (!armed.delete(timer)) own(timer);
  };
  Object.assign(globalThis, {
    setTimeout: arm(setTimeout, false),
    setInterval: arm(setInterval as typeof setTimeout, true),
    clearTimeout: clear(clearTimeout),
    clearInterval: clear(clearInterval),
  });
  return {
    get armed() {
      return armed.size;
    },
    runOut(times = 1) {
      for (let time = 0; time < times; time++) for (const [, end] of [...armed]) end();
    },
    [Symbol.dispose]: () => void Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval }),
  };
}

export interface HandTimers extends Disposable {
  /** How many run. */
  readonly armed: number;
  /** So many times `ms` pass. */
  runOut(times?: number): void;
}
