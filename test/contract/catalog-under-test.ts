import assert from 'node:assert/strict';
import type { Catalog, JobRow, ModelRow, NewJob, ShardRow, Tag } from '../../src/catalog/catalog.ts';

/** An empty catalog to be judged. */
export interface CatalogUnderTest {
  readonly catalog: Catalog;
  /** What the next process finds; the catalog of before is not to be used any more. */
  reopen(): Promise<Catalog>;
  dispose(): Promise<void>;
}

/** One thing that every catalog does; the catalog is its own, empty at the start. */
export type Cases = Readonly<Record<string, (t: CatalogUnderTest) => Promise<void>>>;

/** ARNs are lower-cased: names that differ only in case have one. */
export function modelRow(name: string, createdAt = 1): ModelRow {
  return { name, arn: `arn:model/${name.toLowerCase()}`, createdAt, definition: JSON.stringify({ of: name }) };
}

export function newJob(name: string, createdAt = 1): NewJob {
  return {
    name,
    arn: `arn:transform-job/${name.toLowerCase()}`,
    createdAt,
    request: JSON.stringify({ request: name }),
    definition: JSON.stringify({ definition: name }),
  };
}

/** `count` objects; the size of each is its number and one. */
export function shardRows(count: number): ShardRow[] {
  return Array.from({ length: count }, (_, number) => shardRow(number));
}

export function shardRow(number: number): ShardRow {
  const name = `bucket/in/${number}`;
  return { number, inputKey: `in/${number}`, outputKey: `out/${number}.out`, name, size: number + 1 };
}

export async function addJob(
  { jobs }: Catalog,
  job: NewJob | string,
  shards: Iterable<ShardRow> = shardRows(1),
  tags: readonly Tag[] = [],
): Promise<JobRow> {
  const added = await jobs.add(typeof job === 'string' ? newJob(job) : job, shards, tags);
  assert(added !== undefined, 'the job was not added');
  return added;
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
