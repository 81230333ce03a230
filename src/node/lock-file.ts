// One process at a time: a file that says who it is, touched while it works.
import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const TOUCH_MS = 5000;
/** A file that nobody touched for so long is left over, whoever made it. */
const LEFT_OVER_MS = 30_000;
const LOOK_MS = 500;

/**
 * Waits until no other process holds the lock; `onWait` is called once if one does. Returns what gives it back. What a killed
 * process left is taken over.
 * @throws Error if the file cannot be written.
 */
export async function lock(path: string, onWait: () => void): Promise<() => void> {
  let waits = false;
  while (!take(path)) {
    if (leftOver(path)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!waits) onWait();
    waits = true;
    await sleep(LOOK_MS);
  }
  const touch = () => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {} // someone took it for left over
  };
  const timer = setInterval(touch, TOUCH_MS).unref();
  return () => {
    clearInterval(timer);
    rmSync(path, { force: true });
  };
}

function take(path: string): boolean {
  try {
    writeFileSync(path, `${process.pid} ${hostname()}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function leftOver(path: string): boolean {
  try {
    if (Date.now() - statSync(path).mtimeMs > LEFT_OVER_MS) return true;
    const [pid, host] = readFileSync(path, 'utf8').split(' ');
    return host === hostname() && !lives(Number(pid));
  } catch {
    return false; // given back in the meantime
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // another user's
  }
}
