import { invalidBucketName, S3Fault } from './s3-fault.ts';

/** Paths of the port that are no buckets: a bucket of this name could be made but never reached. */
const RESERVED: ReadonlySet<string> = new Set(['healthz', 'readyz', 'metrics', 'console']);
const PREFIXES = ['xn--', 'sthree-', 'amzn-s3-demo-'];
const SUFFIXES = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3'];

/**
 * S3's rules for names of general purpose buckets.
 *
 * @throws S3Fault `InvalidBucketName`, also for what this server needs for itself
 */
export function checkNewBucketName(name: string): void {
  if (RESERVED.has(name)) {
    const message = `The specified bucket is not valid: this server answers /${name} itself.`;
    throw new S3Fault('InvalidBucketName', message, 400, { BucketName: name });
  }
  const isValid =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes('..') &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !PREFIXES.some((prefix) => name.startsWith(prefix)) &&
    !SUFFIXES.some((suffix) => name.endsWith(suffix));
  if (!isValid) throw invalidBucketName(name);
}

/**
 * Names that buckets may have had before 2018, and folders that somebody has put beside the others: who asks for one may find it.
 * None of them means anything to a file system but itself.
 *
 * @throws S3Fault `InvalidBucketName`
 */
export function checkBucketName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{2,254}$/.test(name)) throw invalidBucketName(name);
}
