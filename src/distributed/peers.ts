// The ranks as processes: where they run, and whether they still do.
import { readFileSync } from 'node:fs';

/** A rank's process. */
export type Peer = { readonly rank: number; readonly host: string; readonly pid: number };

/** As messages name it. */
export const nameOf = ({ rank, host, pid }: Peer): string => `rank ${rank} (process ${pid} on ${host})`;

/** How a process of this machine is; 'unknown' where the system does not say. */
export function stateOf(pid: number): 'running' | 'stopped' | 'gone' | 'unknown' {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'gone' : 'unknown';
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const state = stat[stat.lastIndexOf(')') + 2]; // behind the name, which may hold anything
    if ('ZXx'.includes(state)) return 'gone'; // its parent has not noticed yet
    return 'Tt'.includes(state) ? 'stopped' : 'running';
  } catch {
    return 'unknown';
  }
}
