import { newlineCounter } from './newline-counter.ts';
import type { Split } from './split.ts';

const NEWLINE = 10;

/** `SplitType=Line`: a record ends with its `\n`, which belongs to it; bytes are kept as they are (behaviour 2). */
export function line(): Split {
  return {
    // Only the range is searched: a line that is longer than the pieces it comes in would be searched once per piece.
    lastBoundary(bytes, from, to) {
      const index = bytes.subarray(from, to).lastIndexOf(NEWLINE);
      return index === -1 ? -1 : from + index + 1;
    },
    firstBoundary(bytes, from, to) {
      const index = bytes.subarray(from, to).indexOf(NEWLINE);
      return index === -1 ? -1 : from + index + 1;
    },
    countBoundaries: newlineCounter(),
  };
}
