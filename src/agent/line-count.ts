import type { Inference } from './invoker.ts';
import { newlineCounter } from './split/newline-counter.ts';

const NEWLINE = 10;
/** Formats in which an inference is a line. */
const LINE_FORMATS = /^(text\/csv|application\/(x-)?(jsonlines|jsonl|ndjson))\b/i;

/**
 * Tells whether a response has as many lines as its mini-batch has records, where that can be told: when it is of a format of
 * one line each. A model that leaves a record out shifts all results behind it.
 */
export function lineCounter(): (inference: Inference, records: number, requested: string | undefined) => boolean {
  const count = newlineCounter();
  return ({ contentType, pieces }, records, requested) => {
    if (!LINE_FORMATS.test(contentType ?? requested ?? '')) return true;
    let lines = 0;
    for (const piece of pieces) lines += count(piece, 0, piece.length);
    const last = pieces.at(-1)?.at(-1);
    if (last !== undefined && last !== NEWLINE) lines += 1;
    return lines === records;
  };
}
