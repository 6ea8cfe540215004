import { MillraceError } from '../core/errors.ts';
import { bucketPlace, type JobStores } from '../jobs/job-places.ts';
import { Fault } from './fault.ts';
import { containerMembers, type ModelDefinition } from './model-definition.ts';

/** @throws Fault `ValidationException` when the data of a container are not there (behaviour 7) */
export async function checkModelData(model: ModelDefinition, stores: JobStores, signal: AbortSignal): Promise<void> {
  for (const { ModelDataUrl: url } of containerMembers(model)) {
    if (url === undefined) continue;
    if (!(await isThere(url, stores, signal)))
      throw new Fault('ValidationException', `Could not find model data at ${url}.`);
  }
}

/** An object, or anything below a prefix that is a folder. */
async function isThere(url: string, stores: JobStores, signal: AbortSignal): Promise<boolean> {
  const { store, key } = await bucketPlace('ModelDataUrl', url, stores);
  try {
    if (key !== '' && !key.endsWith('/') && (await store.head(key, signal)) !== undefined) return true;
    const folder = key === '' || key.endsWith('/') ? key : `${key}/`;
    for await (const _ of store.list(folder, signal)) return true;
    return false;
  } catch (error) {
    if (error instanceof MillraceError && error.is('BucketNotFound')) return false;
    throw error;
  }
}
