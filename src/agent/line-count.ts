import type { Inference } from './invoker.ts';
import { newlineCounter } from './split/newline-counter.ts';
import { quotedLine } from './split/quoted-line.ts';

const NEWLINE = 10;
/** Formats in which an inference is a line. */
const LINE_FORMATS = /^(text\/csv|application\/(x-)?(jsonlines|jsonl|ndjson))\b/i;
const CSV = /^text\/csv\b/i;

/** How many lines a response has, where it is of a format of one line each; otherwise `undefined`. */
export type LineCounter = (inference: Inference) => number | undefined;

/**
 * Counts the lines of responses. A model that leaves a record out shifts all results behind it.
 *
 * @param requested the content type that was asked for, for responses that do not say theirs
 * @param quotedNewlines whether a line end in quotes is part of a row of CSV
 */
export function lineCounter(requested: string | undefined, quotedNewlines: boolean): LineCounter {
  const count = newlineCounter();
  const rows = quotedNewlines ? rowCounter() : undefined;
  return (inference) => {
    const contentType = inference.contentType ?? requested;
    if (!isLineFormat(contentType)) return undefined;
    const { pieces } = inference;
    if (rows !== undefined && CSV.test(contentType ?? '')) return rows(pieces);
    let lines = 0;
    for (const piece of pieces) lines += count(piece, 0, piece.length);
    const last = pieces.at(-1)?.at(-1);
    return last !== undefined && last !== NEWLINE ? lines + 1 : lines;
  };
}

/** Counts rows whose fields may have line ends in quotes; `undefined` when the quotes make no sense, so that nothing can be said. */
function rowCounter(): (pieces: readonly Buffer[]) => number | undefined {
  const split = quotedLine();
  return (pieces) => {
    const splitter = split.splitter({ name: '', sizeBytes: undefined, maxRecordBytes: Number.POSITIVE_INFINITY });
    let rows = 0;
    let rest = 0;
    try {
      for (const piece of pieces) {
        splitter.scan(piece, 0, piece.length, Number.POSITIVE_INFINITY);
        if (splitter.boundary !== -1) rows += splitter.records;
        rest = splitter.boundary === -1 ? rest + piece.length : piece.length - splitter.boundary;
      }
      splitter.end();
    } catch {
      return undefined;
    }
    return rest > 0 ? rows + 1 : rows;
  };
}

export function isLineFormat(contentType: string | undefined): boolean {
  return LINE_FORMATS.test(contentType ?? '');
}
