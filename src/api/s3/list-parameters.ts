import type { S3Call } from './s3-call.ts';
import { invalidArgument } from './s3-fault.ts';

/**
 * How many entries a page may have: what the client asks for, but no more than the server gives.
 *
 * @throws S3Fault `InvalidArgument`
 */
export function pageLimit(call: S3Call, parameter: string): number {
  return Math.min(wholeNumber(call.query.get(parameter), parameter) ?? Infinity, call.service.maxListKeys);
}

/**
 * A parameter or header that is a whole number, `undefined` when it is missing or empty.
 *
 * @throws S3Fault `InvalidArgument`
 */
export function wholeNumber(text: string | undefined, name: string, smallest = 0): number | undefined {
  if (text === undefined || text === '') return undefined;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= smallest && number <= 2147483647) return number;
  throw invalidArgument(name, text, `Argument ${name} must be an integer between ${smallest} and 2147483647`);
}

/**
 * How names are written into a list: as they are, or with `encoding-type=url` escaped, so that XML can carry all of them.
 *
 * @throws S3Fault `InvalidArgument`
 */
export function nameEncoding(call: S3Call): (name: string) => string {
  const encoding = call.query.get('encoding-type');
  if (encoding === undefined || encoding === '') return (name) => name;
  if (encoding !== 'url') {
    throw invalidArgument('encoding-type', encoding, 'Invalid Encoding Method specified in Request');
  }
  return (name) => encodeURIComponent(name).replaceAll('%2F', '/');
}

/** The last name that a page has seen, in a form that clients do not take for a name. */
export function continuationToken(after: string): string {
  return `1${Buffer.from(after).toString('base64url')}`;
}

/** @throws S3Fault `InvalidArgument` when it is none of ours */
export function readContinuationToken(token: string): string {
  const after = Buffer.from(token.slice(1), 'base64url').toString();
  if (after !== '' && continuationToken(after) === token) return after;
  throw invalidArgument('continuation-token', token, 'The continuation token provided is incorrect');
}
