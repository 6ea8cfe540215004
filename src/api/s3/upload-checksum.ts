import { Digest } from '../../objects/local/digest.ts';
import type { PartInfo, UploadOptions } from '../../objects/local/embedded-store.ts';
import type { ChecksumAlgorithm, StoredChecksum } from '../../objects/local/stored-object.ts';
import { algorithmNamed } from './checksum-headers.ts';
import { type CombinableAlgorithm, CrcCombination } from './crc-combination.ts';
import { header, type S3Call } from './s3-call.ts';
import { invalidRequest } from './s3-fault.ts';

type ChecksumType = StoredChecksum['type'];

/**
 * The kind of checksum that an upload in parts is to have.
 *
 * @throws S3Fault `InvalidRequest`, `NotImplemented`
 */
export function uploadChecksum(call: S3Call): UploadOptions['checksum'] {
  const name = header(call, 'x-amz-checksum-algorithm');
  const type = header(call, 'x-amz-checksum-type')?.toUpperCase();
  if (name === undefined) {
    if (type === undefined) return undefined;
    throw invalidRequest('The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.');
  }
  const algorithm = algorithmNamed(name, 'x-amz-checksum-algorithm');
  if (type === undefined) return { algorithm, type: algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE' };
  if (!isChecksumType(type)) throw invalidRequest('Value for x-amz-checksum-type header is invalid.');
  const fits = type === 'FULL_OBJECT' ? isCombinable(algorithm) : algorithm !== 'CRC64NVME';
  if (fits) return { algorithm, type };
  throw invalidRequest(
    `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  );
}

/**
 * The checksum of an object put together from `parts`, which all have one of the algorithm: for the type `FULL_OBJECT` that of its
 * bytes, else the checksum of the parts' checksums.
 */
export function checksumOfParts(
  { algorithm, type }: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType },
  parts: readonly PartInfo[],
): StoredChecksum {
  const values = parts.map(({ number, checksum }) => {
    if (checksum?.algorithm !== algorithm) throw new Error(`the store did not compute ${algorithm} of part ${number}`);
    return checksum.value;
  });
  if (type === 'FULL_OBJECT') {
    if (!isCombinable(algorithm)) throw new Error(`a ${algorithm} of a whole cannot be made from those of its parts`);
    const combination = new CrcCombination(algorithm);
    for (const [at, { size }] of parts.entries()) combination.append(values[at] ?? '', size);
    return { algorithm, type, value: combination.value };
  }
  const digest = new Digest(algorithm);
  digest.update(Buffer.concat(values.map((value) => Buffer.from(value, 'base64'))));
  return { algorithm, type, value: `${digest.finish().checksum?.value}-${parts.length}` };
}

function isChecksumType(type: string): type is ChecksumType {
  return type === 'FULL_OBJECT' || type === 'COMPOSITE';
}

function isCombinable(algorithm: ChecksumAlgorithm): algorithm is CombinableAlgorithm {
  return algorithm !== 'SHA1' && algorithm !== 'SHA256';
}
