// Between these a run is long enough for its fixed cost not to count, and short enough for a request that is given up, or
// a shutdown, not to wait long: nothing interrupts a run. It also keeps heavy models, whose intermediate results are many
// times larger than their records, from being handed thousands at once.
const shortestSeconds = 0.05;
const longestSeconds = 0.2;

/** Records in the first run of a model that nothing is known about. */
export const firstRunSize = 32;

/**
 * How many records the next run of the model should have.
 *
 * @param size records that runs were to have so far
 * @param rows records that the last one had; a run that was not full says nothing about larger ones
 * @param seconds the last one took
 */
export function nextRunSize(size: number, rows: number, seconds: number, capacity: number): number {
  if (seconds > longestSeconds) return Math.max(1, Math.floor(rows / 2));
  if (seconds < shortestSeconds && rows === size) return Math.min(capacity, size * 2);
  return size;
}
