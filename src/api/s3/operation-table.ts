import { abortMultipartUpload } from './operations/abort-multipart-upload.ts';
import { bucketSettings } from './operations/bucket-settings.ts';
import { completeMultipartUpload } from './operations/complete-multipart-upload.ts';
import { copyObject } from './operations/copy-object.ts';
import { createMultipartUpload } from './operations/create-multipart-upload.ts';
import { deleteBucket } from './operations/delete-bucket.ts';
import { deleteObject } from './operations/delete-object.ts';
import { deleteObjects } from './operations/delete-objects.ts';
import { getBucketLocation } from './operations/get-bucket-location.ts';
import { getObject } from './operations/get-object.ts';
import { getObjectAttributes } from './operations/get-object-attributes.ts';
import { headBucket } from './operations/head-bucket.ts';
import { headObject } from './operations/head-object.ts';
import { listMultipartUploads } from './operations/list-multipart-uploads.ts';
import { listObjectVersions } from './operations/list-object-versions.ts';
import { listObjects } from './operations/list-objects.ts';
import { listObjectsV2 } from './operations/list-objects-v2.ts';
import { listParts } from './operations/list-parts.ts';
import { deleteObjectTagging, getObjectAcl, getObjectLock, getObjectTagging } from './operations/object-settings.ts';
import { putObject } from './operations/put-object.ts';
import { uploadPart } from './operations/upload-part.ts';
import { uploadPartCopy } from './operations/upload-part-copy.ts';
import { noAcls } from './refused-headers.ts';
import type { BucketCall, ObjectCall, S3Call, S3Operation } from './s3-call.ts';
import { notImplemented } from './s3-fault.ts';

/** What tells an operation from the others of its kind. */
export interface Route<Call extends S3Call> {
  readonly method: string;
  /** A parameter that the query has; left out for the operation that is meant when no other is. */
  readonly parameter?: string;
  /** A header that the request has, besides. */
  readonly header?: string;
  readonly run: S3Operation<Call>;
}

/** About a bucket, but for CreateBucket. The first one that fits is meant. */
export const bucketRoutes: readonly Route<BucketCall>[] = [
  { method: 'GET', parameter: 'location', run: getBucketLocation },
  { method: 'GET', parameter: 'uploads', run: listMultipartUploads },
  { method: 'GET', parameter: 'versions', run: listObjectVersions },
  { method: 'POST', parameter: 'delete', run: deleteObjects },
  ...bucketSettings.flatMap(({ parameter, name, get }) => [
    { method: 'GET', parameter, run: get },
    { method: 'PUT', parameter, run: parameter === 'acl' ? noAclsHere : notHere(`PutBucket${name}`) },
    { method: 'DELETE', parameter, run: notHere(`DeleteBucket${name}`) },
  ]),
  ...others('analytics', 'BucketAnalyticsConfiguration'),
  ...others('inventory', 'BucketInventoryConfiguration'),
  ...others('metrics', 'BucketMetricsConfiguration'),
  ...others('intelligent-tiering', 'BucketIntelligentTieringConfiguration'),
  ...others('metadataTable', 'BucketMetadataTableConfiguration'),
  ...others('metadataConfiguration', 'BucketMetadataConfiguration'),
  ...others('abac', 'BucketAbac'),
  { method: 'GET', parameter: 'session', run: notHere('CreateSession') },
  { method: 'GET', parameter: 'list-type', run: listObjectsV2 },
  { method: 'GET', run: listObjects },
  { method: 'HEAD', run: headBucket },
  { method: 'DELETE', run: deleteBucket },
  { method: 'POST', run: notHere('PostObject') },
];

export const objectRoutes: readonly Route<ObjectCall>[] = [
  { method: 'PUT', parameter: 'uploadId', header: 'x-amz-copy-source', run: uploadPartCopy },
  { method: 'PUT', parameter: 'uploadId', run: uploadPart },
  { method: 'GET', parameter: 'uploadId', run: listParts },
  { method: 'POST', parameter: 'uploadId', run: completeMultipartUpload },
  { method: 'DELETE', parameter: 'uploadId', run: abortMultipartUpload },
  { method: 'POST', parameter: 'uploads', run: createMultipartUpload },
  { method: 'GET', parameter: 'attributes', run: getObjectAttributes },
  { method: 'GET', parameter: 'acl', run: getObjectAcl },
  { method: 'PUT', parameter: 'acl', run: noAclsHere },
  { method: 'GET', parameter: 'tagging', run: getObjectTagging },
  { method: 'PUT', parameter: 'tagging', run: notHere('PutObjectTagging') },
  { method: 'DELETE', parameter: 'tagging', run: deleteObjectTagging },
  { method: 'GET', parameter: 'legal-hold', run: getObjectLock },
  { method: 'PUT', parameter: 'legal-hold', run: notHere('PutObjectLegalHold') },
  { method: 'GET', parameter: 'retention', run: getObjectLock },
  { method: 'PUT', parameter: 'retention', run: notHere('PutObjectRetention') },
  { method: 'GET', parameter: 'torrent', run: notHere('GetObjectTorrent') },
  { method: 'PUT', parameter: 'renameObject', run: notHere('RenameObject') },
  { method: 'PUT', parameter: 'encryption', run: notHere('UpdateObjectEncryption') },
  { method: 'POST', parameter: 'restore', run: notHere('RestoreObject') },
  { method: 'POST', parameter: 'select', run: notHere('SelectObjectContent') },
  { method: 'GET', run: getObject },
  { method: 'HEAD', run: headObject },
  { method: 'PUT', header: 'x-amz-copy-source', run: copyObject },
  { method: 'PUT', run: putObject },
  { method: 'DELETE', run: deleteObject },
];

export function routeOf<Call extends S3Call>(routes: readonly Route<Call>[], call: S3Call): Route<Call> | undefined {
  return routes.find(
    ({ method, parameter, header }) =>
      method === call.method &&
      (parameter === undefined || call.query.has(parameter)) &&
      (header === undefined || call.headers[header] !== undefined),
  );
}

/** Settings that there is nothing to say about, not even that they are not set. */
function others(parameter: string, name: string): Route<BucketCall>[] {
  const verbs = { GET: 'Get', PUT: 'Put', POST: 'Create', DELETE: 'Delete' };
  return Object.entries(verbs).map(([method, verb]) => ({ method, parameter, run: notHere(`${verb}${name}`) }));
}

function notHere(operation: string): S3Operation<S3Call> {
  return async () => {
    throw notImplemented(`${operation} is an operation of S3 that this store does not have.`);
  };
}

async function noAclsHere(): Promise<never> {
  throw noAcls();
}
