// A few worker threads, one task at a time each. Idle threads do not keep the process alive; dead ones are replaced.
import { Worker } from 'node:worker_threads';
import { DataError } from '../errors.js';

/** What a worker says: once that it can take tasks, then an answer to each; see worker-service.ts. */
export type Answer<Reply> = { ready: true } | { reply: Reply } | { error: string };

interface Job<Task, Reply> {
  task: Task;
  attemptsLeft: number;
  resolve(reply: Reply): void;
  reject(error: DataError): void;
}

export interface WorkerPoolOptions {
  /** Given to every worker once, as its `workerData`. */
  workerData?: unknown;
  /** How often a task is tried whose thread dies under it. Default 1. */
  attempts?: number;
  /** A task that takes longer ends its thread, in milliseconds; a thread's start does not count. Default: no limit. */
  limitMs?: number;
}

/** Runs tasks on up to `size` threads of one script, first come, first served. Threads start when needed. */
export class WorkerPool<Task, Reply> {
  private readonly waiting: Job<Task, Reply>[] = [];
  private readonly idle: Worker[] = [];
  private readonly busy = new Map<Worker, { job: Job<Task, Reply>; timer?: NodeJS.Timeout }>();
  private closed = false;

  constructor(
    private readonly script: URL,
    private readonly size: number,
    private readonly options: WorkerPoolOptions = {},
  ) {}

  /** The worker's reply. @throws DataError if the task failed, took too long, or its thread died or was closed. */
  run(task: Task): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ task, attemptsLeft: this.options.attempts ?? 1, resolve, reject });
      this.assign();
    });
  }

  /** Ends all threads. Tasks not yet done are rejected. */
  async close(): Promise<void> {
    this.closed = true;
    this.assign();
    const workers = [...this.idle.splice(0), ...this.busy.keys()];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  private assign(): void {
    if (this.closed) for (const { reject } of this.waiting.splice(0)) reject(new DataError('worker threads: closed'));
    while (this.waiting.length > 0) {
      const idle = this.idle.pop();
      const worker = idle ?? (this.busy.size < this.size ? this.start() : undefined);
      if (!worker) return;
      this.busy.set(worker, { job: this.waiting.shift()! });
      if (idle) this.limit(worker);
      worker.ref(); // somebody waits: the process stays
      worker.postMessage(this.busy.get(worker)!.job.task);
    }
  }

  /** From here on the clock runs for a worker's task. */
  private limit(worker: Worker): void {
    const { limitMs } = this.options;
    const entry = this.busy.get(worker);
    if (entry && limitMs) entry.timer = setTimeout(() => this.giveUp(worker, limitMs), limitMs).unref();
  }

  private start(): Worker {
    // Node's own options (--input-type, --eval) are meant for the main script.
    const worker = new Worker(this.script, { workerData: this.options.workerData, execArgv: [] });
    let death = 'it ended';
    worker.on('message', (answer: Answer<Reply>) => {
      if ('ready' in answer) return this.limit(worker);
      const job = this.release(worker);
      if (!job) return; // given up, and ended
      if ('reply' in answer) job.resolve(answer.reply);
      else job.reject(new DataError(answer.error));
      if (this.closed) return; // `close` waits for its end, and the process with it
      this.idle.push(worker);
      worker.unref();
      this.assign();
    });
    worker.on('error', (error) => {
      death = error.message;
    });
    worker.on('exit', () => {
      const place = this.idle.indexOf(worker);
      if (place >= 0) this.idle.splice(place, 1);
      const job = this.release(worker);
      if (job && --job.attemptsLeft > 0 && !this.closed) this.waiting.unshift(job);
      else job?.reject(new DataError(`worker threads: one died at its task (${death})`));
      this.assign();
    });
    return worker;
  }

  private giveUp(worker: Worker, limitMs: number): void {
    this.release(worker)?.reject(new DataError(`worker threads: not done after ${limitMs / 1000} s`));
    void worker.terminate();
  }

  private release(worker: Worker): Job<Task, Reply> | undefined {
    const entry = this.busy.get(worker);
    this.busy.delete(worker);
    clearTimeout(entry?.timer);
    return entry?.job;
  }
}
