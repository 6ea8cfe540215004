/** A CRC whose bits are reversed and whose register starts and ends inverted, as all of S3's. */
interface Crc {
  readonly bits: number;
  /** The polynomial, its bits reversed. */
  readonly polynomial: bigint;
}

const CRCS = {
  CRC32: { bits: 32, polynomial: 0xedb88320n },
  CRC32C: { bits: 32, polynomial: 0x82f63b78n },
  CRC64NVME: { bits: 64, polynomial: 0x9a6c9329ac4bc9b5n },
} as const satisfies Record<string, Crc>;

export type CombinableAlgorithm = keyof typeof CRCS;

/**
 * Makes the CRC of a whole from those of its parts, without the bytes: appending `n` bytes multiplies the CRC so far by `x^8n`
 * modulo the polynomial, and adds that of what was appended (as in zlib's `crc32_combine`).
 */
export class CrcCombination {
  readonly #crc: Crc;
  /** `x^(8·2^i)`, made as needed. */
  readonly #powers: bigint[];
  /** Nearly all parts of an upload are equally long. */
  #last: { readonly bytes: number; readonly factor: bigint } | undefined;
  #value = 0n;

  constructor(algorithm: CombinableAlgorithm) {
    this.#crc = CRCS[algorithm];
    // The highest bit is x^0, so x^8 is eight bits below it.
    this.#powers = [1n << BigInt(this.#crc.bits - 9)];
  }

  /** @param crc of the part that comes next, base64 of its bytes, the most significant first */
  append(crc: string, bytes: number): void {
    const part = BigInt(`0x${Buffer.from(crc, 'base64').toString('hex')}`);
    this.#value = this.#multiply(this.#factor(bytes), this.#value) ^ part;
  }

  /** Base64 of its bytes, the most significant first. */
  get value(): string {
    return Buffer.from(this.#value.toString(16).padStart(this.#crc.bits / 4, '0'), 'hex').toString('base64');
  }

  #factor(bytes: number): bigint {
    if (this.#last?.bytes !== bytes) this.#last = { bytes, factor: this.#power(bytes) };
    return this.#last.factor;
  }

  /** `x^8n` */
  #power(n: number): bigint {
    let product = 1n << BigInt(this.#crc.bits - 1);
    for (let i = 0, left = n; left > 0; i++, left = Math.floor(left / 2)) {
      const square = this.#powers[i] ?? this.#squareOf(i - 1);
      if (left % 2 === 1) product = this.#multiply(square, product);
    }
    return product;
  }

  #squareOf(i: number): bigint {
    const power = this.#powers[i] ?? 0n;
    const square = this.#multiply(power, power);
    this.#powers.push(square);
    return square;
  }

  /** `a·b` modulo the polynomial. */
  #multiply(a: bigint, b: bigint): bigint {
    const { bits, polynomial } = this.#crc;
    let product = 0n;
    let shifted = b;
    for (let bit = 1n << BigInt(bits - 1); bit > 0n; bit >>= 1n) {
      if (a & bit) product ^= shifted;
      shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
    }
    return product;
  }
}
