import type { Split, Splitter } from './split.ts';

/** `SplitType=None`: the whole object is one record. */
export function none(): Split {
  const splitter: Splitter = { boundary: -1, records: 0, scan: (_bytes, _from, to) => to, end: () => undefined };
  return { framingBytes: 0, splitter: () => splitter };
}
