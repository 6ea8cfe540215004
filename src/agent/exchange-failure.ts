import { MillraceError, type Place } from '../core/errors.ts';
import type { ExchangeError } from './http/connection.ts';

/** Of a refusal's body, this much is kept for the message and the data log. */
export const MAX_BODY_TEXT_BYTES = 2048;

/** Where a request comes from, and the container that it went to. */
export type RequestPlace = Place & { readonly container: string | undefined };

/** What an answer other than 2xx means: a 4xx refuses the records, anything else is the model's failure (behaviour 6). */
export function refusal(at: RequestPlace, status: number, body: readonly Buffer[], attempts: number): MillraceError {
  const details = { ...at, status, body: bodyText(body) };
  return status >= 400 && status < 500
    ? new MillraceError('ModelRefused', details)
    : new MillraceError('ModelFailed', { ...details, attempts });
}

/** What it means that there is no whole answer. */
export function noAnswer(
  at: RequestPlace,
  error: ExchangeError,
  limits: { readonly timeoutMs: number; readonly maxResponseBytes: number },
  attempts: number,
): MillraceError {
  switch (error.kind) {
    case 'timeout':
      return new MillraceError('ModelTimeout', { ...at, seconds: limits.timeoutMs / 1000, attempts });
    case 'too-large':
      return new MillraceError('ResponseTooLarge', { ...at, limitBytes: limits.maxResponseBytes });
    case 'connect':
    case 'connection':
    case 'aborted':
      return new MillraceError('ModelUnreachable', { ...at, cause: error.message, attempts }, { cause: error });
  }
}

function bodyText(pieces: readonly Buffer[]): string {
  const start = pieces.slice(0, 8).map((piece) => piece.subarray(0, MAX_BODY_TEXT_BYTES));
  return Buffer.concat(start).toString('utf8', 0, MAX_BODY_TEXT_BYTES).trim();
}
