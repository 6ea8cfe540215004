import type { Cursor } from '../catalog/catalog.ts';
import { pageToken, readPageToken } from './page-token.ts';

/** Rows on a page when nobody says how many (api.md, observed shapes). */
const DEFAULT_PAGE = 10;

interface PageRequest {
  readonly NextToken?: string;
  readonly MaxResults?: number;
}

/**
 * One page of a list: asks for one row more than it shows, to know whether there is another page.
 *
 * @param query what the list is of, without its paging: a token belongs to it
 * @param cursorOf what the list is sorted by, of a row
 */
export async function listPage<Row>(
  { NextToken, MaxResults = DEFAULT_PAGE }: PageRequest,
  query: object,
  rows: (paging: { readonly limit: number; readonly after?: Cursor }) => Promise<readonly Row[]>,
  cursorOf: (row: Row) => Cursor,
): Promise<{ readonly shown: readonly Row[]; readonly next: { readonly NextToken?: string } }> {
  const after = NextToken === undefined ? {} : { after: readPageToken(NextToken, query) };
  const found = await rows({ limit: MaxResults + 1, ...after });
  const shown = found.slice(0, MaxResults);
  const last = shown.at(-1);
  const more = found.length > MaxResults && last !== undefined;
  return { shown, next: more ? { NextToken: pageToken(cursorOf(last), query) } : {} };
}

/** The members that were sent, without those that were not: a query has no member that is `undefined`. */
export function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const sent = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(sent) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
