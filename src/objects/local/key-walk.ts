import { compareKeys, lowerBound } from '../key-order.ts';
import { whyNoKey } from './key-path.ts';

export interface WalkRequest {
  readonly prefix: string;
  readonly delimiter: string | undefined;
  readonly after: string;
}

/** A key, or what keys have in common up to a delimiter. */
export interface Found {
  readonly key: string;
  readonly isCommon: boolean;
}

/** What keys have behind a prefix that ends in `/`, up to the next `/` and with it, in the order of keys. */
export type ReadFolder = (prefix: string) => Promise<readonly string[]>;

interface Step {
  readonly base: string;
  readonly names: readonly string[];
  next: number;
}

/**
 * Goes through the keys of a tree of folders in the order of their bytes, with one folder of each level in memory. A folder is
 * read only when keys in it can be wanted.
 */
export async function* walkKeys(read: ReadFolder, request: WalkRequest, signal: AbortSignal): AsyncGenerator<Found> {
  const { prefix, after } = request;
  const delimiter = request.delimiter === '' ? undefined : request.delimiter;
  const enter = async (base: string): Promise<Step> => {
    signal.throwIfAborted();
    const names = isPassed(base, after) || (base !== '' && whyNoKey(base) !== undefined) ? [] : await read(base);
    return { base, names, next: Math.max(firstIn(names, base, after), firstIn(names, base, prefix)) };
  };

  const way = [await enter(prefix.slice(0, prefix.lastIndexOf('/') + 1))];
  let common: string | undefined;
  for (let step = way.at(-1); step !== undefined; step = way.at(-1)) {
    const name = step.names[step.next++];
    const key = step.base + name;
    if (name === undefined || (!key.startsWith(prefix) && compareKeys(key, prefix) > 0)) {
      way.pop();
      continue;
    }
    if (!key.startsWith(prefix) || (common !== undefined && key.startsWith(common))) continue;
    const isFolder = name.endsWith('/');
    const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
    if (delimiter !== undefined && end >= 0) {
      const candidate = key.slice(0, end + delimiter.length);
      const isNew = compareKeys(candidate, after) > 0;
      // Folders can be empty; S3 has no such thing.
      if (isNew && isFolder && !(await holdsKeys(read, key, signal))) continue;
      common = candidate;
      if (isNew) yield { key: common, isCommon: true };
    } else if (isFolder) way.push(await enter(key));
    else if (compareKeys(key, after) > 0 && whyNoKey(key) === undefined) yield { key, isCommon: false };
  }
}

async function holdsKeys(read: ReadFolder, folder: string, signal: AbortSignal): Promise<boolean> {
  for await (const _ of walkKeys(read, { prefix: folder, delimiter: undefined, after: '' }, signal)) return true;
  return false;
}

/** True when every key that starts with `base` is before `after`. */
function isPassed(base: string, after: string): boolean {
  return !after.startsWith(base) && compareKeys(base, after) < 0;
}

/** The index of the first name that is, or leads to, what is not before `key`. */
function firstIn(names: readonly string[], base: string, key: string): number {
  if (!key.startsWith(base)) return 0;
  const rest = key.slice(base.length);
  return lowerBound(names, rest.slice(0, rest.indexOf('/') + 1 || rest.length));
}
