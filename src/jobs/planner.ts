import type { AgentTask } from '../agent/agent.ts';
import { ERRORS_SUFFIX } from '../agent/task-run.ts';
import { MillraceError } from '../core/errors.ts';
import { orderedMap } from '../core/ordered-map.ts';
import type { ObjectInfo, ObjectStore } from '../objects/object-store.ts';
import { outputKey } from './output-key.ts';

/** A store with the key or prefix that the user named in it. */
export interface Place {
  readonly store: ObjectStore;
  readonly key: string;
  /** True when the key is one object's and not a prefix. */
  readonly exact: boolean;
  /** As the user wrote it, for messages. */
  readonly text: string;
}

/** The objects that a manifest lists, in a store. */
export interface ManifestPlace {
  readonly store: ObjectStore;
  /** The manifest's prefix as the beginning of a key: an entry follows it literally. */
  readonly key: string;
  readonly entries: readonly string[];
  /** The manifest's own location as the user wrote it, for messages. */
  readonly text: string;
}

export interface PlannedObject extends AgentTask {
  /** Bytes when the plan was made. */
  readonly size: number;
}

/** What a job has to do, decided before anything is started. */
export interface Plan {
  readonly objects: readonly PlannedObject[];
  readonly bytes: number;
  /** Objects under the input that are results of other ones of them, so of an earlier run, and are left alone. */
  readonly skippedOutputs: number;
}

/** Sizes of a manifest's objects that are asked for at once, and answers that may wait for an earlier one. */
const HEADS = { concurrency: 16, lookAhead: 256 };

/**
 * Lists the input and maps every object to its output.
 *
 * A key that ends in `/` is skipped (behaviour 1). So is an object that is the output of another one, or has that output's
 * records that could not be transformed: with the output below the input, running a job twice would feed it its own results.
 * What a manifest lists is never left alone, and stays in the plan, with size 0, when it does not exist: that fails the object
 * and not the job (behaviour 1).
 *
 * @throws MillraceError `NothingToDo`, `OutputCollision`, and what the store says of the bucket
 */
export async function plan(input: Place | ManifestPlace, output: Place, signal: AbortSignal): Promise<Plan> {
  const listed: PlannedObject[] = [];
  for await (const { key, size } of inputObjects(input, signal)) {
    if (key.endsWith('/')) continue;
    listed.push({
      inputKey: key,
      outputKey: outputKey(key, input.key, output.key),
      name: input.store.nameOf(key),
      size,
    });
  }
  const producers = new Map<string, PlannedObject>();
  const sameStore = input.store.locate('') === output.store.locate('');
  const objects = sameStore && !('entries' in input) ? withoutResults(listed) : listed;
  for (const object of objects) {
    const other = producers.get(object.outputKey);
    if (other !== undefined) {
      const [first, second] = [other, object].map(({ inputKey }) => input.store.locate(inputKey)) as [string, string];
      throw new MillraceError('OutputCollision', { first, second, output: output.store.locate(object.outputKey) });
    }
    producers.set(object.outputKey, object);
  }
  if (sameStore && 'entries' in input) refuseReplacing(objects, producers, input.store);
  if (objects.length === 0) throw new MillraceError('NothingToDo', { location: input.text });
  const bytes = objects.reduce((sum, { size }) => sum + size, 0);
  return { objects, bytes, skippedOutputs: listed.length - objects.length };
}

function withoutResults(listed: readonly PlannedObject[]): readonly PlannedObject[] {
  const keys = new Set(listed.map(({ inputKey }) => inputKey));
  const results = new Set<string>();
  for (const { outputKey } of listed) {
    for (const key of [outputKey, outputKey + ERRORS_SUFFIX]) if (keys.has(key)) results.add(key);
  }
  return listed.filter(({ inputKey }) => !results.has(inputKey));
}

/** A manifest may list a result and what it is made of; of a prefix such objects were left alone before. */
function refuseReplacing(
  objects: readonly PlannedObject[],
  producers: ReadonlyMap<string, PlannedObject>,
  store: ObjectStore,
): void {
  for (const { inputKey } of objects) {
    const producer = producers.get(inputKey);
    if (producer === undefined) continue;
    const [first, second] = [store.locate(producer.inputKey), store.locate(inputKey)];
    throw new MillraceError('OutputReplacesInput', { first, second });
  }
}

async function* inputObjects(input: Place | ManifestPlace, signal: AbortSignal): AsyncIterable<ObjectInfo> {
  const { store, key } = input;
  if ('entries' in input) return yield* manifestObjects(input, signal);
  if (!input.exact) return yield* store.list(key, signal);
  const info = await store.head(key, signal);
  if (info !== undefined) yield info;
}

function manifestObjects({ store, key, entries }: ManifestPlace, signal: AbortSignal): AsyncIterable<ObjectInfo> {
  async function* keys(): AsyncIterable<string> {
    for (const entry of entries) if (!entry.endsWith('/')) yield key + entry;
  }
  const look = async (object: string, stop: AbortSignal): Promise<ObjectInfo> =>
    (await store.head(object, stop)) ?? { key: object, size: 0 };
  return orderedMap(keys, look, { ...HEADS, signal });
}
