import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32c } from '../../core/crc32c.ts';
import { Crc64Nvme } from '../../core/crc64nvme.ts';
import type { ChecksumAlgorithm, StoredChecksum } from './stored-object.ts';

/** A checksum of bytes that come in pieces. */
interface Running {
  update(bytes: Buffer): unknown;
  /** The bytes of the checksum, the most significant first. */
  digest(): Buffer;
}

function running(algorithm: ChecksumAlgorithm): Running {
  switch (algorithm) {
    case 'CRC32':
      return wordBy((bytes, before) => crc32(bytes, before));
    case 'CRC32C': {
      const crc = crc32c();
      return wordBy((bytes, before) => crc(bytes, 0, bytes.length, before));
    }
    case 'CRC64NVME':
      return new Crc64Nvme();
    case 'SHA1':
      return createHash('sha1');
    case 'SHA256':
      return createHash('sha256');
  }
}

function wordBy(next: (bytes: Buffer, before: number) => number): Running {
  let word = 0;
  return {
    update: (bytes) => {
      word = next(bytes, word);
    },
    digest: () => {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeUInt32BE(word);
      return bytes;
    },
  };
}

/** MD5, which every object has for its ETag, and the checksum that was asked for. */
export class Digest {
  readonly #md5 = createHash('md5');
  readonly #algorithm: ChecksumAlgorithm | undefined;
  readonly #checksum: Running | undefined;

  constructor(algorithm: ChecksumAlgorithm | undefined) {
    this.#algorithm = algorithm;
    this.#checksum = algorithm && running(algorithm);
  }

  update(bytes: Buffer): void {
    this.#md5.update(bytes);
    this.#checksum?.update(bytes);
  }

  /** Once, at the end. */
  finish(): { readonly md5: string; readonly checksum: StoredChecksum | undefined } {
    const value = this.#checksum?.digest().toString('base64');
    return {
      md5: this.#md5.digest('hex'),
      checksum:
        this.#algorithm === undefined || value === undefined
          ? undefined
          : { algorithm: this.#algorithm, value, type: 'FULL_OBJECT' },
    };
  }
}
