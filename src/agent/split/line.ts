import { newlineCounter } from './newline-counter.ts';
import type { Split } from './split.ts';

const NEWLINE = 10;

/** `SplitType=Line`: a record ends with its `\n`, which belongs to it; bytes are kept as they are (behaviour 2). */
export function line(): Split {
  return {
    lastBoundary(bytes, from, to) {
      const index = bytes.lastIndexOf(NEWLINE, to - 1);
      return index < from ? -1 : index + 1;
    },
    firstBoundary(bytes, from, to) {
      const index = bytes.indexOf(NEWLINE, from);
      return index === -1 || index >= to ? -1 : index + 1;
    },
    countBoundaries: newlineCounter(),
  };
}
