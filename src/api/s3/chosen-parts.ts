import type { PartInfo } from '../../objects/local/embedded-store.ts';
import { checksumAlgorithms } from '../../objects/local/stored-object.ts';
import { quoted, unquoted } from './etags.ts';
import { MAX_PARTS } from './part-number.ts';
import { malformedXml, S3Fault } from './s3-fault.ts';
import type { XmlElement } from './xml-reader.ts';

/** Of all parts but the last, in bytes. */
const MIN_PART_BYTES = 5 * 1024 ** 2;

/**
 * The parts that a `CompleteMultipartUpload` document names, as the store has them.
 *
 * @param uploaded in ascending order of their numbers
 * @throws S3Fault `MalformedXML`, `InvalidPartOrder`, `InvalidPart`, `EntityTooSmall`
 */
export function chosenParts(
  request: XmlElement | undefined,
  uploaded: readonly PartInfo[],
  uploadId: string,
): readonly PartInfo[] {
  const elements = request?.children.filter(({ name }) => name === 'Part') ?? [];
  if (elements.length === 0 || elements.length > MAX_PARTS) throw malformedXml();
  const byNumber = new Map(uploaded.map((part) => [part.number, part]));
  let before = 0;
  const parts = elements.map((element) => {
    const number = numberOf(element);
    if (number <= before) {
      const message = 'The list of parts was not in ascending order. Parts must be ordered by part number.';
      throw new S3Fault('InvalidPartOrder', message, 400, { UploadId: uploadId });
    }
    before = number;
    const part = byNumber.get(number);
    const etag = element.value('ETag');
    if (etag === undefined) throw malformedXml();
    if (part === undefined || unquoted(etag) !== part.etag || !hasChecksumsOf(element, part)) {
      throw invalidPart(uploadId, number, etag);
    }
    return part;
  });
  for (const part of parts.slice(0, -1)) if (part.size < MIN_PART_BYTES) throw tooSmall(part);
  return parts;
}

function numberOf(element: XmlElement): number {
  const text = element.value('PartNumber')?.trim() ?? '';
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > MAX_PARTS) throw malformedXml();
  return number;
}

function hasChecksumsOf(element: XmlElement, { checksum }: PartInfo): boolean {
  return checksumAlgorithms.every((algorithm) => {
    const value = element.value(`Checksum${algorithm}`)?.trim();
    return value === undefined || (algorithm === checksum?.algorithm && value === checksum.value);
  });
}

function invalidPart(uploadId: string, number: number, etag: string): S3Fault {
  const message =
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
  return new S3Fault('InvalidPart', message, 400, { UploadId: uploadId, PartNumber: number, ETag: etag });
}

function tooSmall({ number, size, etag }: PartInfo): S3Fault {
  const message = 'Your proposed upload is smaller than the minimum allowed size';
  const details = { ProposedSize: size, MinSizeAllowed: MIN_PART_BYTES, PartNumber: number, ETag: quoted(etag) };
  return new S3Fault('EntityTooSmall', message, 400, details);
}
