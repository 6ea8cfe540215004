import type { Split } from './split.ts';

/** `SplitType=None`: the whole object is one record. */
export const none: Split = {
  lastBoundary: () => -1,
  firstBoundary: () => -1,
  countBoundaries: () => 0,
};
