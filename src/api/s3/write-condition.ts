import type { Precondition, WriteOutcome } from '../../objects/local/embedded-store.ts';
import type { StoredObject } from '../../objects/local/stored-object.ts';
import { names } from './etags.ts';
import { header, type ObjectCall, type S3Call } from './s3-call.ts';
import { noSuchKey, notImplemented, preconditionFailed, type S3Fault } from './s3-fault.ts';

/** What a write or a removal wants to be there, or not to be there. */
export interface WriteCondition {
  readonly holds: Precondition;
  /** What the client is told when it does not hold for what is there. */
  refusal(current: StoredObject | undefined): S3Fault;
}

/**
 * The condition of a request that writes: `If-None-Match: *` or `If-Match: <ETag>`.
 *
 * @throws S3Fault `NotImplemented` for conditions that S3 does not take here: what is passed over would not hold
 */
export function writeCondition(call: ObjectCall): WriteCondition | undefined {
  refuseDates(call);
  const match = header(call, 'if-match');
  const noneMatch = header(call, 'if-none-match');
  if (match !== undefined && noneMatch !== undefined) {
    throw refusedHeader('If-Match,If-None-Match', 'Multiple conditional request headers present in the request');
  }
  if (noneMatch !== undefined) {
    if (noneMatch.trim() !== '*') throw refusedValue('If-None-Match');
    return {
      holds: (current) => current === undefined,
      refusal: () => preconditionFailed('If-None-Match'),
    };
  }
  if (match?.trim() === '*') throw refusedValue('If-Match');
  return match === undefined ? undefined : matching(call.key, match);
}

/**
 * The condition of a removal: `If-Match` with an ETag or `*`.
 *
 * @throws S3Fault `NotImplemented`
 */
export function removeCondition(call: ObjectCall): WriteCondition | undefined {
  refuseDates(call);
  if (header(call, 'if-none-match') !== undefined) throw refusedValue('If-None-Match');
  for (const name of ['x-amz-if-match-last-modified-time', 'x-amz-if-match-size']) {
    if (header(call, name) !== undefined) throw refusedHeader(name, 'Only directory buckets know this condition');
  }
  const match = header(call, 'if-match');
  return match === undefined ? undefined : matching(call.key, match);
}

/** That there is an object and its ETag is one of `etags`. */
export function matching(key: string, etags: string): WriteCondition {
  return {
    holds: (current) => current !== undefined && names(etags, current.etag, false),
    refusal: (current) => (current === undefined ? noSuchKey(key) : preconditionFailed('If-Match')),
  };
}

/** @throws S3Fault when the write was refused */
export function writtenObject(outcome: WriteOutcome, condition: WriteCondition | undefined): StoredObject {
  if ('object' in outcome) return outcome.object;
  if (condition === undefined) throw new Error('a write was refused that had no condition');
  throw condition.refusal(outcome.refused);
}

function refuseDates(call: S3Call): void {
  for (const name of ['If-Modified-Since', 'If-Unmodified-Since']) {
    if (header(call, name.toLowerCase()) !== undefined) throw refusedValue(name);
  }
}

function refusedValue(name: string): S3Fault {
  return refusedHeader(name, `We don't accept the provided value of ${name} header for this API`);
}

function refusedHeader(name: string, why: string): S3Fault {
  return notImplemented('A header you provided implies functionality that is not implemented', {
    Header: name,
    additionalMessage: why,
  });
}
