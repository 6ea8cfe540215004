import { commonPrefixElements, contentsElement, ownerElement } from '../list-entries.ts';
import { continuationToken, nameEncoding, pageLimit, readContinuationToken } from '../list-parameters.ts';
import { xmlAnswer } from '../s3-answer.ts';
import type { BucketCall, S3Operation } from '../s3-call.ts';
import { invalidArgument } from '../s3-fault.ts';
import { element, optional, xmlDocument } from '../xml-writer.ts';

export const listObjectsV2: S3Operation<BucketCall> = async (call) => {
  const { bucket, query, service, signal } = call;
  const version = query.get('list-type') ?? '';
  if (version !== '2') throw invalidArgument('list-type', version, 'Invalid List Type specified in Request');
  const limit = pageLimit(call, 'max-keys');
  const encode = nameEncoding(call);
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') || undefined;
  const startAfter = query.get('start-after') || undefined;
  const token = query.get('continuation-token');
  const after = token === undefined ? (startAfter ?? '') : readContinuationToken(token);
  const page = await bucket.list({ prefix, delimiter, after, limit }, signal);
  const next = limit > 0 ? page.next : undefined;
  const owner = query.get('fetch-owner') === 'true' ? ownerElement(service.account) : undefined;
  const document = xmlDocument(
    'ListBucketResult',
    element('Name', bucket.name),
    element('Prefix', encode(prefix)),
    optional('StartAfter', startAfter && encode(startAfter)),
    optional('ContinuationToken', token),
    optional('NextContinuationToken', next && continuationToken(next)),
    element('KeyCount', page.objects.length + page.commonPrefixes.length),
    element('MaxKeys', limit),
    optional('Delimiter', delimiter && encode(delimiter)),
    optional('EncodingType', query.get('encoding-type') || undefined),
    element('IsTruncated', next !== undefined),
    page.objects.map((object) => contentsElement(object, encode(object.key), owner)),
    commonPrefixElements(page.commonPrefixes, encode),
  );
  return xmlAnswer(document, { 'x-amz-bucket-region': service.region });
};
