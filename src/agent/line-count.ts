import type { Inference } from './invoker.ts';
import { newlineCounter } from './split/newline-counter.ts';

const NEWLINE = 10;
/** Formats in which an inference is a line. */
const LINE_FORMATS = /^(text\/csv|application\/(x-)?(jsonlines|jsonl|ndjson))\b/i;

/** How many lines a response has, where it is of a format of one line each; otherwise `undefined`. */
export type LineCounter = (inference: Inference) => number | undefined;

/**
 * Counts the lines of responses. A model that leaves a record out shifts all results behind it.
 *
 * @param requested the content type that was asked for, for responses that do not say theirs
 */
export function lineCounter(requested: string | undefined): LineCounter {
  const count = newlineCounter();
  return ({ contentType, pieces }) => {
    if (!isLineFormat(contentType ?? requested)) return undefined;
    let lines = 0;
    for (const piece of pieces) lines += count(piece, 0, piece.length);
    const last = pieces.at(-1)?.at(-1);
    return last !== undefined && last !== NEWLINE ? lines + 1 : lines;
  };
}

export function isLineFormat(contentType: string | undefined): boolean {
  return LINE_FORMATS.test(contentType ?? '');
}
