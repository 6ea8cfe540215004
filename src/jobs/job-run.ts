import { createHash, randomBytes } from 'node:crypto';
import type { AgentReport } from '../agent/agent.ts';
import { newProgress, type Progress } from '../agent/progress.ts';
import type { Catalog, JobRow, ShardOutcome, ShardTotals } from '../catalog/catalog.ts';
import type { Clock } from '../core/clock.ts';
import { asMillraceError, MillraceError } from '../core/errors.ts';
import { allFromCatalog, CatalogFailure, fromCatalog } from './catalog-failure.ts';
import type { ContainerSource, PreparedContainer } from './container-source.ts';
import { noDefaults } from './content-defaults.ts';
import { writeDataCapture } from './data-capture.ts';
import { jobFailureReason, objectsFailureReason } from './failure-reason.ts';
import type { ContainerDefinition, JobDefinition } from './job-definition.ts';
import type { JobLog, JobLogs } from './job-logs.ts';
import { type JobPlaces, type JobStores, jobPlaces, sweepOutputs } from './job-places.ts';
import { type JobWishes, storedWishes } from './job-wishes.ts';
import { inMemberNames } from './member-names.ts';
import type { Plan, PlannedObject } from './planner.ts';
import { serverVariables } from './server-variables.ts';
import { ShardLedger } from './shard-ledger.ts';
import { type JobContainer, runTransformJob } from './transform-job.ts';
import { transformSpec } from './transform-spec.ts';

/** Failed objects that a failure reason may name. */
const FAILURES_NAMED = 4;

export interface JobRunOptions {
  readonly catalog: Catalog;
  readonly stores: JobStores;
  readonly containers: ContainerSource;
  readonly logs: JobLogs;
  readonly clock: Clock;
  readonly startupTimeoutMs: number;
  /** Between a wish that the job ends and the end of requests in flight. */
  readonly drainMs: number;
}

/** How a job's life in this process ended. */
export type JobEnd =
  | { readonly status: 'Completed' | 'Stopped' }
  | { readonly status: 'Failed'; readonly failureReason: string }
  /** Not over: the next start of the service goes on with it. */
  | { readonly status: 'Interrupted' };

/** One job while it runs here: from its pending shards to its end. Owned by the reconciler. */
export class JobRun {
  readonly job: JobRow;
  /** Of this life of the job, to be read at any time. */
  readonly progress: Progress = newProgress();
  readonly #resumed: boolean;
  readonly #options: JobRunOptions;
  readonly #drain = new AbortController();
  readonly #abort = new AbortController();
  readonly #hurry = new AbortController();
  readonly #deadlines: NodeJS.Timeout[] = [];
  readonly #streams: JobLog[] = [];
  readonly #prepared: PreparedContainer[] = [];
  #parsed: JobDefinition | undefined;
  #stopped = false;
  #over = false;

  /** @param resumed whether it has run before */
  constructor(job: JobRow, resumed: boolean, options: JobRunOptions) {
    this.job = job;
    this.#resumed = resumed;
    this.#options = options;
  }

  /** Whether `stop` was called. */
  get stopping(): boolean {
    return this.#stopped;
  }

  /**
   * Ends the job for good: requests in flight are given a moment, whole outputs stay (behaviour 6), and model servers have the
   * time to end that they always have (behaviour 3).
   */
  stop(): void {
    this.#stopped = true;
    this.#end([this.#abort]);
  }

  /** Ends its life in this process in the same way, but waits for its model servers no longer than for requests. */
  interrupt(): void {
    this.#end([this.#abort, this.#hurry]);
  }

  #end(afterwards: readonly AbortController[]): void {
    if (this.#over) return;
    this.#drain.abort();
    const late = (): void => {
      for (const controller of afterwards) controller.abort();
    };
    this.#deadlines.push(setTimeout(late, this.#options.drainMs));
  }

