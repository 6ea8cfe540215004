/** How a request can end: with an answer of a class of statuses, or without a whole answer. */
export const requestEnds = ['2xx', '3xx', '4xx', '5xx', 'error'] as const;
const ERROR = requestEnds.length - 1;

/** From a model that looks something up to one that takes as long as `InvocationsTimeoutInSeconds` commonly is. */
export const latencyBoundsMs: readonly number[] = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 180_000, 600_000,
];

/** What an agent has done so far: plain counters, because some of them change for every record. */
export interface Progress {
  /** Objects that the job has, and what they hold, as far as known. */
  objectsTotal: number;
  bytesTotal: number;
  objectsDone: number;
  objectsFailed: number;
  /** Records and bytes of input whose inferences have come. */
  records: number;
  bytes: number;
  /** Those of the records that could not be transformed and have a placeholder. */
  badRecords: number;
  /** Bytes of the outputs that are there. */
  outputBytes: number;
  requests: number;
  requestsInFlight: number;
  retries: number;
  /**
   * Requests by how they ended, in the order of `requestEnds`; those that the end of the job cut off are in none of them.
   * Doubles, because 32 bits are used up within half a day of small requests.
   */
  readonly ends: Float64Array;
  /** The same requests by how long they took: the first of `latencyBoundsMs` that is not less, and the last for longer ones. */
  readonly latencies: Float64Array;
  /** The sum of how long they took, in milliseconds. */
  latencyMs: number;
  /** Responses that had another number of lines than their mini-batch had records, and where the first of them was. */
  miscounted: number;
  firstMiscounted: { readonly object: string; readonly record: number } | undefined;
}

export function newProgress(): Progress {
  return {
    objectsTotal: 0,
    bytesTotal: 0,
    objectsDone: 0,
    objectsFailed: 0,
    records: 0,
    bytes: 0,
    badRecords: 0,
    outputBytes: 0,
    requests: 0,
    requestsInFlight: 0,
    retries: 0,
    ends: new Float64Array(requestEnds.length),
    latencies: new Float64Array(latencyBoundsMs.length + 1),
    latencyMs: 0,
    miscounted: 0,
    firstMiscounted: undefined,
  };
}

/**
 * Counts a request that has ended, `ms` milliseconds after it was sent. Every request passes this, so nothing is allocated.
 *
 * @param status of the answer; 0 when there was no whole one
 */
export function countRequest(progress: Progress, status: number, ms: number): void {
  const { ends, latencies } = progress;
  const end = status >= 200 && status < 600 ? Math.floor(status / 100) - 2 : ERROR;
  ends[end] = (ends[end] ?? 0) + 1;
  let bucket = 0;
  while (ms > (latencyBoundsMs[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
  latencies[bucket] = (latencies[bucket] ?? 0) + 1;
  progress.latencyMs += ms;
}

const ADDED = [
  'objectsTotal',
  'bytesTotal',
  'objectsDone',
  'objectsFailed',
  'records',
  'bytes',
  'badRecords',
  'outputBytes',
  'requests',
  'requestsInFlight',
  'retries',
  'latencyMs',
  'miscounted',
] as const satisfies readonly (keyof Progress)[];

/** Adds what `one` has counted to `total`. */
export function addProgress(total: Progress, one: Progress): void {
  for (const name of ADDED) total[name] += one[name];
  for (const [at, count] of one.ends.entries()) total.ends[at] = (total.ends[at] ?? 0) + count;
  for (const [at, count] of one.latencies.entries()) total.latencies[at] = (total.latencies[at] ?? 0) + count;
  total.firstMiscounted ??= one.firstMiscounted;
}
