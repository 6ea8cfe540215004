/** What is known of a log stream without opening its files. Times are milliseconds since the epoch. */
export interface LogStreamInfo {
  /** `<job>/<instance-id>-<epoch>…` (behaviour 8). */
  readonly name: string;
  readonly job: string;
  readonly createdAt: number;
  /** Of the first event that was ever written; the size limit may have taken it since. */
  readonly firstEventAt: number | undefined;
  readonly lastEventAt: number | undefined;
  readonly lastIngestedAt: number | undefined;
  /** Bytes on the disk. */
  readonly storedBytes: number;
}

/** A page of streams by name or by the time of their last event; those without events are the oldest. */
export type StreamQuery = {
  readonly descending: boolean;
  readonly limit: number;
  /** The last stream of the page before. */
  readonly after?: Pick<LogStreamInfo, 'name' | 'lastEventAt'>;
} & ({ readonly orderBy: 'name'; readonly prefix: string } | { readonly orderBy: 'lastEvent' });

/** Streams that may have events from a time on. */
export interface CandidateQuery {
  readonly prefix: string;
  /** Streams whose last event is older are left out. */
  readonly from: number;
  readonly limit: number;
}

/**
 * Which streams there are and what is in each; the lines themselves are in files. Calls do not wait: a stream has to be there
 * when its instance starts. The rows of streams that are being written lag behind by seconds.
 */
export interface LogIndex {
  /** Does nothing when there is one of this name. */
  create(stream: Pick<LogStreamInfo, 'name' | 'job' | 'createdAt'>): void;
  /** Sets events, times and bytes, all at once. */
  update(streams: readonly LogStreamInfo[]): void;
  get(name: string): LogStreamInfo | undefined;
  list(query: StreamQuery): readonly LogStreamInfo[];
  /** Streams with events, by the time of their first event. */
  candidates(query: CandidateQuery): readonly LogStreamInfo[];
  ofJob(job: string): readonly LogStreamInfo[];
  /** Jobs that have streams, those first whose last event is the oldest. */
  oldestJobs(query: { readonly limit: number; readonly offset: number }): readonly string[];
  removeJob(job: string): void;
  totals(): { readonly streams: number; readonly bytes: number };
}
