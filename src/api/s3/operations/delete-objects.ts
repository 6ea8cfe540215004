import { orderedMap } from '../../../core/ordered-map.ts';
import { Fault } from '../../fault.ts';
import { checkKey } from '../object-key.ts';
import { removeObject } from '../removed-object.ts';
import { xmlAnswer } from '../s3-answer.ts';
import type { BucketCall, S3Operation } from '../s3-call.ts';
import { malformedXml, notImplemented, S3Fault } from '../s3-fault.ts';
import { checkVersion } from '../version-id.ts';
import { matching } from '../write-condition.ts';
import { digestedXmlBody } from '../xml-body.ts';
import type { XmlElement } from '../xml-reader.ts';
import { element, optional, type Xml, xmlDocument } from '../xml-writer.ts';

const MAX_KEYS = 1000;
const CONCURRENCY = 8;

export const deleteObjects: S3Operation<BucketCall> = async (call) => {
  const request = await digestedXmlBody(call, 'Delete');
  if (request === undefined) throw new S3Fault('MissingRequestBodyError', 'Request Body is empty');
  const isQuiet = request.value('Quiet')?.trim().toLowerCase() === 'true';
  const objects = request.children.filter(({ name }) => name === 'Object');
  if (objects.length === 0 || objects.length > MAX_KEYS) throw malformedXml();
  if (objects.some((object) => object.child('Key') === undefined)) throw malformedXml();

  const results: Xml[] = [];
  const source = async function* () {
    yield* objects;
  };
  const options = { concurrency: CONCURRENCY, lookAhead: MAX_KEYS, signal: call.signal };
  for await (const { isRemoved, xml } of orderedMap(source, (object) => removeOne(call, object), options)) {
    if (!isRemoved || !isQuiet) results.push(xml);
  }
  return xmlAnswer(xmlDocument('DeleteResult', results));
};

interface Result {
  readonly isRemoved: boolean;
  readonly xml: Xml;
}

/** What is refused of one key says nothing of the others. */
async function removeOne({ bucket }: BucketCall, object: XmlElement): Promise<Result> {
  const key = object.value('Key') ?? '';
  const versionId = object.value('VersionId');
  const identity = [element('Key', key), optional('VersionId', versionId)];
  try {
    checkKey(key);
    checkVersion(versionId, key);
    for (const name of ['LastModifiedTime', 'Size']) {
      if (object.child(name)) throw notImplemented(`Only directory buckets know the condition ${name}.`);
    }
    const etag = object.value('ETag');
    await removeObject(bucket, key, etag === undefined ? undefined : matching(key, etag));
    return { isRemoved: true, xml: element('Deleted', ...identity) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const xml = element('Error', ...identity, element('Code', error.code), element('Message', error.message));
    return { isRemoved: false, xml };
  }
}
