import { BadInput } from './bad-input.ts';

const newline = 10;
const carriageReturn = 13;
const quote = 34;
const comma = 44;

export interface CsvField {
  readonly text: string;
  /** Index of the comma, carriage return or newline after the field. */
  readonly next: number;
}

/** Whether the record ends at `at`: with LF, with CRLF, or with the body (which has a newline after its end). */
export function endsRow(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at];
  return byte === newline || (byte === carriageReturn && bytes[at + 1] === newline);
}

/**
 * Reads any field by the rules of RFC 4180. This is the slow way, for strings, quotes and whatever is no plain number.
 *
 * @param bytes a body with one newline after its `end`
 * @param place says where the field is, for messages
 * @throws BadInput when a quote is not closed or has text after it
 */
export function readField(bytes: Buffer, start: number, end: number, place: () => string): CsvField {
  if (bytes[start] !== quote) {
    let next = start;
    while (bytes[next] !== comma && !endsRow(bytes, next)) next++;
    return { text: bytes.toString('utf8', start, next), next };
  }
  let text = '';
  let from = start + 1;
  for (;;) {
    const close = bytes.indexOf(quote, from);
    if (close < 0 || close >= end) throw new BadInput(`${place()}: the quote is never closed`);
    text += bytes.toString('utf8', from, close);
    const next = close + 1;
    if (next < end && bytes[next] === quote) {
      text += '"';
      from = next + 1;
      continue;
    }
    if (bytes[next] !== comma && !endsRow(bytes, next))
      throw new BadInput(`${place()}: there is text after the closing quote`);
    return { text, next };
  }
}

/** Counts the fields of the record that starts at `start`. */
export function countFields(bytes: Buffer, start: number, end: number, place: () => string): number {
  let count = 1;
  let { next } = readField(bytes, start, end, place);
  while (bytes[next] === comma) {
    ({ next } = readField(bytes, next + 1, end, place));
    count++;
  }
  return count;
}
