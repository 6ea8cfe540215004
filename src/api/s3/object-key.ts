import { S3Fault } from './s3-fault.ts';

const MAX_KEY_BYTES = 1024;

/** @throws S3Fault `KeyTooLongError`, `UserKeyMustBeSpecified` */
export function checkKey(key: string): void {
  if (key === '') {
    const message =
      'The bucket POST must contain the specified field name. If it is specified, check the order of the fields.';
    throw new S3Fault('UserKeyMustBeSpecified', message);
  }
  const bytes = Buffer.byteLength(key);
  if (bytes <= MAX_KEY_BYTES) return;
  const details = { Size: bytes, MaxSizeAllowed: MAX_KEY_BYTES };
  throw new S3Fault('KeyTooLongError', 'Your key is too long', 400, details);
}
