import { Digest } from '../../objects/local/digest.ts';
import { ExpectedDigests } from './expected-digests.ts';
import type { S3Call } from './s3-call.ts';
import { incompleteBody, S3Fault } from './s3-fault.ts';
import { readXml, type XmlElement } from './xml-reader.ts';

/** 10,000 parts with ETags and SHA-256s are 2 MB. */
const MAX_BYTES = 2 * 1024 * 1024;

/**
 * The document that a request carries, checked against the digests that the request gives of it; `undefined` when it carries none.
 *
 * @throws S3Fault `MaxMessageLengthExceeded`, `MalformedXML`, `IncompleteBody`, `BadDigest`
 */
export async function digestedXmlBody(call: S3Call, root: string): Promise<XmlElement | undefined> {
  const expected = new ExpectedDigests(call);
  const bytes = await gather(call);
  const digest = new Digest(expected.algorithm);
  digest.update(bytes);
  expected.check(digest.finish(), call.trailers());
  return bytes.length === 0 ? undefined : readXml(bytes, root);
}

/** The same where the digests of the request are about something else. */
export async function xmlBody(call: S3Call, root: string): Promise<XmlElement | undefined> {
  const bytes = await gather(call);
  return bytes.length === 0 ? undefined : readXml(bytes, root);
}

async function gather({ body, decodedLength = 0, signal }: S3Call): Promise<Buffer> {
  if (decodedLength > MAX_BYTES) throw tooLong();
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    signal.throwIfAborted();
    bytes += piece.length;
    if (bytes > MAX_BYTES) throw tooLong();
    pieces.push(piece);
  }
  if (decodedLength > bytes) throw incompleteBody(decodedLength, bytes);
  return Buffer.concat(pieces, bytes);
}

function tooLong(): S3Fault {
  const details = { MaxMessageLengthBytes: MAX_BYTES };
  return new S3Fault('MaxMessageLengthExceeded', 'Your request was too big.', 400, details);
}
