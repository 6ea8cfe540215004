import type { Split } from '../src/agent/split/split.ts';

const MAGIC = 0xced7230a;

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** A frame of RecordIO: `flag` is 0 for a whole record, 1, 2 and 3 for the first, a middle and the last part of one. */
export function recordIOPart(data: Buffer, flag: number): Buffer {
  return Buffer.concat([word(MAGIC), word((flag << 29) | data.length), data, Buffer.alloc(-data.length & 3)]);
}

/**
 * A record as dmlc-core and MXNet write it: cut into parts where the payload has the magic at a multiple of 4 bytes. With
 * `parts: false` as the SageMaker SDK for Python writes it: one frame, whatever is in it.
 */
export function recordIOFrame(payload: Buffer, { parts = true } = {}): Buffer {
  const frames: Buffer[] = [];
  let start = 0;
  for (let at = 0; parts && at + 4 <= payload.length; at += 4) {
    if (payload.readUInt32LE(at) !== MAGIC) continue;
    frames.push(recordIOPart(payload.subarray(start, at), start === 0 ? 1 : 2));
    start = at + 4;
  }
  frames.push(recordIOPart(payload.subarray(start), start === 0 ? 0 : 3));
  return Buffer.concat(frames);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  let crc = value;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc;
});

/** CRC-32C in its plainest form, so that the tests do not trust the code that they test. */
export function plainCrc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 255] as number);
  return ~crc >>> 0;
}

function maskedCrc(bytes: Buffer): Buffer {
  const crc = plainCrc32c(bytes);
  return word(((crc >>> 15) | (crc << 17)) + 0xa282ead8);
}

/** A frame of TFRecord; `length` is written in place of the payload's length, with its right checksum. */
export function tfRecordFrame(payload: Buffer, { length = BigInt(payload.length) } = {}): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(length);
  return Buffer.concat([size, maskedCrc(size), payload, maskedCrc(payload)]);
}

export interface Scanned {
  /** Behind which byte of the object each record ends, as far as the calls told: each of them tells the last one only. */
  readonly ends: ReadonlyMap<number, number>;
  readonly records: number;
  readonly error?: unknown;
}

/** Gives `bytes` to a splitter, cut into pieces of the given sizes in turn, each in a buffer that holds other bytes too. */
export function scanPieces(
  split: Split,
  bytes: Buffer,
  { pieces = [bytes.length + 1], maxRecords = 1, maxRecordBytes = 2 ** 20, sized = true },
): Scanned {
  const sizeBytes = sized ? bytes.length : undefined;
  const splitter = split.splitter({ name: 'o', sizeBytes, maxRecordBytes });
  const ends = new Map<number, number>();
  let records = 0;
  const note = (start: number): void => {
    records += splitter.records;
    if (splitter.records > 0) ends.set(records, start + splitter.boundary);
  };
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const size = Math.min(pieces[turn % pieces.length] as number, bytes.length - start);
    const buffer = Buffer.concat([Buffer.alloc(3, 0xaa), bytes.subarray(start, start + size), Buffer.alloc(30, 0xbb)]);
    for (let at = 3; at < size + 3; ) {
      try {
        at = splitter.scan(buffer, at, size + 3, maxRecords);
      } catch (error) {
        note(start - 3);
        return { ends, records, error };
      }
      note(start - 3);
      if (at < size + 3 && (splitter.records !== maxRecords || at !== splitter.boundary))
        throw new Error('stopped early');
    }
    start += size;
  }
  try {
    splitter.end();
  } catch (error) {
    return { ends, records, error };
  }
  return { ends, records };
}
