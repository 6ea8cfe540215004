import type { InputBatch } from './input-batch.ts';

/** The records of one request, in order. */
export interface RecordSource {
  /**
   * Columns of the first record (0 when there is none), which decide the width of a model that leaves it open. To be
   * asked before anything is read.
   */
  firstWidth(): number;
  /**
   * Reads the next records into the batch, from its first row on.
   *
   * @param limit not more than this many, and never more than the batch's capacity
   * @returns how many; less than the limit at the end, then 0
   * @throws BadInput that names the record and the column
   */
  read(batch: InputBatch, limit: number): number;
}
