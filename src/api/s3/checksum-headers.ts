import { type ChecksumAlgorithm, checksumAlgorithms, type StoredChecksum } from '../../objects/local/stored-object.ts';
import type { S3Call } from './s3-call.ts';
import { header } from './s3-call.ts';
import { invalidRequest, notImplemented } from './s3-fault.ts';
import { element, type Xml } from './xml-writer.ts';

const PREFIX = 'x-amz-checksum-';
/** Headers of the same prefix that carry no checksum. */
const ABOUT_CHECKSUMS = ['x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type'];
const BYTES: Readonly<Record<ChecksumAlgorithm, number>> = { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 };

/** A checksum as a client gives it. */
export interface SentChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; `undefined` when it comes in the trailer. */
  readonly value: string | undefined;
}

export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return PREFIX + algorithm.toLowerCase();
}

/** As answers carry it. */
export function checksumHeaders(checksum: StoredChecksum | undefined): Record<string, string> {
  if (checksum === undefined) return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

/** `<ChecksumCRC32>…</ChecksumCRC32><ChecksumType>…</ChecksumType>` */
export function checksumElements(checksum: StoredChecksum | undefined): readonly Xml[] {
  if (checksum === undefined) return [];
  return [element(`Checksum${checksum.algorithm}`, checksum.value), element('ChecksumType', checksum.type)];
}

/**
 * The checksum that is sent with a request, in a header or announced for the trailer.
 *
 * @throws S3Fault `InvalidRequest`, `NotImplemented` for algorithms that the store does not compute
 */
export function sentChecksum(call: S3Call): SentChecksum | undefined {
  const headers = Object.keys(call.headers).filter(
    (name) => name.startsWith(PREFIX) && !ABOUT_CHECKSUMS.includes(name),
  );
  const announced = (header(call, 'x-amz-trailer') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  if (announced.some((name) => !name.startsWith(PREFIX))) {
    throw invalidRequest('The value specified in the x-amz-trailer header is not supported');
  }
  const [name, ...others] = [...headers, ...announced];
  const stated = header(call, 'x-amz-sdk-checksum-algorithm');
  if (name === undefined) {
    if (stated === undefined) return undefined;
    throw invalidRequest(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  if (others.length > 0) {
    throw invalidRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');
  }
  const algorithm = algorithmNamed(name.slice(PREFIX.length), name);
  if (stated !== undefined && stated.toUpperCase() !== algorithm) {
    throw invalidRequest('Value for x-amz-sdk-checksum-algorithm header is invalid.');
  }
  return { algorithm, value: header(call, name)?.trim() };
}

/** @throws S3Fault `NotImplemented` for one that the store does not compute */
export function algorithmNamed(name: string, headerName: string): ChecksumAlgorithm {
  const algorithm = checksumAlgorithms.find((known) => known === name.toUpperCase());
  if (algorithm === undefined) {
    const message = `${headerName}: this store computes ${checksumAlgorithms.join(', ')}, not "${name}".`;
    throw notImplemented(message, { Header: headerName });
  }
  return algorithm;
}

/** @throws S3Fault `InvalidRequest` when it cannot be a checksum of this algorithm */
export function checkForm(algorithm: ChecksumAlgorithm, value: string, where: 'header' | 'trailing header'): void {
  if (!isBase64Of(value, BYTES[algorithm])) {
    throw invalidRequest(`Value for ${checksumHeader(algorithm)} ${where} is invalid.`);
  }
}

export function isBase64Of(value: string, bytes: number): boolean {
  const decoded = Buffer.from(value, 'base64');
  return decoded.length === bytes && decoded.toString('base64') === value;
}
