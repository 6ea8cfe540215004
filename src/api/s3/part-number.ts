import type { S3Call } from './s3-call.ts';
import { invalidArgument } from './s3-fault.ts';

export const MAX_PARTS = 10_000;

/**
 * The part that a request is about, `undefined` when it names none.
 *
 * @throws S3Fault `InvalidArgument`
 */
export function partNumberOf(call: S3Call): number | undefined {
  const text = call.query.get('partNumber');
  if (text === undefined) return undefined;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  throw invalidArgument('partNumber', text, `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`);
}

/** @throws S3Fault `InvalidArgument` when there is none, too */
export function requiredPartNumber(call: S3Call): number {
  const number = partNumberOf(call);
  if (number !== undefined) return number;
  throw invalidArgument('partNumber', '', 'This operation does not accept a request without partNumber');
}
