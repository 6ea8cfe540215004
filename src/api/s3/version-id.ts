import { invalidArgument, S3Fault } from './s3-fault.ts';

/**
 * Buckets have no versions here: what there is of an object is its version `null`.
 *
 * @throws S3Fault `NoSuchVersion`, `InvalidArgument`
 */
export function checkVersion(id: string | undefined, key: string): void {
  if (id === undefined || id === 'null') return;
  if (id === '') throw invalidArgument('versionId', id, 'Version id cannot be the empty string');
  throw new S3Fault('NoSuchVersion', 'The specified version does not exist.', 404, { Key: key, VersionId: id });
}
