// The worker's side of a WorkerPool.
import { parentPort, type TransferListItem } from 'node:worker_threads';
import type { Answer } from './worker-pool.js';

/** Says that it is ready, then answers every task with `work`'s reply, or with its error's message. `transfer` names what the reply gives away. */
export function serve<Task, Reply>(
  work: (task: Task) => Reply | Promise<Reply>,
  transfer: (reply: Reply) => TransferListItem[] = () => [],
): void {
  parentPort?.on('message', async (task: Task) => {
    const answer = async (): Promise<[Answer<Reply>, TransferListItem[]]> => {
      try {
        const reply = await work(task);
        return [{ reply }, transfer(reply)];
      } catch (error) {
        return [{ error: error instanceof Error ? error.message : String(error) }, []];
      }
    };
    parentPort?.postMessage(...(await answer()));
  });
  parentPort?.postMessage({ ready: true } satisfies Answer<Reply>);
}
