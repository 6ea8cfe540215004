import { MillraceError } from '../../core/errors.ts';
import type { Split, SplitObject, Splitter } from './split.ts';

/** The format is defined by dmlc-core, include/dmlc/recordio.h and src/recordio.cc; all numbers are little-endian. */
const MAGIC = 0xced7230a;
/** What the payload has where a record is cut into parts: writers leave it out there, so that it marks headers only. */
const MAGIC_BYTES = Buffer.from([0x0a, 0x23, 0xd7, 0xce]);
const HEADER_BYTES = 8;
/** A header's second word: the place of the part in its record in the upper 3 bits, and its length. */
const LENGTH_MASK = 2 ** 29 - 1;
const FLAG_SHIFT = 29;
const WHOLE = 0;
const FIRST = 1;
const MIDDLE = 2;
const LAST = 3;
/**
 * What headers and padding may add to a record. A part is cut where its payload has the magic at a multiple of 4 bytes: random
 * bytes do so once in 17 GB, and 64 KiB are enough for thousands of parts. Without a bound, a record of endless empty parts
 * would be read forever: the reference readers take it too.
 */
const FRAMING_BYTES = 64 * 1024;

/**
 * `SplitType=RecordIO`: a record is a frame, or several that are its parts. Padding is not looked at, as the reference readers
 * do not either. Its `payload` is without headers and padding, and has the magic again between the parts.
 */
export function recordIO(): Split {
  return { framingBytes: FRAMING_BYTES, splitter: (object) => new RecordIOSplitter(object), payload };
}

/** When `scan` throws, `boundary` and `records` tell of the records before the bad one. */
class RecordIOSplitter implements Splitter {
  boundary = -1;
  records = 0;
  readonly #object: SplitObject;
  /** Of the record that is being read: where in the object it starts, and its number there. */
  #offset = 0;
  #record = 0;
  /** What its headers so far tell: bytes of frames and of payload, and that more parts follow. */
  #frameBytes = 0;
  #payloadBytes = 0;
  #open = false;
  /** Bytes of data and padding that its current part still has, -1 while a header is awaited. */
  #left = -1;
  /** A header that is cut by the end of a piece. */
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #collected = 0;

  constructor(object: SplitObject) {
    this.#object = object;
  }

