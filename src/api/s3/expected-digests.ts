import type { ChecksumAlgorithm, StoredChecksum } from '../../objects/local/stored-object.ts';
import { checkForm, checksumHeader, isBase64Of, type SentChecksum, sentChecksum } from './checksum-headers.ts';
import { header, type S3Call } from './s3-call.ts';
import { S3Fault } from './s3-fault.ts';

/** What came of a body. */
export interface BodyDigest {
  /** In hexadecimal. */
  readonly md5: string;
  readonly checksum: StoredChecksum | undefined;
}

/** What a request says that its body comes to. */
export class ExpectedDigests {
  readonly #md5: string | undefined;
  readonly #checksum: SentChecksum | undefined;

  /** @throws S3Fault `InvalidDigest`, `InvalidRequest`, `NotImplemented` */
  constructor(call: S3Call) {
    this.#md5 = header(call, 'content-md5')?.trim();
    if (this.#md5 !== undefined && !isBase64Of(this.#md5, 16)) {
      const message = 'The Content-MD5 you specified was invalid.';
      throw new S3Fault('InvalidDigest', message, 400, { 'Content-MD5': this.#md5 });
    }
    this.#checksum = sentChecksum(call);
    if (this.#checksum?.value !== undefined) checkForm(this.#checksum.algorithm, this.#checksum.value, 'header');
  }

  /** What has to be computed besides the MD5. */
  get algorithm(): ChecksumAlgorithm | undefined {
    return this.#checksum?.algorithm;
  }

  /**
   * @param trailers those of the body, which has ended
   * @throws S3Fault `BadDigest`, `InvalidRequest`, `MalformedTrailerError`
   */
  check({ md5, checksum }: BodyDigest, trailers: ReadonlyMap<string, string>): void {
    const calculated = Buffer.from(md5, 'hex').toString('base64');
    if (this.#md5 !== undefined && calculated !== this.#md5) {
      throw badDigest('The Content-MD5 you specified did not match what we received.', this.#md5, calculated);
    }
    if (this.#checksum === undefined) return;
    const { algorithm } = this.#checksum;
    const expected = this.#checksum.value ?? trailingChecksum(algorithm, trailers);
    if (checksum?.algorithm !== algorithm) throw new Error(`the store did not compute ${algorithm}`);
    if (checksum.value !== expected) {
      const message = `The ${algorithm} you specified did not match the calculated checksum.`;
      throw badDigest(message, expected, checksum.value);
    }
  }
}

function trailingChecksum(algorithm: ChecksumAlgorithm, trailers: ReadonlyMap<string, string>): string {
  const value = trailers.get(checksumHeader(algorithm))?.trim();
  if (value === undefined) {
    const message =
      'The request contained trailing data that was not well-formed or did not conform to our published schema.';
    throw new S3Fault('MalformedTrailerError', message);
  }
  checkForm(algorithm, value, 'trailing header');
  return value;
}

export function badDigest(message: string, expected: string, calculated: string): S3Fault {
  return new S3Fault('BadDigest', message, 400, { ExpectedDigest: expected, CalculatedDigest: calculated });
}
