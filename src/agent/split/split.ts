/**
 * Finds records in a stream of bytes. A boundary is the index just behind the last byte of a record; what lies behind the
 * last boundary of an object is its last record. Ranges are `[from, to)` of `bytes`; results lie in `(from, to]`.
 *
 * The bytes come in pieces of any size and a record may span pieces, so a split remembers nothing: it must tell a boundary
 * from the bytes of one piece.
 */
export interface Split {
  /** The last boundary in the range, -1 when there is none. */
  lastBoundary(bytes: Buffer, from: number, to: number): number;
  /** The first boundary in the range, -1 when there is none. */
  firstBoundary(bytes: Buffer, from: number, to: number): number;
  /** How many boundaries the range has. */
  countBoundaries(bytes: Buffer, from: number, to: number): number;
}

/** A word for each `SplitType` of the API that is done so far (behaviour 2). */
export type SplitType = 'None' | 'Line';
