// The grammar of JSON over tokens, as a table: what comes after what, and what is to be done then. The containers of a record's
// outermost level have states of their own, because only there entries are made.
import { CLASSES, TRANSITIONS } from './layout';

// Classes of tokens, by their first byte. Scalars are checked elsewhere: every byte that begins no other token begins one.
export const SCALAR: i32 = 0;
export const STRING: i32 = 1;
export const OPEN_OBJECT: i32 = 2;
export const OPEN_ARRAY: i32 = 3;
const CLOSE_OBJECT: i32 = 4;
const CLOSE_ARRAY: i32 = 5;
const COLON: i32 = 6;
const COMMA: i32 = 7;
const NEWLINE: i32 = 8;
/** What is taken for a bracket at first (json.ts). */
const NO_TOKEN: i32 = 9;

// States. FIRST: behind the opening bracket; NEXT: behind a comma; AFTER: behind a value.
export const START: i32 = 0;
export const DONE: i32 = 1;
const OUTER: i32 = 2;
const INNER: i32 = 10;
const ARRAY_FIRST: i32 = 0;
const ARRAY_NEXT: i32 = 1;
const ARRAY_AFTER: i32 = 2;
const OBJECT_FIRST: i32 = 3;
const OBJECT_NEXT: i32 = 4;
const OBJECT_COLON: i32 = 5;
const OBJECT_VALUE: i32 = 6;
const OBJECT_AFTER: i32 = 7;
export const OUTER_ARRAY_FIRST: i32 = OUTER + ARRAY_FIRST;
export const OUTER_ARRAY_NEXT: i32 = OUTER + ARRAY_NEXT;
export const OUTER_ARRAY_AFTER: i32 = OUTER + ARRAY_AFTER;
export const INNER_ARRAY_FIRST: i32 = INNER + ARRAY_FIRST;
export const INNER_ARRAY_NEXT: i32 = INNER + ARRAY_NEXT;
export const INNER_ARRAY_AFTER: i32 = INNER + ARRAY_AFTER;

// Actions. NONE only goes to the next state.
export const NONE: i32 = 0;
export const FAIL: i32 = 1;
export const INNER_OPEN: i32 = 2;
export const INNER_CLOSE: i32 = 3;
export const RECORD_SCALAR: i32 = 4;
export const RECORD_OPEN: i32 = 5;
export const RECORD_CLOSE: i32 = 6;
export const RECORD_CLOSE_EMPTY: i32 = 7;
export const RECORD_END: i32 = 8;
export const MEMBER_KEY: i32 = 9;
export const MEMBER_COLON: i32 = 10;
export const MEMBER_SCALAR: i32 = 11;
export const MEMBER_OPEN: i32 = 12;
export const MEMBER_END: i32 = 13;
export const NO_RECORD: i32 = 14;

/** A transition is 16 bits: the next state, and the action above it. */
@inline
export function transition(state: i32, byte: i32): i32 {
  return <i32>load<u16>(TRANSITIONS + (state << 5) + (<usize>load<u8>(CLASSES + byte) << 1));
}

function put(state: i32, symbol: i32, action: i32, next: i32): void {
  store<u16>(TRANSITIONS + (state << 5) + (symbol << 1), (action << 8) | next);
}

function putClass(byte: i32, symbol: i32): void {
  store<u8>(CLASSES + byte, symbol);
}

/** A value may come; behind it the state is `after`. For a container `after` is what is returned to. */
function putValue(state: i32, after: i32, scalar: i32, open: i32): void {
  const inner = scalar === RECORD_SCALAR ? OUTER : INNER;
  put(state, SCALAR, scalar, after);
  put(state, STRING, scalar, after);
  put(state, OPEN_OBJECT, open, inner + OBJECT_FIRST);
  put(state, OPEN_ARRAY, open, inner + ARRAY_FIRST);
}

function putContainers(level: i32, scalar: i32, open: i32, key: i32, colon: i32, comma: i32, close: i32, empty: i32): void {
  putValue(level + ARRAY_FIRST, level + ARRAY_AFTER, scalar, open);
  put(level + ARRAY_FIRST, CLOSE_ARRAY, empty, DONE);
  putValue(level + ARRAY_NEXT, level + ARRAY_AFTER, scalar, open);
  put(level + ARRAY_AFTER, COMMA, comma, level + ARRAY_NEXT);
  put(level + ARRAY_AFTER, CLOSE_ARRAY, close, DONE);
  put(level + OBJECT_FIRST, STRING, key, level + OBJECT_COLON);
  put(level + OBJECT_FIRST, CLOSE_OBJECT, empty, DONE);
  put(level + OBJECT_NEXT, STRING, key, level + OBJECT_COLON);
  put(level + OBJECT_COLON, COLON, colon, level + OBJECT_VALUE);
  putValue(level + OBJECT_VALUE, level + OBJECT_AFTER, scalar, open);
  put(level + OBJECT_AFTER, COMMA, comma, level + OBJECT_NEXT);
  put(level + OBJECT_AFTER, CLOSE_OBJECT, close, DONE);
}

/** The state behind a container that was opened in `state`. */
@inline
export function afterContainer(state: i32): i32 {
  const level = state < INNER ? OUTER : INNER;
  return level + (state - level <= ARRAY_NEXT ? ARRAY_AFTER : OBJECT_AFTER);
}

export function initGrammar(): void {
  putClass(0x22, STRING);
  putClass(0x7b, OPEN_OBJECT);
  putClass(0x5b, OPEN_ARRAY);
  putClass(0x7d, CLOSE_OBJECT);
  putClass(0x5d, CLOSE_ARRAY);
  putClass(0x3a, COLON);
  putClass(0x2c, COMMA);
  putClass(0x0a, NEWLINE);
  putClass(0x59, NO_TOKEN);
  putClass(0x5f, NO_TOKEN);
  putClass(0x79, NO_TOKEN);
  putClass(0x7f, NO_TOKEN);
  for (let state = START; state < INNER + 8; state++) {
    for (let symbol = SCALAR; symbol <= NO_TOKEN; symbol++) put(state, symbol, FAIL, state);
  }
  putValue(START, DONE, RECORD_SCALAR, RECORD_OPEN);
  put(START, NEWLINE, NO_RECORD, START);
  put(DONE, NEWLINE, RECORD_END, START);
  putContainers(
    OUTER,
    MEMBER_SCALAR,
    MEMBER_OPEN,
    MEMBER_KEY,
    MEMBER_COLON,
    MEMBER_END,
    RECORD_CLOSE,
    RECORD_CLOSE_EMPTY,
  );
  putContainers(INNER, NONE, INNER_OPEN, NONE, NONE, NONE, INNER_CLOSE, INNER_CLOSE);
}
