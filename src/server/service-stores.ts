import { MillraceError } from '../core/errors.ts';
import type { JobStores } from '../jobs/job-places.ts';
import { BucketObjectStore } from '../objects/local/bucket-object-store.ts';
import type { EmbeddedStore } from '../objects/local/embedded-store.ts';
import { fromEnvironment } from './aws-environment.ts';

/** The stores of jobs, released by their owner. */
export interface ServiceStores extends JobStores {
  close(): void;
}

/** The embedded store, whose files jobs work on without the way over HTTP. What a kill leaves in it is swept when it is opened. */
export function embeddedStores(store: EmbeddedStore): ServiceStores {
  return {
    bucket: async (name, kmsKeyId) => {
      if (kmsKeyId !== undefined) throw new MillraceError('EncryptionUnavailable', { bucket: name, key: kmsKeyId });
      return new BucketObjectStore(store, name);
    },
    sweep: () => Promise.resolve(),
    close: () => undefined,
  };
}

/** Amazon S3 or a server that speaks like it, with the credentials of the environment or the profile. */
export async function s3Stores(
  endpointUrl: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  defaultRegion: string,
): Promise<ServiceStores> {
  // Loading the SDK takes 0.1 s, which a service without it need not wait for.
  const [{ S3Store, s3Client }, { abortUploads }] = await Promise.all([
    import('../objects/s3-store.ts'),
    import('../objects/s3-sweep.ts'),
  ]);
  const client = s3Client({
    ...fromEnvironment(environment),
    defaultRegion,
    ...(endpointUrl === undefined ? {} : { endpointUrl }),
  });
  return {
    bucket: async (name, kmsKeyId) => new S3Store(client, name, kmsKeyId),
    sweep: (bucket, prefix, isOurs, signal) => abortUploads(client, { bucket, prefix, isOurs }, signal),
    close: () => client.destroy(),
  };
}
