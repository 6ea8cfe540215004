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
    miscounted: 0,
    firstMiscounted: undefined,
  };
}
