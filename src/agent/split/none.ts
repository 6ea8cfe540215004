import type { Split } from './split.ts';

/** `SplitType=None`: the whole object is one record. */
export function none(): Split {
  return {
    lastBoundary: () => -1,
    firstBoundary: () => -1,
    countBoundaries: () => 0,
  };
}
