import type { EmbeddedUpload } from '../../objects/local/embedded-store.ts';
import { Fault } from '../fault.ts';
import type { ObjectCall } from './s3-call.ts';
import { noSuchUpload } from './s3-fault.ts';

/** @throws S3Fault `NoSuchUpload`, also for the upload of another key */
export async function foundUpload(call: ObjectCall): Promise<EmbeddedUpload> {
  const id = call.query.get('uploadId') ?? '';
  const upload = await call.bucket.upload(id);
  if (upload?.key !== call.key) throw noSuchUpload(id);
  return upload;
}

/**
 * Works on an upload, which another request may complete or abort meanwhile: that is not a failure of the server.
 *
 * @throws S3Fault `NoSuchUpload` when it has ended
 */
export async function workOnUpload<T>(call: ObjectCall, { id }: EmbeddedUpload, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault || (await call.bucket.upload(id)) !== undefined) throw error;
    throw noSuchUpload(id);
  }
}
