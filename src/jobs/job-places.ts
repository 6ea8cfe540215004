import { MillraceError } from '../core/errors.ts';
import { parseLocation } from '../objects/location.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { JobDefinition } from './job-definition.ts';
import { parseManifest } from './manifest.ts';
import type { ManifestPlace, Place } from './planner.ts';
import { readManifest } from './read-manifest.ts';

/** The stores that jobs of the service work on. */
export interface JobStores {
  /**
   * The store of a bucket; whether there is one of this name is known when it is asked for something. What is written is
   * encrypted with `kmsKeyId` if there is one.
   *
   * @throws MillraceError `EncryptionUnavailable`
   */
  bucket(name: string, kmsKeyId: string | undefined): Promise<ObjectStore>;
  /** Removes what a kill has left unfinished of the objects under a prefix that are `isOurs`. */
  sweep(bucket: string, prefix: string, isOurs: (key: string) => boolean, signal: AbortSignal): Promise<void>;
}

/** Where a job's data come from and go to. */
export interface JobPlaces {
  readonly input: Place | ManifestPlace;
  readonly output: Place;
  readonly capture: Place | undefined;
}

/**
 * Finds the places of a job; a manifest is read.
 *
 * @throws MillraceError `InvalidOption`, what is wrong with a manifest, what a store says of a bucket
 */
export async function jobPlaces(
  { input, output, capture }: Pick<JobDefinition, 'input' | 'output' | 'capture'>,
  stores: JobStores,
  signal: AbortSignal,
): Promise<JobPlaces> {
  const place = await bucketPlace('--input', input.uri, stores);
  return {
    input: input.kind === 'ManifestFile' ? await manifestPlace(place, stores, signal) : place,
    output: await bucketPlace('--output', output.uri, stores, output.kmsKeyId),
    capture: capture && (await bucketPlace('--data-capture-destination', capture.uri, stores, capture.kmsKeyId)),
  };
}

/** Removes what an earlier life of a job has left of outputs that are still to be made. */
export async function sweepOutputs(
  { output }: Pick<JobDefinition, 'output'>,
  keys: ReadonlySet<string>,
  stores: JobStores,
  signal: AbortSignal,
): Promise<void> {
  const { bucket, key } = bucketAndKey(output.uri, (rule) => {
    throw new MillraceError('InvalidOption', { option: '--output', value: output.uri, rule: `${rule}.` });
  });
  const isOurs = (name: string): boolean => keys.has(name) || keys.has(name.replace(/\.errors\.jsonl$/, ''));
  await stores.sweep(bucket, key.replace(/\/+$/, ''), isOurs, signal);
}

/** @param option the setting that the text comes from, for messages */
export async function bucketPlace(option: string, text: string, stores: JobStores, kmsKeyId?: string): Promise<Place> {
  const { bucket, key } = bucketAndKey(text, (rule) => {
    throw new MillraceError('InvalidOption', { option, value: text, rule: `${rule}.` });
  });
  return { store: await stores.bucket(bucket, kmsKeyId), key, exact: false, text };
}

/** The bucket that an address is of, however it is written; `undefined` when it is none. */
export function bucketOf(text: string): string | undefined {
  const location = parseLocation(text, '/');
  return 'invalid' in location || location.kind === 'file' ? undefined : location.bucket;
}

async function manifestPlace(place: Place, stores: JobStores, signal: AbortSignal): Promise<ManifestPlace> {
  const { text } = place;
  const { prefix, entries } = parseManifest(await readManifest(place, signal), text);
  const { bucket, key } = bucketAndKey(prefix, (rule) => {
    const cause = `its prefix ${JSON.stringify(prefix)} cannot be: ${rule}`;
    throw new MillraceError('ManifestInvalid', { manifest: text, cause });
  });
  return { store: await stores.bucket(bucket, undefined), key, entries, text };
}

function bucketAndKey(text: string, refuse: (rule: string) => never): { bucket: string; key: string } {
  const location = parseLocation(text, '/');
  if ('invalid' in location) return refuse(location.invalid);
  if (location.kind === 'file') return refuse('it is not an address like s3://bucket/prefix');
  return location;
}
