// Scans CSV in blocks of 64 bytes: fields and rows.
import { below } from './bits';
import {
  BEHIND_QUOTE_CR,
  blockError,
  blockErrorIndex,
  FIELD_START,
  newlines,
  nextState,
  QUOTED,
  readBlock,
  separators,
} from './csv-block';
import {
  AFTER_QUOTE,
  INPUT,
  MEMBER,
  putEntry,
  QUOTE_OPEN,
  QUOTE_OPEN_ON_LINE,
  RECORD,
  RESULT,
  TABLE,
} from './layout';

const NEWLINE: u8 = 10;
const CR: u8 = 13;

let origin: u32;
let withMembers: bool;
let withQuotedNewlines: bool;
let state: i32;
let rows: u32;
let rowFrom: u32;
let fieldFrom: u32;
let fields: u32;

export function startCsv(wantsMembers: bool, quotedNewlines: bool): void {
  withMembers = wantsMembers;
  withQuotedNewlines = quotedNewlines;
  state = FIELD_START;
  origin = rows = rowFrom = fieldFrom = fields = 0;
}

function fail(entry: usize, code: i32, position: u32): i32 {
  store<i32>(RESULT, code);
  store<u32>(RESULT, position, 4);
  store<u32>(RESULT, rows, 8);
  store<u32>(RESULT, rowFrom, 12);
  store<u32>(RESULT, <u32>((entry - TABLE) >> 4), 16);
  return -1;
}

@inline
function putRow(entry: usize, from: u32, to: u32, count: u32): usize {
  return putEntry(entry, RECORD | (<u64>(from === to) << 8), from, to, count);
}

/** Scans the first `length` bytes of the input. @returns the number of entries made, or -1 when there is an error (RESULT). */
export function scanCsv(length: i32): i32 {
  let entry = TABLE;
  const end = INPUT + length;
  let field = fieldFrom;
  let row = rowFrom;
  let count = fields;
  for (let at = INPUT; at < end; at += 64) {
    readBlock(at, at + 64 <= end ? 63 : end - at - 1, state, withQuotedNewlines);
    const base = origin + <u32>(at - INPUT);
    state = nextState;
    let ends = withMembers ? separators : newlines;
    let seen: u64 = 0;
    while (ends) {
      const index = ctz(ends);
      const address = at + <usize>index;
      const position = base + <u32>index;
      if (load<u8>(address) === NEWLINE) {
        // The CR is of this row: the byte in front of a row is a newline.
        const to = position - <u32>(position > field && load<u8>(address - 1) === CR);
        if (withMembers) entry = putEntry(entry, MEMBER, field, to, count);
        else {
          const until = below(index);
          count += <u32>popcnt(separators & until & ~seen);
          seen = until | (<u64>1 << index);
        }
        entry = putRow(entry, row, to, count + 1);
        rows++;
        row = position + 1;
        count = 0;
      } else {
        entry = putEntry(entry, MEMBER, field, position, count);
        count++;
      }
      field = position + 1;
      ends &= ends - 1;
    }
    if (!withMembers) {
      count += <u32>popcnt(separators & ~seen);
      if (separators) field = base + 64 - <u32>clz(separators);
    }
    if (blockError) {
      rowFrom = row;
      return fail(entry, blockError, blockError === QUOTE_OPEN_ON_LINE ? field : base + <u32>blockErrorIndex);
    }
  }
  fieldFrom = field;
  rowFrom = row;
  fields = count;
  store<u64>(INPUT - 8, load<u64>(end - 8));
  origin += <u32>length;
  return <i32>((entry - TABLE) >> 4);
}

/** The text ends. @returns as `scanCsv` does */
export function endCsv(): i32 {
  if (state === QUOTED) return fail(TABLE, QUOTE_OPEN, fieldFrom);
  if (state === BEHIND_QUOTE_CR) return fail(TABLE, AFTER_QUOTE, origin - 1);
  if (origin === rowFrom) return 0;
  let entry = TABLE;
  if (withMembers) entry = putEntry(entry, MEMBER, fieldFrom, origin, fields);
  putRow(entry, rowFrom, origin, fields + 1);
  return withMembers ? 2 : 1;
}
