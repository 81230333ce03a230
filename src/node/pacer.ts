// Dawn's Node binding polls its instance with `setImmediate` for as long as a device exists, because the
// promise of the device's loss is always pending: a core spins and the process never ends. Dawn looks
// `setImmediate` up on the global object at each call, so we lend it one of our own, only while a call into
// Dawn is on the stack. Polls are then quick while somebody waits, and slow and unreferenced otherwise, so
// that Node may exit with the device still open. What is kept here is the process's: Dawn has one loop for all devices.

const IDLE_POLL_MS = 100;
const EAGER_POLL_MS = 2; // poll without pause this long, then every millisecond: software GPUs need the core

const nodeSetImmediate = globalThis.setImmediate;

/** What Dawn wants to be called: one poll for each of its instances, and every `init()` makes one. */
let polls: (() => void)[] = [];
/** Of the next poll. */
let timer: ReturnType<typeof setTimeout> | undefined;
/** Calls into Dawn that are awaited: while there is one, polls are quick. */
let waiting = 0;
/** When the first of them began. */
let waitingSince = 0;

/** Calls into Dawn with our scheduler in place of the global one. */
function lend<T>(call: () => T): T {
  const own = globalThis.setImmediate;
  globalThis.setImmediate = schedule as unknown as typeof setImmediate;
  try {
    return call();
  } finally {
    globalThis.setImmediate = own;
  }
}

function schedule(callback: () => void): void {
  polls.push(callback);
  arm();
}

function arm(): void {
  if (polls.length === 0) return;
  clearTimeout(timer);
  if (waiting === 0) {
    timer = setTimeout(poll, IDLE_POLL_MS);
    timer.unref();
  } else if (performance.now() - waitingSince < EAGER_POLL_MS) {
    nodeSetImmediate(poll);
  } else {
    timer = setTimeout(poll, 1);
  }
}

/** Lets Dawn settle what has come to pass. */
export function poll(): void {
  const callbacks = polls;
  polls = [];
  for (const callback of callbacks) lend(callback); // Dawn schedules its next poll in here
}

/** Runs a call into Dawn that returns at once. */
export function enter<T>(call: () => T): T {
  return lend(call);
}

/** Runs a call into Dawn whose promise is awaited: the process stays alive and polls quickly until it settles. */
export async function track<T>(call: () => Promise<T>): Promise<T> {
  if (waiting++ === 0) waitingSince = performance.now();
  try {
    const promise = lend(call);
    arm();
    return await promise;
  } finally {
    waiting--;
  }
}
