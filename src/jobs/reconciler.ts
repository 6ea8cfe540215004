import { addProgress, newProgress, type Progress } from '../agent/progress.ts';
import type { JobChange, JobRow, JobStatus } from '../catalog/catalog.ts';
import { type JobEnd, JobRun, type JobRunOptions } from './job-run.ts';

/** Jobs that are looked at in one pass; the next pass takes the next ones. */
const PASS = 100;

export interface ReconcilerOptions extends JobRunOptions {
  /** Instances that run at a time, each of which works for one job. */
  readonly maxInstances: number;
  /** Called after every change of a job's status. */
  readonly onChange: (job: JobRow) => void;
  /** Told what should not happen: that the catalog cannot be read or written. It is tried again. */
  readonly onError: (error: unknown) => void;
}

/** After the catalog has failed, until it is asked again. */
const RETRY_MS = 5000;

/**
 * Makes happen what the catalog says: looks at what is, does the next thing, writes the status once. It remembers nothing but
 * what runs, so a start of the service after a kill is a pass like any other.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #running = new Map<number, JobRun>();
  readonly #ends = new Set<Promise<void>>();
  /** What those have done that do not run any more. */
  readonly #past = newProgress();
  #pass: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Something has changed: a job was created, is to be stopped, or has ended. */
  wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#pass ??= this.#passes().finally(() => {
      this.#pass = undefined;
      if (this.#again) this.wake(); // woken since the last look
    });
  }

  /** Of a job that runs here. */
  progress(id: number): Progress | undefined {
    return this.#running.get(id)?.progress;
  }

  /** Those that run here. */
  *running(): Iterable<{ readonly job: JobRow; readonly progress: Progress }> {
    yield* this.#running.values();
  }

  /** What all jobs have done here since the start, those that run and those that do not any more. */
  totals(): Progress {
    const totals = newProgress();
    addProgress(totals, this.#past);
    for (const { progress } of this.#running.values()) addProgress(totals, progress);
    return totals;
  }

  /** Ends what runs as far as this process is concerned; the next start goes on with it. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#pass;
    for (const run of this.#running.values()) run.interrupt();
    await Promise.all(this.#ends);
  }

  async #passes(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        await this.#stopping();
        await this.#starting();
      } catch (error) {
        this.#later(error);
      }
    }
  }

  #later(error: unknown): void {
    this.#options.onError(error);
    clearTimeout(this.#retry);
    if (!this.#closed) {
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        this.wake();
      }, RETRY_MS).unref();
    }
  }

  async #stopping(): Promise<void> {
    // Those that are ending already must not hide others, which is what a hundred of them would do.
    const told = [...this.#running.values()].filter((run) => run.stopping).map(({ job }) => job.id);
    const jobs = await this.#options.catalog.jobs.oldest('Stopping', told, PASS);
    for (const job of jobs) {
      const run = this.#running.get(job.id);
      if (run !== undefined) run.stop();
      else await this.#change(job, ['Stopping'], { status: 'Stopped', endedAt: this.#options.clock.now() });
    }
    if (jobs.length === PASS) this.#again = true;
  }

  async #starting(): Promise<void> {
    const { catalog, clock, maxInstances } = this.#options;
    const free = maxInstances - this.#running.size;
    if (free <= 0) return;
    for (const job of await catalog.jobs.oldest('InProgress', [...this.#running.keys()], free)) {
      if (this.#closed) return;
      const startedAt = job.startedAt ?? clock.now();
      const started = await this.#change(job, ['InProgress'], { startedAt });
      if (started === undefined) continue; // stopped or removed meanwhile
      const run = new JobRun(started, job.startedAt !== undefined, this.#options);
      this.#running.set(job.id, run);
      const end = this.#run(run).finally(() => {
        this.#ends.delete(end);
        if (this.#retry === undefined) this.wake();
      });
      this.#ends.add(end);
    }
  }

  async #run(run: JobRun): Promise<void> {
    try {
      await this.#finish(run, await run.run());
    } catch (error) {
      // The job stays as it is and is run again: its ledger says what is done.
      this.#later(error);
    } finally {
      this.#running.delete(run.job.id);
      addProgress(this.#past, run.progress);
    }
  }

  async #finish({ job, progress }: JobRun, end: JobEnd): Promise<void> {
    if (end.status === 'Interrupted') return;
    const endedAt = this.#options.clock.now();
    const counts = JSON.stringify(await this.#counts(job, progress));
    // Whoever asked for a stop gets one, also when the last result came at the same moment.
    const stopped = await this.#change(job, ['Stopping'], { status: 'Stopped', endedAt, counts });
    if (stopped !== undefined) return;
    const failureReason = end.status === 'Failed' ? { failureReason: end.failureReason } : {};
    await this.#change(job, ['InProgress'], { status: end.status, endedAt, counts, ...failureReason });
  }

  async #counts(job: JobRow, progress: Progress): Promise<object> {
    const { requests, retries, badRecords } = progress;
    return { ...(await this.#options.catalog.shards.totals(job.id)), requests, retries, badRecords };
  }

  async #change(job: JobRow, from: readonly JobStatus[], change: JobChange): Promise<JobRow | undefined> {
    const { catalog, clock, onChange } = this.#options;
    const changed = await catalog.jobs.change(job.id, from, change, clock.now());
    if (changed !== undefined && change.status !== undefined) onChange(changed);
    return changed;
  }
}
