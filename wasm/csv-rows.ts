// Finds the rows of CSV, for cutting objects into records.
import { blockError, blockErrorIndex, newlines, nextState, openings, readBlock } from './csv-block';
import { INPUT, RESULT } from './layout';

/**
 * Takes the first `length` bytes of the input, but stops behind the `maxRows`th newline outside of quotes. RESULT is then: the error's
 * code or 0, the bytes taken (with an error: where it is), the state, the rows, the bytes up to the last row's end (0 for none), the
 * bytes up to and including the last quote that opened a field (0 for none).
 *
 * @param state what the call before left, at first 0
 */
export function findRows(length: i32, state: i32, maxRows: u32): void {
  const end = INPUT + length;
  let rows: u32 = 0;
  let behindRow: i32 = 0;
  let behindOpening: i32 = 0;
  let taken = length;
  let error = 0;
  for (let at = INPUT; at < end; at += 64) {
    readBlock(at, at + 64 <= end ? 63 : end - at - 1, state, true);
    state = nextState;
    const base = <i32>(at - INPUT);
    let ends = newlines;
    const found = <u32>popcnt(ends);
    if (found >= maxRows - rows) {
      while (++rows < maxRows) ends &= ends - 1;
      behindRow = base + <i32>ctz(ends) + 1;
      taken = behindRow;
      state = 0;
      break;
    }
    rows += found;
    if (ends) behindRow = base + 64 - <i32>clz(ends);
    if (openings) behindOpening = base + 64 - <i32>clz(openings);
    if (blockError) {
      error = blockError;
      taken = base + blockErrorIndex;
      break;
    }
  }
  store<i32>(RESULT, error);
  store<i32>(RESULT, taken, 4);
  store<i32>(RESULT, state, 8);
  store<u32>(RESULT, rows, 12);
  store<i32>(RESULT, behindRow, 16);
  store<i32>(RESULT, behindOpening, 20);
}
