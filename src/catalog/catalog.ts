import type { Fault } from '../core/errors.ts';

/** The statuses of a transform job, in the original's words (behaviour 6). */
export const jobStatuses = ['InProgress', 'Completed', 'Failed', 'Stopping', 'Stopped'] as const;
export type JobStatus = (typeof jobStatuses)[number];

export interface ModelRow {
  readonly name: string;
  readonly arn: string;
  /** Times are milliseconds since the epoch. */
  readonly createdAt: number;
  /** JSON: what was sent. */
  readonly definition: string;
}

/** What is known of a job when it is created. `request` and `definition` are JSON that the catalog does not look into. */
export interface NewJob {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly request: string;
  readonly definition: string;
}

export interface JobRow extends NewJob {
  /** Grows with every job. */
  readonly id: number;
  readonly status: JobStatus;
  readonly failureReason: string | undefined;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly modifiedAt: number;
  /** JSON. */
  readonly counts: string | undefined;
}

/** What a list shows of a job. */
export type JobSummary = Omit<JobRow, 'request' | 'definition' | 'counts'>;

export interface JobChange {
  readonly status?: JobStatus;
  readonly failureReason?: string;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly counts?: string;
}

/** One object of a job's work, in the order of the input. */
export interface ShardRow {
  readonly number: number;
  readonly inputKey: string;
  readonly outputKey: string;
  readonly name: string;
  /** Bytes when the job was created. */
  readonly size: number;
}

export interface ShardOutcome {
  readonly number: number;
  readonly records: number;
  readonly outputBytes: number;
  /** `undefined` when its output is there, whole. */
  readonly failure: { readonly fault: Fault; readonly message: string } | undefined;
}

/** How far a job has come, from its shards alone. */
export interface ShardTotals {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  /** Bytes of all objects, and of those that have an outcome. */
  readonly bytes: number;
  readonly bytesDone: number;
  readonly records: number;
  readonly outputBytes: number;
}

export interface FailedShard {
  /** Its name. */
  readonly object: string;
  readonly fault: Fault;
  readonly message: string;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** Where a list goes on: the value that it is sorted by and what tells equal ones apart, of the last row that was shown. */
export interface Cursor {
  readonly value: string | number;
  readonly id: string | number;
}

interface ListQuery<By extends string> {
  readonly sortBy: By;
  readonly descending: boolean;
  readonly limit: number;
  readonly after?: Cursor;
  readonly nameContains?: string;
  readonly createdAfter?: number;
  readonly createdBefore?: number;
}

export type ModelQuery = ListQuery<'Name' | 'CreationTime'>;

export interface JobQuery extends ListQuery<'Name' | 'CreationTime' | 'Status'> {
  readonly status?: JobStatus;
  readonly modifiedAfter?: number;
  readonly modifiedBefore?: number;
}

export interface Models {
  /** False when there is one of this name. */
  add(model: ModelRow, tags: readonly Tag[]): Promise<boolean>;
  get(name: string): Promise<ModelRow | undefined>;
  list(query: ModelQuery): Promise<readonly ModelRow[]>;
  /** Removes it with its tags; false when there was none. */
  remove(name: string): Promise<boolean>;
}

export interface Jobs {
  /** Adds a job with all its work, `InProgress`; `undefined` when there is one of this name. */
  add(job: NewJob, shards: Iterable<ShardRow>, tags: readonly Tag[]): Promise<JobRow | undefined>;
  get(name: string): Promise<JobRow | undefined>;
  list(query: JobQuery): Promise<readonly JobSummary[]>;
  /**
   * Changes a job if it has one of the statuses `from`, and sets `modifiedAt` when the status changes. Returns the job as it is
   * then, `undefined` when nothing was changed.
   */
  change(id: number, from: readonly JobStatus[], change: JobChange, at: number): Promise<JobRow | undefined>;
  /** The oldest jobs of a status, those that have been started first. `except`: ids to pass over. */
  oldest(status: JobStatus, except: readonly number[], limit: number): Promise<readonly JobRow[]>;
  counts(): Promise<Readonly<Record<JobStatus, number>>>;
  /** Removes it with its work and its tags; false when there was none. */
  remove(id: number): Promise<boolean>;
}

export interface Shards {
  /** Those without an outcome, in the order of the input. */
  pending(job: number): AsyncIterable<ShardRow>;
  /** Those whose outputs are there, likewise. */
  completed(job: number): AsyncIterable<ShardRow>;
  record(job: number, outcomes: readonly ShardOutcome[]): Promise<void>;
  totals(job: number): Promise<ShardTotals>;
  /** The first failed ones, in the order of the input. */
  failed(job: number, limit: number): Promise<readonly FailedShard[]>;
}

export interface Tags {
  /** Whether a model or a job has this ARN. */
  known(arn: string): Promise<boolean>;
  list(arn: string): Promise<readonly Tag[]>;
  /** Adds tags and replaces those of the same keys, if the resource has at most `limit` then; false otherwise. */
  add(arn: string, tags: readonly Tag[], limit: number): Promise<boolean>;
  remove(arn: string, keys: readonly string[]): Promise<void>;
}

/** The durable state of the service. What was said to be done survives a kill. */
export interface Catalog {
  readonly models: Models;
  readonly jobs: Jobs;
  readonly shards: Shards;
  readonly tags: Tags;
  close(): Promise<void>;
}
