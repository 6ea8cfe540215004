// Where things lie in the memory, which has a fixed size; src/agent/scan/wasm.ts has the same addresses.

/** 8 numbers of 32 bits that a function leaves for JavaScript. */
export const RESULT: usize = 1024;
/** A class for each byte, then the transitions of the JSON grammar (json-grammar.ts). */
export const CLASSES: usize = 2048;
export const TRANSITIONS: usize = 2304;
/** The bytes to scan, at most 64 KiB; the 8 bytes before them are the last ones of the call before. */
export const INPUT: usize = 8192;
/** A state to return to for each open container: one byte for each level. */
export const STACK: usize = 80_000;
export const MAX_DEPTH: i32 = 100_000;
/** Entries of 16 bytes: two for each byte of a window of 16 KiB at the most (an empty row of CSV), and the last ones. */
export const TABLE: usize = 184_320;

export const KEY: u64 = 1;
export const MEMBER: u64 = 2;
export const RECORD: u64 = 3;

/** What is wrong; src/agent/scan/scanner.ts has the words. */
export const UNEXPECTED: i32 = 1;
export const EMPTY_LINE: i32 = 2;
export const TOO_DEEP: i32 = 3;
export const CONTROL: i32 = 4;
export const ESCAPE: i32 = 5;
export const AFTER_QUOTE: i32 = 6;
export const QUOTE_OPEN_ON_LINE: i32 = 7;
export const QUOTE_OPEN: i32 = 8;

@inline
export function putEntry(entry: usize, kind: u64, from: u32, to: u32, extra: u32): usize {
  store<u64>(entry, kind | ((<u64>from) << 32));
  store<u64>(entry, (<u64>to) | ((<u64>extra) << 32), 8);
  return entry + 16;
}
