/** An object whose records are to be found. */
export interface SplitObject {
  /** Its name, for messages. */
  readonly name: string;
  /** Bytes that it has, where that is known: of a compressed object it is not. */
  readonly sizeBytes: number | undefined;
  /** Bytes that a record may have at the most, without its framing. */
  readonly maxRecordBytes: number;
}

/**
 * Finds the records of one object in its bytes, which come in pieces of any size. It remembers where in a record the last piece
 * ended, so it is given every byte once, in order.
 *
 * A boundary is the index just behind the last byte of a record.
 */
export interface Splitter {
  /** The last boundary that `scan` passed, -1 when there was none, and how many it passed. */
  readonly boundary: number;
  readonly records: number;
  /**
   * Takes the next bytes of the object, `[from, to)`, but stops behind the `maxRecords`th record that ends there (1 or more,
   * `Infinity` for no limit).
   *
   * @returns the index behind the last byte taken: `to`, or `boundary` when it stopped
   * @throws MillraceError when the bytes cannot be records of this kind (`FrameInvalid`, `RecordTooLarge`, `InputNotParsed`);
   *   `boundary` and `records` tell of the good records before then
   */
  scan(bytes: Buffer, from: number, to: number, maxRecords: number): number;
  /**
   * The object ends behind the bytes taken so far. Bytes behind the last boundary are its last record, where that may be.
   *
   * @throws MillraceError when it ends in the middle of a record
   */
  end(): void;
}

/** A way to cut objects into records. */
export interface Split {
  readonly splitter: (object: SplitObject) => Splitter;
  /** Bytes that a record may have in addition to its `maxRecordBytes`: headers, checksums, padding. */
  readonly framingBytes: number;
  /** What is sent of a record that is sent alone, given its bytes with the framing; all of them when left out. */
  readonly payload?: (record: readonly Buffer[]) => readonly Buffer[];
}

/** `SplitType` of the API (behaviour 2). */
export type SplitType = 'None' | 'Line' | 'RecordIO' | 'TFRecord';
