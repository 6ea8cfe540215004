import { type Crc32c, crc32c } from '../../core/crc32c.ts';
import { MillraceError } from '../../core/errors.ts';
import type { Split, SplitObject, Splitter } from './split.ts';

/** The format is defined by TensorFlow, tensorflow/core/lib/io/record_writer.h; all numbers are little-endian. */
const LENGTH_BYTES = 8;
const CHECKSUM_BYTES = 4;
const HEADER_BYTES = LENGTH_BYTES + CHECKSUM_BYTES;
const FRAMING_BYTES = HEADER_BYTES + CHECKSUM_BYTES;
/** Checksums are written masked: of data that hold checksums themselves, the plain ones would often be wrong unnoticed. */
const MASK_DELTA = 0xa282ead8;

/** `SplitType=TFRecord`: a length, the data and a checksum of each, all of which are verified. Its `payload` is the data. */
export function tfRecord(): Split {
  const crc = crc32c();
  return { framingBytes: FRAMING_BYTES, splitter: (object) => new TFRecordSplitter(object, crc), payload };
}

/** When `scan` throws, `boundary` and `records` tell of the records before the bad one. */
class TFRecordSplitter implements Splitter {
  boundary = -1;
  records = 0;
  readonly #object: SplitObject;
  readonly #crc32c: Crc32c;
  /** Of the record that is being read: where in the object it starts, and its number there. */
  #offset = 0;
  #record = 0;
  /** Its length and how much of its data is still to come, -1 while its header is awaited. */
  #length = 0;
  #left = -1;
  /** The checksum of its data so far. */
  #crc = 0;
  /** A header, or a checksum of data, that is cut by the end of a piece. */
  readonly #cut = Buffer.alloc(HEADER_BYTES);
  #collected = 0;

  constructor(object: SplitObject, crc: Crc32c) {
    this.#object = object;
    this.#crc32c = crc;
  }

  scan(bytes: Buffer, from: number, to: number, maxRecords: number): number {
    this.boundary = -1;
    this.records = 0;
    for (let at = from; at < to; ) {
      if (this.#left === -1) {
        const taken = Math.min(HEADER_BYTES - this.#collected, to - at);
        if (taken === HEADER_BYTES) this.#begin(bytes, at);
        else if (this.#collect(bytes, at, taken, HEADER_BYTES)) this.#begin(this.#cut, 0);
        else return to;
        at += taken;
      }
      const data = Math.min(this.#left, to - at);
      if (data > 0) {
        this.#crc = this.#crc32c(bytes, at, at + data, this.#crc);
        this.#left -= data;
        at += data;
      }
      if (this.#left > 0) return to;
      const taken = Math.min(CHECKSUM_BYTES - this.#collected, to - at);
      if (taken === CHECKSUM_BYTES) this.#finish(bytes, at);
      else if (this.#collect(bytes, at, taken, CHECKSUM_BYTES)) this.#finish(this.#cut, 0);
      else return to;
      at += taken;
      this.boundary = at;
      this.records += 1;
      if (this.records === maxRecords) return at;
    }
    return to;
  }

  #collect(bytes: Buffer, at: number, taken: number, wanted: number): boolean {
    bytes.copy(this.#cut, this.#collected, at, at + taken);
    this.#collected += taken;
    return this.#collected === wanted;
  }

  /** A record begins, whose header is at `at`. */
  #begin(bytes: Buffer, at: number): void {
    this.#collected = 0;
    // The checksum first: a wrong length would be looked for in the bytes that follow, or be called too large.
    this.#verify(this.#crc32c(bytes, at, at + LENGTH_BYTES, 0), bytes.readUInt32LE(at + LENGTH_BYTES), 'length');
    // From 2^53 on it is rounded, which is still larger than any object and any limit.
    const length = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
    const { name: object, sizeBytes, maxRecordBytes } = this.#object;
    // The end of the object next: a file that is cut off is not mended by a larger limit.
    if (sizeBytes !== undefined && this.#offset + FRAMING_BYTES + length > sizeBytes) {
      const rest = sizeBytes - this.#offset - FRAMING_BYTES;
      throw this.#cutOff(length < 2 ** 53 ? length - rest : bytes.readBigUInt64LE(at) - BigInt(rest));
    }
    if (length > maxRecordBytes) {
      throw new MillraceError('RecordTooLarge', {
        object,
        record: this.#record,
        offset: this.#offset,
        limitBytes: maxRecordBytes,
      });
    }
    this.#length = length;
    this.#left = length;
    this.#crc = 0;
  }

  /** The record is complete but for the checksum of its data, which is at `at`. */
  #finish(bytes: Buffer, at: number): void {
    this.#collected = 0;
    this.#verify(this.#crc, bytes.readUInt32LE(at), 'data');
    this.#offset += FRAMING_BYTES + this.#length;
    this.#record += 1;
    this.#left = -1;
  }

  #verify(crc: number, found: number, what: 'length' | 'data'): void {
    const expected = (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
    if (found === expected) return;
    throw this.#invalid(`has a wrong checksum of its ${what}: ${hex(expected)} expected, ${hex(found)} found`);
  }

  end(): void {
    if (this.#left >= 0) throw this.#cutOff(this.#left + CHECKSUM_BYTES - this.#collected);
    if (this.#collected > 0) throw this.#cutOff(HEADER_BYTES - this.#collected, 'its header');
  }

  #cutOff(missing: number | bigint, of = 'its frame'): MillraceError {
    const bytes = `${missing} ${missing === 1 ? 'byte' : 'bytes'}`;
    return this.#invalid(`is cut off by the end of the object, ${bytes} short of the end of ${of}`);
  }

  #invalid(cause: string): MillraceError {
    const { name: object } = this.#object;
    return new MillraceError('FrameInvalid', {
      object,
      record: this.#record,
      offset: this.#offset,
      format: 'TFRecord',
      cause,
    });
  }
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}

/** The data of a whole record, which a splitter has found: nothing is checked again. Its bytes are not copied. */
function payload(record: readonly Buffer[]): readonly Buffer[] {
  let start = 0;
  let total = 0;
  for (const segment of record) total += segment.length;
  const data: Buffer[] = [];
  for (const segment of record) {
    // Where the data are, counted from the start of this segment.
    const from = Math.max(0, HEADER_BYTES - start);
    const to = Math.min(segment.length, total - CHECKSUM_BYTES - start);
    if (from < to) data.push(segment.subarray(from, to));
    start += segment.length;
  }
  return data;
}
