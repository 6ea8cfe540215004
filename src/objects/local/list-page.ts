import type { ListPage, ListRequest } from './embedded-store.ts';
import { type Found, type ReadFolder, walkKeys } from './key-walk.ts';
import type { StoredObject } from './stored-object.ts';

/** Objects that are looked at side by side: more would keep the reading and writing of others waiting. */
const AT_ONCE = 32;

/**
 * One page of a listing.
 *
 * @param head the object of a key, `undefined` when it is gone by now
 */
export async function listPage(
  read: ReadFolder,
  head: (key: string) => Promise<StoredObject | undefined>,
  request: ListRequest,
  signal: AbortSignal,
): Promise<ListPage> {
  const { limit } = request;
  const objects: StoredObject[] = [];
  const commonPrefixes: string[] = [];
  let last: string | undefined;
  const walk = walkKeys(read, request, signal);
  // One more than asked for tells whether there are more.
  for (let wanted = limit > 0 ? limit + 1 : 0; wanted > 0; ) {
    const found = await take(walk, Math.min(AT_ONCE, wanted));
    if (found.length === 0) break;
    const items = await Promise.all(
      found.map(async (item) => ({ ...item, object: await (item.isCommon ? undefined : head(item.key)) })),
    );
    for (const { key, isCommon, object } of items) {
      if (!isCommon && object === undefined) continue;
      wanted -= 1;
      if (wanted === 0) return { objects, commonPrefixes, next: last };
      if (object === undefined) commonPrefixes.push(key);
      else objects.push(object);
      last = key;
    }
  }
  return { objects, commonPrefixes, next: undefined };
}

async function take(walk: AsyncGenerator<Found>, count: number): Promise<readonly Found[]> {
  const found: Found[] = [];
  while (found.length < count) {
    const { value, done } = await walk.next();
    if (done) break;
    found.push(value);
  }
  return found;
}
