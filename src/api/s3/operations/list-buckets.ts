import { isoTime, ownerElement } from '../list-entries.ts';
import { continuationToken, readContinuationToken, wholeNumber } from '../list-parameters.ts';
import { xmlAnswer } from '../s3-answer.ts';
import type { S3Call, S3Operation } from '../s3-call.ts';
import { invalidArgument } from '../s3-fault.ts';
import { element, optional, xmlDocument } from '../xml-writer.ts';

const MAX_BUCKETS = 10_000;

export const listBuckets: S3Operation<S3Call> = async ({ service, query }) => {
  const prefix = query.get('prefix') ?? '';
  const limit = wholeNumber(query.get('max-buckets'), 'max-buckets', 1) ?? MAX_BUCKETS;
  if (limit > MAX_BUCKETS) {
    const message = `Argument max-buckets must be an integer between 1 and ${MAX_BUCKETS}`;
    throw invalidArgument('max-buckets', limit, message);
  }
  const token = query.get('continuation-token');
  const after = token === undefined ? '' : readContinuationToken(token);
  const isOfRegion = (query.get('bucket-region') ?? service.region) === service.region;
  const buckets = (await service.store.buckets()).filter(
    ({ name }) => isOfRegion && name.startsWith(prefix) && name > after,
  );
  const page = buckets.slice(0, limit);
  const last = page.at(-1);
  const next = buckets.length > limit && last !== undefined ? continuationToken(last.name) : undefined;
  const document = xmlDocument(
    'ListAllMyBucketsResult',
    ownerElement(service.account),
    element(
      'Buckets',
      page.map(({ name, createdAt }) =>
        element(
          'Bucket',
          element('Name', name),
          element('CreationDate', isoTime(createdAt)),
          element('BucketRegion', service.region),
        ),
      ),
    ),
    optional('ContinuationToken', next),
    prefix === '' ? undefined : element('Prefix', prefix),
  );
  return xmlAnswer(document);
};
