import { header, type S3Call } from './s3-call.ts';
import { accessDenied, invalidRequest, notImplemented, S3Fault } from './s3-fault.ts';

/** Grants that say what is the case anyway: everything is its owner's alone. */
const ACLS_THAT_CHANGE_NOTHING = ['private', 'bucket-owner-full-control'];
const OWNERS = ['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner'];

/**
 * Refuses headers that ask for what this store does not do: passed over, they would promise something that is not so, an object
 * on the disk that is encrypted, say.
 *
 * @throws S3Fault `NotImplemented`, `AccessControlListNotSupported`, `InvalidRequest`, `AccessDenied`
 */
export function refuseHeaders(call: S3Call): void {
  for (const name of Object.keys(call.headers)) {
    if (/^x-amz-(copy-source-)?server-side-encryption/.test(name)) {
      throw notImplemented(`This store does not encrypt: leave ${name} out.`, { Header: name });
    }
    if (name.startsWith('x-amz-object-lock-')) throw invalidRequest('Bucket is missing Object Lock Configuration');
    if (name.startsWith('x-amz-grant-')) throw noAcls();
  }
  const acl = header(call, 'x-amz-acl');
  if (acl !== undefined && !ACLS_THAT_CHANGE_NOTHING.includes(acl)) throw noAcls();
  if ((header(call, 'x-amz-tagging') ?? '') !== '') {
    throw notImplemented('This store keeps no tags: leave x-amz-tagging out.', { Header: 'x-amz-tagging' });
  }
  if (header(call, 'x-amz-write-offset-bytes') !== undefined) {
    const message = 'Only directory buckets can append to objects: leave x-amz-write-offset-bytes out.';
    throw notImplemented(message, { Header: 'x-amz-write-offset-bytes' });
  }
  for (const name of OWNERS) {
    const owner = header(call, name);
    if (owner !== undefined && owner !== call.service.account) throw accessDenied();
  }
}

export function noAcls(): S3Fault {
  return new S3Fault('AccessControlListNotSupported', 'The bucket does not allow ACLs');
}
