import { createHash } from 'node:crypto';
import type { ChunkHead } from './aws-chunked.ts';
import type { ChunkSigning } from './payload-mode.ts';
import { sameSignature, scopeText } from './request-signer.ts';
import { signatureDoesNotMatch } from './s3-refusals.ts';

const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/**
 * Verifies the chain of chunk signatures: each covers the one before and the bytes of its chunk, so that no chunk can
 * be changed, left out or moved. A chunk is hashed as its bytes come by and judged when the next one begins.
 */
export class ChunkSignatures {
  readonly #signing: ChunkSigning;
  /** The signature before the current chunk's. */
  #previous: string;
  #current: string | undefined;
  #hash = createHash('sha256');

  constructor(signing: ChunkSigning) {
    this.#signing = signing;
    this.#previous = signing.seedSignature;
  }

  /** @throws Fault `SignatureDoesNotMatch`, of the chunk before */
  async begin({ signature }: ChunkHead): Promise<void> {
    await this.#endChunk();
    this.#current = signature;
    this.#hash = createHash('sha256');
  }

  update(bytes: Buffer): void {
    this.#hash.update(bytes);
  }

  /** @throws Fault `SignatureDoesNotMatch`, of the last chunk */
  async end(): Promise<void> {
    await this.#endChunk();
    this.#current = undefined;
  }

  /** @throws Fault `SignatureDoesNotMatch` */
  async verifyTrailer(trailer: ReadonlyMap<string, string>, signature: string): Promise<void> {
    const lines = Array.from(trailer, ([name, value]) => `${name}:${value}\n`).sort();
    const hash = createHash('sha256').update(lines.join(''), 'latin1').digest('hex');
    await this.#verify('AWS4-HMAC-SHA256-TRAILER', [hash], signature);
  }

  async #endChunk(): Promise<void> {
    if (this.#current === undefined) return;
    const hashes = [SHA256_OF_NOTHING, this.#hash.digest('hex')];
    await this.#verify('AWS4-HMAC-SHA256-PAYLOAD', hashes, this.#current);
    this.#previous = this.#current;
  }

  async #verify(algorithm: string, hashes: readonly string[], signature: string): Promise<void> {
    const { timestamp, scope } = this.#signing;
    const stringToSign = [algorithm, timestamp, scopeText(scope), this.#previous, ...hashes].join('\n');
    if (!sameSignature(await this.#signing.sign(stringToSign), signature)) throw signatureDoesNotMatch();
  }
}
