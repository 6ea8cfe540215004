import type { BatchStrategy } from './mini-batch.ts';
import type { ExecutionParameters } from './model-server.ts';

/** What the user may ask for; what is left out is decided by the model server or the defaults (behaviour 3). */
export interface RequestedSettings {
  readonly maxConcurrentTransforms?: number;
  readonly batchStrategy?: BatchStrategy;
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

/**
 * Request, then execution parameters, then the defaults. Where the product of concurrency and payload would pass 100 MB, the
 * payload gives way unless the user asked for it, then the concurrency: the user's own product was checked before. A payload
 * is a megabyte at least, so a server that offers more than 100 requests at once gets 100.
 */
export function settle(requested: RequestedSettings, offered: ExecutionParameters): Settings {
  const asked = { ...DEFAULTS, ...offered, ...requested };
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
