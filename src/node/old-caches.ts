// What earlier forms of the cache left in its folder, which nothing reads any more.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { showBytes } from '../math.js';

/** One file a folder and size, `pictures-KEY.bin`; `.bin.PID` while a process wrote it. */
const OLD = /^pictures-[0-9a-f]{24}\.bin(\.\d+)?$/;

/** Removes them, and tells it in one line. What cannot be removed stays, in silence: it is in nobody's way. */
export function removeOldCaches(directory: string, tell: (notice: string) => void): void {
  let [removed, bytes] = [0, 0];
  for (const name of namesIn(directory)) {
    if (!OLD.test(name)) continue;
    try {
      const { size } = statSync(`${directory}/${name}`);
      rmSync(`${directory}/${name}`);
      removed++;
      bytes += size;
    } catch {} // a folder, or another's
  }
  if (removed === 0) return;
  const files = removed === 1 ? 'a file' : `${removed} files`;
  tell(
    `${directory}: removed ${files} of an earlier form of the cache (${showBytes(bytes)}), which nothing reads any more`,
  );
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // no cache yet
  }
}
