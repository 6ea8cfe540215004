import type { BatchStrategy } from './mini-batch.ts';
import type { ExecutionParameters } from './model-server.ts';

/** What the user may ask for; what is left out is decided by the model server or the defaults (behaviour 3). */
export interface RequestedSettings {
  readonly maxConcurrentTransforms?: number;
  readonly batchStrategy?: BatchStrategy;
  /** 0: no limit, objects are streamed. */
  readonly maxPayloadInMB?: number;
}

/** The values in force. */
export interface Settings {
  readonly maxConcurrentTransforms: number;
  readonly batchStrategy: BatchStrategy;
  readonly maxPayloadInMB: number;
}

const DEFAULTS: Settings = { maxConcurrentTransforms: 1, batchStrategy: 'MultiRecord', maxPayloadInMB: 6 };
/** Megabytes of requests that may be open at once (behaviour 2). */
export const MAX_OPEN_MB = 100;

/** Objects that are streamed at once, at the most: each may hold 24 MB of an upload to S3. */
const MAX_STREAMED = 8;

/** What a job can only do when it knows the records of an object: it is sent in mini-batches then, never streamed. */
export interface RecordWise {
  readonly inputFilter: unknown;
  readonly joinSource: 'Input' | 'None';
  readonly outputFilter: unknown;
  readonly inferenceIds: unknown;
  readonly csvHeader: unknown;
  readonly quotedNewlines: boolean;
  readonly maxRecordsPerMiniBatch: unknown;
  readonly badRecords: unknown;
}

export function isRecordWise(data: RecordWise): boolean {
  const asked = [
    data.inputFilter,
    data.outputFilter,
    data.inferenceIds,
    data.csvHeader,
    data.maxRecordsPerMiniBatch,
    data.badRecords,
  ];
  return data.joinSource === 'Input' || data.quotedNewlines || asked.some((one) => one !== undefined);
}

/**
 * Request, then execution parameters, then the defaults. Where the product of concurrency and payload would pass 100 MB, the
 * payload gives way unless the user asked for it, then the concurrency: the user's own product was checked before. A payload
 * is a megabyte at least, so a server that offers more than 100 requests at once gets 100. A server's wish that objects be
 * streamed is passed over where records are looked at (`recordWise`), or sent one by one because the user says so.
 */
export function settle(requested: RequestedSettings, offered: ExecutionParameters, recordWise: boolean): Settings {
  const asked = { ...DEFAULTS, ...offered, ...requested };
  if (asked.maxPayloadInMB === 0) {
    if (!recordWise && requested.batchStrategy !== 'SingleRecord') {
      const maxConcurrentTransforms = Math.min(asked.maxConcurrentTransforms, MAX_STREAMED);
      return { ...asked, maxConcurrentTransforms, batchStrategy: 'MultiRecord' };
    }
    asked.maxPayloadInMB = DEFAULTS.maxPayloadInMB;
  }
  const wanted = { ...asked, maxConcurrentTransforms: Math.min(asked.maxConcurrentTransforms, MAX_OPEN_MB) };
  const payload = Math.min(wanted.maxPayloadInMB, MAX_OPEN_MB);
  const fits = wanted.maxConcurrentTransforms * payload <= MAX_OPEN_MB;
  if (fits) return { ...wanted, maxPayloadInMB: payload };
  if (requested.maxPayloadInMB === undefined) {
    return { ...wanted, maxPayloadInMB: Math.floor(MAX_OPEN_MB / wanted.maxConcurrentTransforms) };
  }
  return {
    ...wanted,
    maxPayloadInMB: payload,
    maxConcurrentTransforms: Math.floor(MAX_OPEN_MB / payload),
  };
}