  /**
   * Runs the job to its end here. Everything that it starts is gone then.
   *
   * @throws what the catalog throws: that is no failure of the job, whose ledger says what is done when it is run again
   */
  async run(): Promise<JobEnd> {
    try {
      return await this.#run();
    } catch (error) {
      if (this.#drain.signal.aborted) return this.#ended();
      if (error instanceof CatalogFailure) throw error.cause;
      return failedBy(asMillraceError(error));
    } finally {
      this.#over = true;
      for (const deadline of this.#deadlines) clearTimeout(deadline);
      await Promise.all(this.#prepared.map((container) => container.dispose()));
      await Promise.all(this.#streams.map((stream) => stream.close()));
    }
  }

  async #run(): Promise<JobEnd> {
    const { stores } = this.#options;
    const plan = await this.#pending();
    const places = await jobPlaces(this.#definition, stores, this.#drain.signal);
    if (this.#resumed) {
      const keys = new Set(plan.objects.map(({ outputKey }) => outputKey));
      await sweepOutputs(this.#definition, keys, stores, this.#drain.signal);
    }
    if (plan.objects.length > 0) {
      this.#drain.signal.throwIfAborted();
      const failure = await this.#transform(plan, places);
      if (this.#drain.signal.aborted && (await this.#totals()).completed < plan.total) return this.#ended();
      if (failure !== undefined) return failedBy(failure);
    }
    return this.#outcome(places);
  }

  /** What was decided when the job was created. Read while it runs: where it cannot be read, it is this job that fails. */
  get #definition(): JobDefinition {
    this.#parsed ??= JSON.parse(this.job.definition) as JobDefinition;
    return this.#parsed;
  }

  get #wishes(): JobWishes {
    const startupSeconds = String(this.#options.startupTimeoutMs / 1000);
    return storedWishes({ ...this.#definition.wishes, 'startup-timeout-in-seconds': startupSeconds });
  }

  #ended(): JobEnd {
    return { status: this.#stopped ? 'Stopped' : 'Interrupted' };
  }

  /** What is left to do: in a second life what the first one has not finished. */
  async #pending(): Promise<Plan & { readonly objects: readonly NumberedObject[]; readonly total: number }> {
    const objects = await allFromCatalog(this.#options.catalog.shards.pending(this.job.id));
    const bytes = objects.reduce((sum, { size }) => sum + size, 0);
    const { total } = await this.#totals();
    return { objects, bytes, skippedOutputs: 0, total };
  }

  #totals(): Promise<ShardTotals> {
    return fromCatalog(this.#options.catalog.shards.totals(this.job.id));
  }

  /** @returns what ended the job as a whole, when it was not its objects */
  async #transform(plan: Plan, places: JobPlaces): Promise<MillraceError | undefined> {
    const { catalog, logs, clock } = this.#options;
    const startedAt = this.job.startedAt ?? clock.now();
    const spec = transformSpec(this.#wishes, { ...places, capture: undefined }, noDefaults, startedAt);
    const instance = `${this.job.name}/i-${randomBytes(9).toString('hex').slice(0, 17)}-${Math.floor(clock.now() / 1000)}`;
    const dataLog = this.#stream(logs, `${instance}/data-log`);
    // Opened before anything can take time: clients look for both streams as soon as the job runs (behaviour 8).
    const outputs = this.#definition.containers.map(({ name }) => {
      if (name === 'data-log') return dataLog; // a container may be called so, and a stream is opened once
      return this.#stream(logs, name === undefined ? instance : `${instance}/${name}`);
    });
    const ledger = new ShardLedger(catalog.shards, this.job.id);
    try {
      const containers = await this.#containers(outputs);
      this.#drain.signal.throwIfAborted(); // no server is launched to be ended
      const outcome = await runTransformJob(spec, plan, {
        containers,
        listener: {
          dataLog: (line, failure) => dataLog.write(inMemberNames(line, failure)),
          reported: (report) => this.#record(ledger, report),
          begun: () => undefined,
          ended: () => undefined,
        },
        progress: this.progress,
        clock,
        drain: this.#drain.signal,
        signal: this.#abort.signal,
        hurry: this.#hurry.signal,
      });
      if (outcome.jobFailure !== undefined) this.#tell(dataLog, outcome.jobFailure);
      return outcome.jobFailure;
    } catch (error) {
      this.#tell(dataLog, asMillraceError(error));
      throw error;
    } finally {
      await fromCatalog(ledger.close());
    }
  }

  /** What ends the job as a whole; whoever ends it knows why. */
  #tell(dataLog: JobLog, failure: MillraceError): void {
    if (this.#drain.signal.aborted) return;
    for (const line of inMemberNames(failure.message, failure).split('\n')) dataLog.write(line);
  }

  #stream(logs: JobLogs, name: string): JobLog {
    const stream = logs.stream(this.job.name, name);
    this.#streams.push(stream);
    return stream;
  }

  async #containers(outputs: readonly JobLog[]): Promise<JobContainer[]> {
    const containers: JobContainer[] = [];
    for (const [at, container] of this.#definition.containers.entries()) {
      const prepared = await this.#options.containers.prepare({
        image: container.image,
        modelDataUrl: container.modelDataUrl,
        environment: this.#environment(container),
        onLine: (line) => outputs[at]?.write(line),
        signal: this.#drain.signal,
      });
      this.#prepared.push(prepared);
      containers.push({ driver: prepared.driver, name: container.name });
    }
    return containers;
  }

  #environment(container: ContainerDefinition): Record<string, string> {
    return { ...container.environment, ...this.#definition.environment, ...serverVariables(this.#wishes) };
  }

  #record(ledger: ShardLedger, { task, records, outputBytes, failure }: AgentReport): void {
    // An object that was cut short by the end of this life is still to be done.
    if (failure !== undefined && this.#drain.signal.aborted) return;
    const { number } = task as NumberedObject;
    const words = failure && { fault: failure.fault, message: inMemberNames(failure.message, failure) };
    ledger.record({ number, records, outputBytes, failure: words });
  }

  /** What became of the job, by its ledger alone: all lives of it count. */
  async #outcome(places: JobPlaces): Promise<JobEnd> {
    const { shards } = this.#options.catalog;
    if (places.capture !== undefined) await this.#capture(places, places.capture);
    const { total, completed, failed } = await this.#totals();
    if (completed === total) return { status: 'Completed' };
    if (failed === 0) throw new MillraceError('Unexpected', { cause: `${total - completed} objects have no outcome` });
    const first = await fromCatalog(shards.failed(this.job.id, FAILURES_NAMED));
    return { status: 'Failed', failureReason: objectsFailureReason(first, failed, total) };
  }

  async #capture({ input, output }: JobPlaces, destination: NonNullable<JobPlaces['capture']>): Promise<void> {
    const { catalog, clock } = this.#options;
    const objects = await allFromCatalog(catalog.shards.completed(this.job.id));
    const startedAt = this.job.startedAt ?? clock.now();
    const signal = this.#abort.signal;
    await writeDataCapture({ destination, uuid: captureId(this.job), startedAt, input, output, objects, signal });
  }
}

/** The end of a job that is not its objects' fault. */
function failedBy(error: MillraceError): JobEnd {
  return { status: 'Failed', failureReason: inMemberNames(jobFailureReason(error), error) };
}

/** The same in every life of the job: one that comes after a kill replaces the manifests that are there already. */
function captureId({ arn, createdAt }: JobRow): string {
  const hash = createHash('sha256').update(`${arn} ${createdAt}`).digest('hex');
  // A UUID of version 8, whose bits are its maker's own (RFC 9562).
  return hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
}

/** A planned object with its number in the ledger. */
type NumberedObject = PlannedObject & Pick<ShardOutcome, 'number'>;
