import { InputBatch } from './input-batch.ts';
import type { Model } from './model.ts';
import { inputWidth } from './signature.ts';

/** What trying a model out with made-up records has shown. */
export interface Probe {
  /** Seconds for one record; `undefined` when the model fails on made-up records, which is no fault. */
  readonly secondsPerRecord: number | undefined;
  /** Bytes of one record as CSV, roughly. */
  readonly bytesPerRecord: number;
}

const bytesPerColumn = 9; // a number of six or seven digits, its point and its comma
const enoughSeconds = 0.05;
// The first run pays for what the runtime sets up late; only a model this slow is not asked twice.
const firstIsEnough = 1;

/**
 * Runs the model on zeros and empty texts, on more and more records until a run takes 50 ms, and takes the last run's time.
 * So a fast model is measured at its full batch, and a slow one costs little more than one record. It warms the model up
 * on the way.
 *
 * @param now seconds of a monotonic clock
 */
export async function probe(model: Model, now: () => number): Promise<Probe> {
  const { signature } = model;
  const columns = signature.inputs.reduce((sum, input) => sum + (inputWidth(input) ?? 1), 0);
  const bytesPerRecord = columns * bytesPerColumn;
  // A model that leaves its width open cannot be tried out: its right width is known to its user only.
  if (signature.inputs.some((input) => inputWidth(input) === undefined)) {
    return { secondsPerRecord: undefined, bytesPerRecord };
  }
  const batch = new InputBatch(signature);
  let secondsPerRecord: number | undefined;
  try {
    let enough = firstIsEnough;
    for (let rows = signature.fixedBatch ?? 1; ; rows = Math.min(rows * 4, batch.capacity)) {
      const start = now();
      await model.run(batch, rows);
      const seconds = now() - start;
      secondsPerRecord = seconds / rows;
      // With a fixed batch the second run is as large as the first, and no longer the first.
      if (seconds >= enough || (rows === batch.capacity && enough !== firstIsEnough)) break;
      enough = enoughSeconds;
    }
  } catch {
    // Many a model refuses zeros or empty texts (a code out of range, say). Its user's records are what counts.
  }
  return { secondsPerRecord, bytesPerRecord };
}
