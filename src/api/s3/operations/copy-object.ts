import type { EmbeddedReader } from '../../../objects/local/embedded-store.ts';
import type { StoredObject } from '../../../objects/local/stored-object.ts';
import { algorithmNamed, checksumElements } from '../checksum-headers.ts';
import { copySource, openCopySource } from '../copy-source.ts';
import { quoted } from '../etags.ts';
import { isoTime } from '../list-entries.ts';
import { copyBytes, MAX_UPLOAD_BYTES } from '../received-body.ts';
import { xmlAnswer } from '../s3-answer.ts';
import { header, type ObjectCall, type S3Operation } from '../s3-call.ts';
import { invalidArgument, invalidRequest } from '../s3-fault.ts';
import { headersToCopy, headersToStore, STORAGE_CLASS } from '../stored-headers.ts';
import { writeCondition, writtenObject } from '../write-condition.ts';
import { element, xmlDocument } from '../xml-writer.ts';

export const copyObject: S3Operation<ObjectCall> = async (call) => {
  const source = copySource(call);
  const replaces = directive(call) === 'REPLACE';
  const isSame = source.bucketName === call.bucketName && source.key === call.key;
  if (isSame && !replaces && !changesAnything(call)) {
    throw invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
  const reader = await openCopySource(call, source);
  try {
    const object = await copy(call, reader, replaces);
    const document = xmlDocument(
      'CopyObjectResult',
      element('LastModified', isoTime(object.modifiedAt)),
      element('ETag', quoted(object.etag)),
      checksumElements(object.checksum),
    );
    return xmlAnswer(document);
  } finally {
    await reader.close();
  }
};

async function copy(call: ObjectCall, reader: EmbeddedReader, replaces: boolean): Promise<StoredObject> {
  const { object: source } = reader;
  if (source.size > MAX_UPLOAD_BYTES) {
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_UPLOAD_BYTES}`,
    );
  }
  const condition = writeCondition(call);
  const algorithm = header(call, 'x-amz-checksum-algorithm');
  const writer = await call.bucket.create(call.key, {
    headers: replaces ? headersToStore(call.headers) : headersToCopy(source.headers, call.headers),
    checksum: algorithm ? algorithmNamed(algorithm, 'x-amz-checksum-algorithm') : source.checksum?.algorithm,
  });
  const commit = () => writer.commit(condition?.holds);
  const outcome = await copyBytes(reader.bytes(0, source.size), writer, source.size, call.signal, commit);
  return writtenObject(outcome, condition);
}

function directive(call: ObjectCall): 'COPY' | 'REPLACE' {
  const value = header(call, 'x-amz-metadata-directive') ?? 'COPY';
  if (value === 'COPY' || value === 'REPLACE') return value;
  throw invalidArgument('x-amz-metadata-directive', value, 'Unknown metadata directive.');
}

function changesAnything(call: ObjectCall): boolean {
  return [STORAGE_CLASS, 'x-amz-website-redirect-location'].some((name) => header(call, name) !== undefined);
}
