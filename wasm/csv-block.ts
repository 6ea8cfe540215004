// What 64 bytes of CSV are, one bit for each byte. Quotes go by their parity, which is right as long as every quote stands where it
// may; where one does not (plain data, or an error), the block is gone through byte by byte.
import { equalTo, parity } from './bits';
import { COMMA16, NEWLINE16, QUOTE16 } from './constants';
import { AFTER_QUOTE, QUOTE_OPEN_ON_LINE } from './layout';

/** Where in a field the text is: at its beginning, in plain data, in quotes, behind a quote, behind a quote and CR. */
export const FIELD_START: i32 = 0;
export const PLAIN: i32 = 1;
export const QUOTED: i32 = 2;
export const BEHIND_QUOTE: i32 = 3;
export const BEHIND_QUOTE_CR: i32 = 4;

const QUOTE: u8 = 0x22;
const COMMA: u8 = 0x2c;
const NEWLINE: u8 = 10;
const CR: u8 = 13;

// Of the last block that `readBlock` read.
/** Commas and newlines that end fields, up to the error. */
export let separators: u64;
export let newlines: u64;
/** Quotes that begin a field. */
export let openings: u64;
export let nextState: i32;
/** 0 when there is no error, else the code, and the index of the byte where it is. */
export let blockError: i32;
export let blockErrorIndex: i32;

/** Reads the block at `at`, of which the bits up to `last` are text, in `state`. */
@inline
export function readBlock(at: usize, last: u64, state: i32, quotedNewlines: bool): void {
  const a = v128.load(at);
  const b = v128.load(at, 16);
  const c = v128.load(at, 32);
  const d = v128.load(at, 48);
  const valid: u64 = ~(<u64>0) >> (63 - last);
  const ends = equalTo(a, b, c, d, v128.load(NEWLINE16)) & valid;
  const commas = equalTo(a, b, c, d, v128.load(COMMA16)) & valid;
  const quotes = equalTo(a, b, c, d, v128.load(QUOTE16)) & valid;
  if (quotes === 0 && state <= PLAIN) {
    separators = commas | ends;
    newlines = ends;
    openings = 0;
    blockError = 0;
    nextState = ((separators >> last) & 1) !== 0 ? FIELD_START : PLAIN;
  } else {
    readQuotes(at, last, state, quotedNewlines, quotes, commas, ends, equalTo(a, b, c, d, i8x16.splat(CR)) & valid);
  }
}

function readQuotes(
  at: usize,
  last: u64,
  state: i32,
  quotedNewlines: bool,
  quotes: u64,
  commas: u64,
  ends: u64,
  returns: u64,
): void {
  const valid: u64 = ~(<u64>0) >> (63 - last);
  const inside = parity(quotes) ^ (state === QUOTED ? ~(<u64>0) : 0);
  const opens = quotes & inside;
  const closes = quotes & ~inside;
  const separating = (commas | ends) & ~inside;
  const behindClose = (closes << 1) | <u64>(state === BEHIND_QUOTE);
  const fieldStarts = (separating << 1) | <u64>(state === FIELD_START);
  const behindCr = ((behindClose & returns) << 1) | <u64>(state === BEHIND_QUOTE_CR);
  // A quote that opens stands where a field begins, or is the second of two.
  const stray =
    (opens & ~(fieldStarts | behindClose)) |
    (behindClose & ~(quotes | commas | ends | returns)) |
    (behindCr & ~ends) |
    (quotedNewlines ? 0 : inside & ends);
  if (stray & valid) {
    readBytes(at, <i32>last, state, quotedNewlines);
    return;
  }
  separators = separating;
  newlines = ends & ~inside;
  openings = opens & fieldStarts;
  blockError = 0;
  nextState =
    ((inside >> last) & 1) !== 0
      ? QUOTED
      : ((closes >> last) & 1) !== 0
        ? BEHIND_QUOTE
        : ((separating >> last) & 1) !== 0
          ? FIELD_START
          : ((behindClose & returns) >> last) & 1
            ? BEHIND_QUOTE_CR
            : PLAIN;
}

function readBytes(at: usize, last: i32, state: i32, quotedNewlines: bool): void {
  separators = 0;
  newlines = 0;
  openings = 0;
  blockError = 0;
  for (let index = 0; index <= last; index++) {
    const byte = load<u8>(at + index);
    const bit = <u64>1 << index;
    if (state === QUOTED) {
      if (byte === QUOTE) state = BEHIND_QUOTE;
      else if (byte === NEWLINE && !quotedNewlines) return fail(QUOTE_OPEN_ON_LINE, index);
    } else if (byte === COMMA || byte === NEWLINE) {
      if (state === BEHIND_QUOTE_CR && byte === COMMA) return fail(AFTER_QUOTE, index - 1);
      separators |= bit;
      if (byte === NEWLINE) newlines |= bit;
      state = FIELD_START;
    } else if (state === BEHIND_QUOTE) {
      if (byte === QUOTE) state = QUOTED;
      else if (byte === CR) state = BEHIND_QUOTE_CR;
      else return fail(AFTER_QUOTE, index);
    } else if (state === BEHIND_QUOTE_CR) {
      return fail(AFTER_QUOTE, index - 1);
    } else if (state === FIELD_START && byte === QUOTE) {
      openings |= bit;
      state = QUOTED;
    } else {
      state = PLAIN;
    }
  }
  nextState = state;
}

function fail(code: i32, index: i32): void {
  blockError = code;
  blockErrorIndex = index;
}
