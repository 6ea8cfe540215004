import type { AgentTask } from '../agent/agent.ts';
import { MillraceError } from '../core/errors.ts';
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

/**
 * Lists the input and maps every object to its output.
 *
 * A key that ends in `/` is skipped (behaviour 1). So is an object that is the output of another one: with the output below
 * the input, running a job twice would feed it its own results.
 *
 * @throws MillraceError `NothingToDo`, `OutputCollision`, and what the store says of the bucket
 */
export async function plan(input: Place, output: Place, signal: AbortSignal): Promise<Plan> {
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
  const inputs = new Set(sameStore ? listed.map(({ inputKey }) => inputKey) : []);
  const isOutput = new Set(listed.map((object) => object.outputKey).filter((key) => inputs.has(key)));
  const objects = listed.filter((object) => !isOutput.has(object.inputKey));
  for (const object of objects) {
    const other = producers.get(object.outputKey);
    if (other !== undefined) {
      const [first, second] = [other, object].map(({ inputKey }) => input.store.locate(inputKey)) as [string, string];
      throw new MillraceError('OutputCollision', { first, second, output: output.store.locate(object.outputKey) });
    }
    producers.set(object.outputKey, object);
  }
  if (objects.length === 0) throw new MillraceError('NothingToDo', { location: input.text });
  const bytes = objects.reduce((sum, { size }) => sum + size, 0);
  return { objects, bytes, skippedOutputs: listed.length - objects.length };
}

async function* inputObjects({ store, key, exact }: Place, signal: AbortSignal): AsyncIterable<ObjectInfo> {
  if (!exact) return yield* store.list(key, signal);
  const info = await store.head(key, signal);
  if (info !== undefined) yield info;
}
