import { S3ServiceException } from '@aws-sdk/client-s3';
import { causeOf } from '../core/errors.ts';

/** The server's own code and words: `SlowDown: Please reduce your request rate (503)`. */
export function describe(error: unknown): string {
  if (!(error instanceof S3ServiceException)) return causeOf(error);
  const status = error.$metadata.httpStatusCode;
  const words = error.message === '' || error.message === 'UnknownError' ? '' : `: ${error.message}`;
  return `${error.name}${words}${status === undefined ? '' : ` (${status})`}`;
}
