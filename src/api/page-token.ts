import { createHash } from 'node:crypto';
import type { Cursor } from '../catalog/catalog.ts';
import { Fault } from './fault.ts';

/**
 * A `NextToken`: the last row that was shown, so that rows which are added or removed meanwhile neither repeat nor hide others,
 * and what was asked, because a token belongs to its question. Clients must not look into it.
 */
export function pageToken(cursor: Cursor, query: object): string {
  return Buffer.from(JSON.stringify([cursor.value, cursor.id, digest(query)])).toString('base64url');
}

/** @throws Fault `ValidationException` when it is none of ours, or of another question */
export function readPageToken(token: string, query: object): Cursor {
  const [value, id, asked] = parse(token);
  if (isKey(value) && isKey(id) && asked === digest(query)) return { value, id };
  throw new Fault(
    'ValidationException',
    'The provided NextToken is not valid for this request: it goes with the parameters of the request that returned it.',
  );
}

function parse(token: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return []; // not one of ours, which the caller says
  }
}

function isKey(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function digest(query: object): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 12);
}
