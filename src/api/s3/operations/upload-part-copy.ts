import type { ByteRange } from '../byte-range.ts';
import { copySource, openCopySource } from '../copy-source.ts';
import { quoted } from '../etags.ts';
import { foundUpload, workOnUpload } from '../found-upload.ts';
import { isoTime } from '../list-entries.ts';
import { requiredPartNumber } from '../part-number.ts';
import { copyBytes, MAX_UPLOAD_BYTES } from '../received-body.ts';
import { xmlAnswer } from '../s3-answer.ts';
import { header, type ObjectCall, type S3Operation } from '../s3-call.ts';
import { invalidArgument, invalidRequest } from '../s3-fault.ts';
import { element, xmlDocument } from '../xml-writer.ts';

const RANGE = 'x-amz-copy-source-range';

export const uploadPartCopy: S3Operation<ObjectCall> = async (call) => {
  const number = requiredPartNumber(call);
  const source = copySource(call);
  const upload = await foundUpload(call);
  const reader = await openCopySource(call, source);
  try {
    const { start, end } = sourceRange(header(call, RANGE), reader.object.size);
    const size = end - start;
    if (size > MAX_UPLOAD_BYTES) {
      throw invalidRequest(
        `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_UPLOAD_BYTES}`,
      );
    }
    const part = await workOnUpload(call, upload, async () => {
      const writer = await upload.writePart(number, { size, checksum: upload.checksum?.algorithm });
      return copyBytes(reader.bytes(start, end), writer, size, call.signal, () => writer.commit());
    });
    const document = xmlDocument(
      'CopyPartResult',
      element('LastModified', isoTime(part.modifiedAt)),
      element('ETag', quoted(part.etag)),
      part.checksum && element(`Checksum${part.checksum.algorithm}`, part.checksum.value),
    );
    return xmlAnswer(document);
  } finally {
    await reader.close();
  }
};

/** Unlike a `Range`, this one has both ends, and they are within the source. */
function sourceRange(text: string | undefined, size: number): ByteRange {
  if (text === undefined) return { start: 0, end: size };
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(text) ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    const message =
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy';
    throw invalidArgument(RANGE, text, message);
  }
  if (Number(last) >= size) {
    throw invalidArgument(RANGE, text, `Range specified is not valid for source object of size: ${size}`);
  }
  return { start: Number(first), end: Number(last) + 1 };
}
