import { ownerElement } from '../list-entries.ts';
import { xmlAnswer } from '../s3-answer.ts';
import type { BucketCall, S3Operation, S3Service } from '../s3-call.ts';
import { S3Fault } from '../s3-fault.ts';
import { element, Xml, xmlDocument } from '../xml-writer.ts';

/** A setting that buckets of S3 have, as it is of every bucket here. */
export interface BucketSetting {
  /** The parameter that it is addressed with. */
  readonly parameter: string;
  /** What comes after `GetBucket`, `PutBucket` and so on. */
  readonly name: string;
  readonly get: S3Operation<BucketCall>;
}

/** Nothing can be set, so what is read is what S3 says of a bucket that nothing has been set of. */
export const bucketSettings: readonly BucketSetting[] = [
  setting('acl', 'Acl', ({ account }) => accessControlPolicy(account)),
  setting('versioning', 'Versioning', () => xmlDocument('VersioningConfiguration')),
  setting('logging', 'Logging', () => xmlDocument('BucketLoggingStatus')),
  setting('notification', 'NotificationConfiguration', () => xmlDocument('NotificationConfiguration')),
  setting('accelerate', 'AccelerateConfiguration', () => xmlDocument('AccelerateConfiguration')),
  setting('requestPayment', 'RequestPayment', () =>
    xmlDocument('RequestPaymentConfiguration', element('Payer', 'BucketOwner')),
  ),
  setting('ownershipControls', 'OwnershipControls', () =>
    xmlDocument('OwnershipControls', element('Rule', element('ObjectOwnership', 'BucketOwnerEnforced'))),
  ),
  missing('policy', 'Policy', 'NoSuchBucketPolicy', 'The bucket policy does not exist'),
  missing('policyStatus', 'PolicyStatus', 'NoSuchBucketPolicy', 'The bucket policy does not exist'),
  missing(
    'lifecycle',
    'LifecycleConfiguration',
    'NoSuchLifecycleConfiguration',
    'The lifecycle configuration does not exist',
  ),
  missing('cors', 'Cors', 'NoSuchCORSConfiguration', 'The CORS configuration does not exist'),
  missing(
    'encryption',
    'Encryption',
    'ServerSideEncryptionConfigurationNotFoundError',
    'The server side encryption configuration was not found',
  ),
  missing('tagging', 'Tagging', 'NoSuchTagSet', 'The TagSet does not exist'),
  missing(
    'website',
    'Website',
    'NoSuchWebsiteConfiguration',
    'The specified bucket does not have a website configuration',
  ),
  missing(
    'replication',
    'Replication',
    'ReplicationConfigurationNotFoundError',
    'The replication configuration was not found',
  ),
  missing(
    'object-lock',
    'ObjectLockConfiguration',
    'ObjectLockConfigurationNotFoundError',
    'Object Lock configuration does not exist for this bucket',
  ),
  missing(
    'publicAccessBlock',
    'PublicAccessBlock',
    'NoSuchPublicAccessBlockConfiguration',
    'The public access block configuration was not found',
  ),
];

/** Everything is its owner's, and nobody else's. */
export function accessControlPolicy(account: string): string {
  const grantee = new Xml(
    `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">${element('ID', account).text}${element('DisplayName', account).text}</Grantee>`,
  );
  return xmlDocument(
    'AccessControlPolicy',
    ownerElement(account),
    element('AccessControlList', element('Grant', grantee, element('Permission', 'FULL_CONTROL'))),
  );
}

function setting(parameter: string, name: string, document: (service: S3Service) => string): BucketSetting {
  return { parameter, name, get: async ({ service }) => xmlAnswer(document(service)) };
}

function missing(parameter: string, name: string, code: string, message: string): BucketSetting {
  return {
    parameter,
    name,
    get: async ({ bucketName }) => {
      throw new S3Fault(code, message, 404, { BucketName: bucketName });
    },
  };
}
