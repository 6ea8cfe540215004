/** What one model turned out to cost. */
export interface ModelCost {
  /** Threads that run the model. */
  readonly workers: number;
  /** Seconds of one worker for one record, the model alone; `undefined` when it could not be tried out. */
  readonly secondsPerRecord: number | undefined;
  /** Bytes of one record as text, roughly. */
  readonly bytesPerRecord: number;
}

/** The body of `GET /execution-parameters`. */
export interface ExecutionParameters {
  readonly MaxConcurrentTransforms: number;
  readonly BatchStrategy: 'MULTI_RECORD';
  readonly MaxPayloadInMB: number;
}

const megabyte = 2 ** 20;
// Reading and writing text: measured at 4 to 10 ns a byte of numbers, more for texts.
const secondsPerByte = 16e-9;
/** The service's own default: more per request gains nothing that could be measured. */
const largestPayload = 6;
const mostConcurrent = 8;
const limitOfProduct = 100; // MaxConcurrentTransforms × MaxPayloadInMB

/**
 * Good values for a model: requests so large that a request's own cost does not count, but of at most about a second of
 * work, so that a retry loses little and progress shows; and one request more than there are workers, so that none waits.
 */
export function executionParameters({ workers, secondsPerRecord, bytesPerRecord }: ModelCost): ExecutionParameters {
  const secondsPerMegabyte = megabyte * (secondsPerByte + (secondsPerRecord ?? 0) / Math.max(bytesPerRecord, 1));
  const payload = Math.max(1, Math.min(largestPayload, Math.floor(1 / secondsPerMegabyte)));
  const concurrent = Math.min(workers + 1, mostConcurrent, Math.floor(limitOfProduct / payload));
  return { MaxConcurrentTransforms: concurrent, BatchStrategy: 'MULTI_RECORD', MaxPayloadInMB: payload };
}
