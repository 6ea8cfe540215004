import type { OptionValues } from '../../core/option-table.ts';
import type { Answer, Service } from '../service-client.ts';
import { DEFAULT_ITEMS } from './service-options.ts';

/** The most that a page may have in the API. */
const PAGE_ITEMS = 100;

export interface Listing {
  readonly operation: string;
  /** The member of the answer that has the items. */
  readonly member: string;
  readonly query: Answer;
}

export interface ListPage {
  readonly items: readonly unknown[];
  /** There are more, which were not asked for. */
  readonly nextToken: unknown;
}

/** The pages of a list, up to `limit` items. */
export async function* listPages(
  service: Service,
  { operation, member, query }: Listing,
  limit: number,
): AsyncGenerator<ListPage, void, undefined> {
  let left = limit;
  let token: unknown;
  do {
    const paging = { MaxResults: Math.min(PAGE_ITEMS, left), ...(token !== undefined && { NextToken: token }) };
    const answer = await service.call('sagemaker', operation, { ...query, ...paging });
    const found = answer[member];
    const items = Array.isArray(found) ? found : [];
    // A server that answers the same token again would be asked for ever.
    const next = answer['NextToken'] === token ? undefined : answer['NextToken'];
    token = typeof next === 'string' && next !== '' ? next : undefined;
    left -= items.length;
    yield { items, nextToken: token };
  } while (token !== undefined && left > 0);
}

/** Said when a list was cut short. */
export const MORE = 'There are more: --max-items N shows as many, --json all of them.\n';

/** How many items are asked for. */
export function wantedItems(options: OptionValues): number {
  return options.number('max-items') ?? (options.has('json') ? Number.POSITIVE_INFINITY : DEFAULT_ITEMS);
}

/** What the options for lists say, as the API has it. */
export function listQuery(options: OptionValues): Answer {
  const query = {
    StatusEquals: options.text('status'),
    NameContains: options.text('name-contains'),
    SortBy: options.text('sort-by'),
    SortOrder: options.text('sort-order'),
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

/** All pages as one answer, written while they come: there may be any number of them. */
export async function* jsonList(
  pages: AsyncIterable<ListPage>,
  member: string,
): AsyncGenerator<string, void, undefined> {
  let begun = false;
  let count = 0;
  let more: unknown;
  for await (const { items, nextToken } of pages) {
    // Not before there is an answer: a refusal leaves nothing on standard output.
    if (!begun) yield `{${JSON.stringify(member)}:[`;
    begun = true;
    const texts = items.map((item) => JSON.stringify(item));
    if (texts.length > 0) yield `${count === 0 ? '' : ','}${texts.join(',')}`;
    count += texts.length;
    more = nextToken;
  }
  yield `]${more === undefined ? '' : `,"NextToken":${JSON.stringify(more)}`}}\n`;
}
