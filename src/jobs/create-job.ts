import type { Catalog, JobRow, NewJob, ShardRow, Tag } from '../catalog/catalog.ts';
import type { ContainerSource } from './container-source.ts';
import { noDefaults } from './content-defaults.ts';
import type { JobDefinition } from './job-definition.ts';
import { type JobStores, jobPlaces } from './job-places.ts';
import { storedWishes } from './job-wishes.ts';
import { type Plan, plan } from './planner.ts';
import { transformSpec } from './transform-spec.ts';

export interface JobOrder extends Omit<NewJob, 'definition'> {
  readonly definition: JobDefinition;
  readonly tags: readonly Tag[];
}

/**
 * Adds a job with all its work to the catalog. Whatever can be known to be wrong with it is told now, before anything runs: its
 * settings, its images, its places, objects that would be written over each other.
 *
 * @returns `undefined` when there is a job of this name
 * @throws MillraceError of the kind `usage`
 */
export async function createJob(
  { definition, tags, ...job }: JobOrder,
  context: { readonly catalog: Catalog; readonly stores: JobStores; readonly containers: ContainerSource },
  signal: AbortSignal,
): Promise<JobRow | undefined> {
  const { catalog, stores, containers } = context;
  for (const { image } of definition.containers) containers.check(image);
  const places = await jobPlaces(definition, stores, signal);
  transformSpec(storedWishes(definition.wishes), places, noDefaults, job.createdAt);
  const planned = await plan(places.input, places.output, signal);
  for (const place of [places.output, places.capture]) await place?.store.checkWritable(place.key, signal);
  const { store, key } = places.input;
  // The work is decided now: a manifest that is changed or gone when the job runs has nothing to say any more.
  const decided: JobDefinition = { ...definition, input: { kind: 'S3Prefix', uri: store.address(key) } };
  return catalog.jobs.add({ ...job, definition: JSON.stringify(decided) }, shards(planned), tags);
}

function* shards({ objects }: Plan): Iterable<ShardRow> {
  for (const [number, object] of objects.entries()) yield { number, ...object };
}
