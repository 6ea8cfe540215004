import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Probe } from './probe.ts';
import type { Task, WorkerMessage, WorkerOptions, WorkerOrder } from './worker.ts';

export interface WorkerPoolOptions {
  readonly modelPath: string;
  readonly workers: number;
  readonly log: (line: string) => void;
}

/** What became of a task: the response's body, or a status of 400 or 500 with a message. */
export type Outcome =
  | { readonly status: 200; readonly body: Buffer }
  | { readonly status: 400 | 500; readonly message: string };

interface Job {
  readonly task: Task;
  readonly settle: (outcome: Outcome) => void;
}

const cancelled: Outcome = { status: 500, message: 'the request was given up' };

interface Member {
  readonly worker: Worker;
  /** Whether it has loaded the model. */
  ready: boolean;
  /** What it is working on. */
  job: Job | undefined;
}

const workerFile = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/**
 * Threads that each have the model loaded, and a line of tasks in front of them.
 *
 * A run of the model blocks its thread, event loop and all; that is why it never happens on the thread that answers
 * /ping. A thread that dies takes its task with it and is not replaced: what kills a thread here (no memory left, a fault in
 * the runtime) kills the process as a rule, with a limit of the thread's own too (tried: JSON.parse runs past it).
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #members = new Set<Member>();
  readonly #waiting: Job[] = [];
  #closed = false;
  /** Why no worker is left, once that is so. */
  #failure: string | undefined;

  private constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /**
   * Starts the workers and waits until all have loaded the model.
   *
   * @throws Error (from the model's loading) after all workers have ended
   */
  static async start(options: WorkerPoolOptions): Promise<{ pool: WorkerPool; probe: Probe | undefined }> {
    const pool = new WorkerPool(options);
    const starts = Array.from({ length: options.workers }, (_, i) => pool.#launch(i === 0));
    const results = await Promise.allSettled(starts);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      await pool.close();
      throw failed.reason;
    }
    return { pool, probe: results[0]?.status === 'fulfilled' ? results[0].value : undefined };
  }

  /** Why the pool cannot work any more; `undefined` while it can. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /**
   * Has the task done by the next free worker. `task.body` is transferred to it.
   *
   * @param signal gives the task up, so that no worker goes on for a client that has gone
   * @returns never rejects; an aborted task's outcome is a 500 that nobody should be waiting for
   */
  run(task: Task, signal: AbortSignal): Promise<Outcome> {
    return new Promise((settle) => {
      if (this.#failure !== undefined) return settle({ status: 500, message: this.#failure });
      const job = { task, settle };
      this.#waiting.push(job);
      signal.addEventListener('abort', () => this.#cancel(job), { once: true });
      this.#handOut();
    });
  }

  /** Ends the workers; a run of the model that has begun is waited for, since nothing can interrupt it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#fail('the model server is shutting down');
    await Promise.all(
      [...this.#members].map(async ({ worker }) => {
        const exit = once(worker, 'exit');
        order(worker, { kind: 'stop' });
        await exit;
      }),
    );
  }

  #cancel(job: Job): void {
    const index = this.#waiting.indexOf(job);
    if (index >= 0) this.#waiting.splice(index, 1);
    for (const member of this.#members) if (member.job === job) order(member.worker, { kind: 'cancel' });
    job.settle(cancelled);
  }

  /** Starts one worker; resolves with the probe when it has loaded the model. */
  #launch(probe: boolean): Promise<Probe | undefined> {
    const workerData: WorkerOptions = { modelPath: this.#options.modelPath, probe };
    const worker = new Worker(workerFile, { workerData, name: 'onnx' });
    const member: Member = { worker, ready: false, job: undefined };
    this.#members.add(member);
    return new Promise((resolve, reject) => {
      let reason = 'it ended by itself';
      worker.on('error', (error) => {
        reason = error instanceof Error ? error.message : String(error);
      });
      worker.once('exit', () => {
        this.#members.delete(member);
        member.job?.settle({ status: 500, message: `a worker of the model server died: ${reason}` });
        if (!member.ready) reject(new Error(`a worker of the model server died while it loaded the model: ${reason}`));
        else if (!this.#closed) this.#mourn(reason);
      });
      worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'loaded') {
          member.ready = true;
          resolve(message.probe);
        } else if (message.kind === 'failed') {
          reject(new Error(message.message));
        } else {
          const job = member.job;
          member.job = undefined;
          job?.settle(outcomeOf(message));
        }
        this.#handOut();
      });
    });
  }

  /** Goes on with the workers that are left. */
  #mourn(reason: string): void {
    this.#options.log(`a worker died: ${reason}`);
    if (this.#members.size === 0) this.#fail(`the workers of the model server died: ${reason}`);
  }

  #fail(message: string): void {
    this.#failure = message;
    for (const job of this.#waiting.splice(0)) job.settle({ status: 500, message });
  }

  #handOut(): void {
    for (const member of this.#members) {
      if (!member.ready || member.job !== undefined) continue;
      const job = this.#waiting.shift();
      if (job === undefined) return;
      member.job = job;
      order(member.worker, { kind: 'task', task: job.task }, [job.task.body]);
    }
  }
}

function order(worker: Worker, message: WorkerOrder, transfer: ArrayBuffer[] = []): void {
  worker.postMessage(message, transfer);
}

function outcomeOf(message: Extract<WorkerMessage, { kind: 'answer' | 'refusal' }>): Outcome {
  if (message.kind === 'refusal') return { status: message.status, message: message.message };
  return { status: 200, body: Buffer.from(message.body, 0, message.length) };
}