  scan(bytes: Buffer, from: number, to: number, maxRecords: number): number {
    this.boundary = -1;
    this.records = 0;
    for (let at = from; at < to; ) {
      if (this.#left === -1) {
        const taken = Math.min(HEADER_BYTES - this.#collected, to - at);
        if (taken === HEADER_BYTES) this.#begin(bytes, at);
        else if (this.#collect(bytes, at, taken)) this.#begin(this.#header, 0);
        else return to;
        at += taken;
      }
      const skipped = Math.min(this.#left, to - at);
      this.#left -= skipped;
      at += skipped;
      if (this.#left > 0) return to;
      this.#left = -1;
      if (this.#open) continue;
      this.#offset += this.#frameBytes;
      this.#record += 1;
      this.#frameBytes = 0;
      this.#payloadBytes = 0;
      this.boundary = at;
      this.records += 1;
      if (this.records === maxRecords) return at;
    }
    return to;
  }

  #collect(bytes: Buffer, at: number, taken: number): boolean {
    bytes.copy(this.#header, this.#collected, at, at + taken);
    this.#collected += taken;
    return this.#collected === HEADER_BYTES;
  }

  /** A part begins, whose header is at `at`. */
  #begin(bytes: Buffer, at: number): void {
    this.#collected = 0;
    const magic = bytes.readUInt32LE(at);
    const word = bytes.readUInt32LE(at + 4);
    if (magic !== MAGIC) {
      throw this.#invalid(
        `has ${hex(magic)} where the magic number ${hex(MAGIC)} should be, ${this.#frameBytes} bytes in`,
      );
    }
    const flag = word >>> FLAG_SHIFT;
    const starts = flag === WHOLE || flag === FIRST;
    if (flag > LAST || starts === this.#open) throw this.#invalid(sequenceCause(flag, this.#frameBytes));
    this.#open = flag === FIRST || flag === MIDDLE;
    const length = word & LENGTH_MASK;
    const padded = (length + 3) & ~3;
    this.#frameBytes += HEADER_BYTES + padded;
    this.#payloadBytes += this.#open ? length + MAGIC_BYTES.length : length;
    this.#left = padded;

    const { sizeBytes, maxRecordBytes } = this.#object;
    // The end of the object first: a file that is cut off or broken is not mended by a larger limit.
    if (sizeBytes !== undefined && this.#offset + this.#frameBytes > sizeBytes) {
      throw this.#cutOff(this.#offset + this.#frameBytes - sizeBytes);
    }
    if (this.#payloadBytes > maxRecordBytes || this.#frameBytes > maxRecordBytes + FRAMING_BYTES) {
      const { name: object } = this.#object;
      throw new MillraceError('RecordTooLarge', {
        object,
        record: this.#record,
        offset: this.#offset,
        limitBytes: maxRecordBytes,
      });
    }
  }

  end(): void {
    if (this.#left > 0) throw this.#cutOff(this.#left);
    if (this.#collected > 0) throw this.#cutOff(HEADER_BYTES - this.#collected, 'a header');
    if (this.#open) throw this.#invalid('is cut off by the end of the object: its last part is missing');
  }

  #cutOff(missing: number, of = 'its frame'): MillraceError {
    const bytes = `${missing} ${missing === 1 ? 'byte' : 'bytes'}`;
    return this.#invalid(`is cut off by the end of the object, ${bytes} short of the end of ${of}`);
  }

  #invalid(cause: string): MillraceError {
    const { name: object } = this.#object;
    return new MillraceError('FrameInvalid', {
      object,
      record: this.#record,
      offset: this.#offset,
      format: 'RecordIO',
      cause,
    });
  }
}

function sequenceCause(flag: number, frameBytes: number): string {
  const name =
    ['a whole record', 'a first part', 'a middle part', 'a last part'][flag] ?? `a part of the unknown kind ${flag}`;
  return frameBytes === 0 ? `begins with ${name}` : `has ${name}, ${frameBytes} bytes in, before its last part`;
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}

/** `payload` collects a header here, always from its first byte: a buffer of its own per record took 300 ns, all else 80. */
const scratch = Buffer.alloc(HEADER_BYTES);

/** The payload of a whole record, which a splitter has found: nothing is checked again. Its bytes are not copied. */
function payload(record: readonly Buffer[]): readonly Buffer[] {
  const data: Buffer[] = [];
  /** Bytes that are awaited: of the header, else of data and then of padding. */
  let headerLeft = HEADER_BYTES;
  let dataLeft = 0;
  let paddingLeft = 0;
  for (const segment of record) {
    for (let at = 0; at < segment.length; ) {
      if (headerLeft > 0) {
        const taken = segment.copy(scratch, HEADER_BYTES - headerLeft, at, at + headerLeft);
        headerLeft -= taken;
        at += taken;
        if (headerLeft > 0) continue;
        const word = scratch.readUInt32LE(4);
        const flag = word >>> FLAG_SHIFT;
        if (flag === MIDDLE || flag === LAST) data.push(MAGIC_BYTES);
        dataLeft = word & LENGTH_MASK;
        paddingLeft = -dataLeft & 3;
      }
      const taken = Math.min(dataLeft, segment.length - at);
      if (taken > 0) data.push(segment.subarray(at, at + taken));
      dataLeft -= taken;
      const skipped = Math.min(paddingLeft, segment.length - at - taken);
      paddingLeft -= skipped;
      at += taken + skipped;
      if (dataLeft === 0 && paddingLeft === 0) headerLeft = HEADER_BYTES;
    }
  }
  return data;
}
