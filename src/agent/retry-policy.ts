/** How one try of a request ended without a result. */
export type Failure =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'connect' | 'connection' | 'timeout' | 'too-large' };

export interface RetryLimits {
  /** `InvocationsMaxRetries`: further tries after the first one. */
  readonly maxRetries: number;
  /** A server's `Retry-After` is honoured up to this long. */
  readonly maxPauseMs: number;
}

const FIRST_PAUSE_MS = 100;
const GROWTH = 4;

/**
 * The pause before the next try, in milliseconds, or `undefined` to give up. Tried again are connection errors, timeouts,
 * 429 and 5xx; never another 4xx, which would be refused again (behaviour 3). Pauses are 0.1, 0.4 and 1.6 s, up to a quarter
 * shorter by `random` (0 to 1), so that requests that failed together do not come back together.
 */
export function pauseBeforeRetry(
  failure: Failure,
  tries: number,
  limits: RetryLimits,
  random: number,
): number | undefined {
  if (tries > limits.maxRetries || !isRetried(failure)) return undefined;
  const pause = FIRST_PAUSE_MS * GROWTH ** (tries - 1) * (1 - random / 4);
  const asked = failure.kind === 'status' ? (failure.retryAfterMs ?? 0) : 0;
  return Math.max(pause, Math.min(asked, limits.maxPauseMs));
}

function isRetried(failure: Failure): boolean {
  switch (failure.kind) {
    case 'connect':
    case 'connection':
    case 'timeout':
      return true;
    case 'too-large':
      return false;
    case 'status':
      return failure.status === 429 || failure.status >= 500;
  }
}

/** A `Retry-After` header, seconds or a date, as milliseconds from `now`; `undefined` when there is none or it is neither. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
