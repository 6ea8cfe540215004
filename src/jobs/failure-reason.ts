import type { Fault, MillraceError } from '../core/errors.ts';

const PREFIXES: Readonly<Record<Fault, string>> = {
  usage: 'ClientError',
  client: 'ClientError',
  algorithm: 'AlgorithmError',
  internal: 'InternalServerError',
  capacity: 'CapacityError',
};
/** Characters that a failure reason may have (behaviour 6). */
const MAX_CHARS = 1024;

/** `ClientError: …`: whose fault the failure of a whole job is, and what happened. */
export function jobFailureReason(error: MillraceError): string {
  return cut(`${PREFIXES[error.fault]}: ${error.message}`);
}

/** The same for failed objects: how many, and what became of the first of them. */
export function objectsFailureReason(
  first: readonly { readonly object: string; readonly fault: Fault; readonly message: string }[],
  failed: number,
  total: number,
): string {
  const prefix = PREFIXES[first[0]?.fault ?? 'internal'];
  const each = first.slice(0, 3).map(({ object, message }) => `${object}: ${message}`);
  const more = failed > each.length ? ` (and ${failed - each.length} more)` : '';
  return cut(
    `${prefix}: ${failed} of ${total} ${total === 1 ? 'object' : 'objects'} failed. ${each.join(' | ')}`,
    more,
  );
}

function cut(text: string, ending = ''): string {
  const room = MAX_CHARS - ending.length;
  return (text.length > room ? `${text.slice(0, room - 1)}…` : text) + ending;
}
