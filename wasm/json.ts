// Scans JSON in blocks of 64 bytes. First everything that can be said of all bytes at once is computed with one bit for each byte
// (which are in strings, which begin tokens, which numbers and escapes are wrong); then the tokens go one by one through the
// table of the grammar, except runs of values and commas in inner arrays, which are checked at once too.
//
// Every rule looks back only ("a digit must follow" is checked at the byte that follows), so the text may be cut anywhere.
import { below, equalTo, parity, topBits } from './bits';
import {
  BACKSLASH16,
  BRACKET_BITS16,
  COLON16,
  COMMA16,
  CONTROLS16,
  DEL16,
  DIGIT_LIMIT16,
  DIGIT_SHIFT16,
  DOT16,
  LOW_BITS16,
  MINUS16,
  NEWLINE16,
  QUOTE16,
  SPACES16,
  ZERO16,
} from './constants';
import {
  afterContainer,
  DONE,
  FAIL,
  INNER_ARRAY_AFTER,
  INNER_ARRAY_FIRST,
  INNER_ARRAY_NEXT,
  INNER_CLOSE,
  INNER_OPEN,
  MEMBER_COLON,
  MEMBER_END,
  MEMBER_KEY,
  MEMBER_OPEN,
  MEMBER_SCALAR,
  NO_RECORD,
  NONE,
  OUTER_ARRAY_AFTER,
  OUTER_ARRAY_FIRST,
  OUTER_ARRAY_NEXT,
  RECORD_CLOSE,
  RECORD_CLOSE_EMPTY,
  RECORD_END,
  RECORD_OPEN,
  RECORD_SCALAR,
  START,
  transition,
} from './json-grammar';
import {
  CONTROL,
  EMPTY_LINE,
  ESCAPE,
  INPUT,
  KEY,
  MAX_DEPTH,
  MEMBER,
  putEntry,
  RECORD,
  RESULT,
  STACK,
  TABLE,
  TOO_DEEP,
  UNEXPECTED,
} from './layout';

const QUOTE: u8 = 0x22;
const OBJECT: u64 = 1;
const ARRAY: u64 = 2;
const TEXT: u64 = 3;
const OTHER: u64 = 4;
/** No literal is longer. */
const LITERAL_BYTES: u32 = 5;

// Positions count from the start of the text; those that are "behind" something are one more than its position, 0 for none.
let origin: u32;
let lines: u64;
let withMembers: bool;
let keyLengths: u32;

let inString: u64;
let escapeNext: u64;
/** Bits 0 to 3: the next bytes that have to be hexadecimal digits. */
let hexNext: u64;
/** What the last byte was, each 0 or 1. */
let lastRun: u64;
let lastDigit: u64;
let lastDot: u64;
let lastMinus: u64;
let lastOther: u64;
let lastLeadingZero: u64;
let lastExponent: u64;
let lastExponentSign: u64;
/** Whether the last byte is among the digits behind a dot, or behind an exponent. */
let fractionRun: u64;
let exponentRun: u64;
let scalarStart: u32;
let behindText: u32;
let behindBackslash: u32;

let state: i32;
let depth: i32;
let records: u32;
let lineStart: u32;
let recordFrom: u32;
let recordKind: u64;
let members: u32;
let memberFrom: u32;
let memberKind: u64;
let keyFrom: u32;
let keyTo: u32;
let keyFlags: u64;
let keyWanted: bool;

/** @param wantedLengths a bit for each length of a key that is wanted, modulo 32; 0 for all members, those of arrays too */
export function startJson(onLines: bool, wantsMembers: bool, wantedLengths: u32): void {
  origin = 0;
  lines = onLines ? ~0 : 0;
  withMembers = wantsMembers;
  keyLengths = wantedLengths;
  inString = escapeNext = hexNext = 0;
  lastRun = lastDigit = lastDot = lastMinus = lastOther = lastLeadingZero = lastExponent = lastExponentSign = 0;
  fractionRun = exponentRun = 0;
  scalarStart = behindText = behindBackslash = 0;
  state = START;
  depth = 0;
  records = lineStart = members = 0;
}

@inline
function putMember(entry: usize, ofObject: bool, nameFrom: u32, nameTo: u32, flags: u64, kind: u64, from: u32, to: u32, index: u32): usize {
  if (ofObject) entry = putEntry(entry, KEY | (flags << 8), nameFrom, nameTo, index);
  return putEntry(entry, MEMBER | (kind << 8), from, to, index);
}

function fail(entry: usize, line: u32, code: i32, position: u32): i32 {
  store<i32>(RESULT, code);
  store<u32>(RESULT, position, 4);
  store<u32>(RESULT, records, 8);
  store<u32>(RESULT, line, 12);
  store<u32>(RESULT, <u32>((entry - TABLE) >> 4), 16);
  return -1;
}

/** Where the letters of [from, to) stop to be a literal; `to` when they are the beginning of one, or one. */
function literalBreak(from: u32, to: u32): u32 {
  const first = INPUT + <usize>(from - origin);
  const begin = load<u8>(first);
  const word: u64 = begin === 0x74 ? 0x65757274 : begin === 0x66 ? 0x65736c6166 : begin === 0x6e ? 0x6c6c756e : 0;
  let at = from;
  while (at < to && at - from < 8) {
    const expected = <u8>(word >> ((at - from) << 3));
    if (expected === 0 || load<u8>(INPUT + <usize>(at - origin)) !== expected) break;
    at++;
  }
  return at;
}

@inline
function isLiteral(address: usize, length: u32): bool {
  if (length === 4) {
    const word = load<u32>(address);
    return word === 0x65757274 || word === 0x6c6c756e;
  }
  return length === 5 && load<u8>(address) === 0x66 && load<u32>(address + 1) === 0x65736c61;
}

/** The escapes that are wrong, at the byte behind the backslash or among the digits. Leaves `hexNext`. */
function wrongEscapes(a: v128, b: v128, c: v128, d: v128, escaped: u64, digits: u64, last: u64): u64 {
  const u = equalTo(a, b, c, d, i8x16.splat(0x75)) & escaped;
  const hexadecimal = digits | topBits(letterToF(a), letterToF(b), letterToF(c), letterToF(d));
  const needed = (u << 1) | (u << 2) | (u << 3) | (u << 4) | hexNext;
  const end = last >= 3 ? u >> (last - 3) : u << (3 - last);
  hexNext = ((((end << 1) | (end << 2) | (end << 3) | (end << 4)) >> 4) & 15) | ((hexNext >> last) >> 1);
  const letters = topBits(escapable(a), escapable(b), escapable(c), escapable(d));
  return (escaped & ~letters) | (needed & ~hexadecimal);
}

@inline
function letterToF(v: v128): v128 {
  // One comparison for the range: its first letter becomes the least signed number.
  const letter = v128.or(v, i8x16.splat(0x20));
  return i8x16.lt_s(i8x16.add(letter, i8x16.splat(0x1f)), i8x16.splat(-122));
}

/** One of `"\/bfnrtu`: a bit for each upper half that is there with the lower half. */
@inline
function escapable(v: v128): v128 {
  const byLow = i8x16.swizzle(
    i8x16(0, 0, 13, 0, 8, 8, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1),
    v128.and(v, i8x16.splat(15)),
  );
  const byHigh = i8x16.swizzle(
    i8x16(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0),
    v128.and(i16x8.shr_u(v, 4), i8x16.splat(15)),
  );
  return i8x16.ne(v128.and(byLow, byHigh), i8x16.splat(0));
}

@inline
function isDigit(v: v128): v128 {
  return i8x16.lt_s(i8x16.add(v, v128.load(DIGIT_SHIFT16)), v128.load(DIGIT_LIMIT16));
}

@inline
function isSpace(v: v128): v128 {
  // Where nothing is meant the table has 0: a zero byte finds the 0x20 of its own place instead, so it is no space.
  return i8x16.eq(v, i8x16.swizzle(v128.load(SPACES16), v128.and(v, v128.load(LOW_BITS16))));
}

/** Brackets and the colon; also Y, y, _ and DEL, which the grammar then refuses as tokens. */
@inline
function isHard(v: v128): v128 {
  return v128.or(
    i8x16.eq(v128.or(v, v128.load(BRACKET_BITS16)), v128.load(DEL16)),
    i8x16.eq(v, v128.load(COLON16)),
  );
}

@inline
function isControl(v: v128): v128 {
  return i8x16.eq(i8x16.min_u(v, v128.load(CONTROLS16)), v);
}

/** Whether one of 16 bytes is of importance within a string. */
@inline
function endsText(v: v128): v128 {
  return v128.or(
    v128.or(i8x16.eq(v, v128.load(QUOTE16)), i8x16.eq(v, v128.load(BACKSLASH16))),
    isControl(v),
  );
}

@inline
function kindOf(byte: i32): u64 {
  return byte === 0x7b ? OBJECT : byte === 0x5b ? ARRAY : byte === QUOTE ? TEXT : OTHER;
}

/** Whether digits that begin at one of `begins` reach the bit `last` and so go on in the next block. */
@inline
function digitsGoOn(begins: u64, digits: u64, last: u64): u64 {
  const sum = begins + digits;
  return last === 63 ? <u64>(sum < begins) : (sum >> (last + 1)) & 1;
}

/**
 * Scans the first `length` bytes of the input.
 *
 * @returns the number of entries made, or -1 when there is an error (RESULT: code, position, records before, start of
 * the line, entries made before)
 */
export function scanJson(length: i32): i32 {
  let entry = TABLE;
  // Locals are kept in registers, globals are not.
  let now = state;
  let level = depth;
  let count = members;
  let valueFrom = memberFrom;
  let valueKind = memberKind;
  let nameFrom = keyFrom;
  let nameTo = keyTo;
  let nameFlags = keyFlags;
  let wanted = keyWanted;
  let wholeFrom = recordFrom;
  let wholeKind = recordKind;
  let lineFrom = lineStart;
  const end = INPUT + length;
  // Behind the end everything is space: it begins no token.
  const spaces = i8x16.splat(0x20);
  v128.store(end, spaces);
  v128.store(end, spaces, 16);
  v128.store(end, spaces, 32);
  v128.store(end, spaces, 48);

  for (let at = INPUT; at < end; at += 64) {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    const base = origin + <u32>(at - INPUT);
    if (inString && !(escapeNext | hexNext) && at + 64 <= end) {
      const special = v128.or(v128.or(endsText(a), endsText(b)), v128.or(endsText(c), endsText(d)));
      if (!v128.any_true(special)) {
        behindText = base + 64;
        continue;
      }
    }
    const last: u64 = at + 64 <= end ? 63 : end - at - 1;
    const valid: u64 = ~(<u64>0) >> (63 - last);

    // Strings.
    let quotes = equalTo(a, b, c, d, v128.load(QUOTE16));
    const backslashes = equalTo(a, b, c, d, v128.load(BACKSLASH16));
    let digits = topBits(isDigit(a), isDigit(b), isDigit(c), isDigit(d));
    let wrong: u64 = 0;
    let escaped: u64 = 0;
    const escapes = (backslashes | escapeNext | hexNext) !== 0;
    if (escapes) {
      // In a run of backslashes every second one is escaped; a subtraction finds them (from simdjson).
      const odd: u64 = 0xaaaaaaaaaaaaaaaa;
      const begins = backslashes & ~escapeNext;
      const codes = (((begins << 1) | odd) - begins) ^ odd;
      escaped = codes ^ (backslashes | escapeNext);
      escapeNext = ((codes & backslashes) >> last) & 1;
      quotes &= ~escaped;
    }
    const inside = parity(quotes) ^ inString;
    inString = 0 - ((inside >> last) & 1);
    if (escapes) wrong = wrongEscapes(a, b, c, d, escaped & inside, digits, last);
    wrong |= topBits(isControl(a), isControl(b), isControl(c), isControl(d)) & inside;
    const outside = ~(inside | quotes);

    // Tokens.
    const space = topBits(isSpace(a), isSpace(b), isSpace(c), isSpace(d)) & outside;
    const hard = topBits(isHard(a), isHard(b), isHard(c), isHard(d)) & outside;
    const commas = equalTo(a, b, c, d, v128.load(COMMA16)) & outside;
    const newlines = equalTo(a, b, c, d, v128.load(NEWLINE16)) & outside & lines;
    const run = outside & ~(space | hard | commas);
    const starts = run & ~((run << 1) | lastRun);
    lastRun = (run >> last) & 1;
    let tokens = hard | commas | newlines | (quotes & inside) | starts;

    // Numbers.
    digits &= run;
    const dots = equalTo(a, b, c, d, v128.load(DOT16)) & run;
    let minus = equalTo(a, b, c, d, v128.load(MINUS16)) & run;
    const zeros = equalTo(a, b, c, d, v128.load(ZERO16));
    let other = run & ~(digits | dots | minus);
    const behindDigit = (digits << 1) | lastDigit;
    lastDigit = (digits >> last) & 1;
    let exponents: u64 = 0;
    if ((other & behindDigit) | lastExponent | lastExponentSign | exponentRun) {
      const capital = i8x16.splat(0x20);
      exponents =
        equalTo(v128.or(a, capital), v128.or(b, capital), v128.or(c, capital), v128.or(d, capital), i8x16.splat(0x65)) &
        other &
        behindDigit;
      const behindExponent = (exponents << 1) | lastExponent;
      const signs = (equalTo(a, b, c, d, i8x16.splat(0x2b)) & other & behindExponent) | (minus & behindExponent);
      other &= ~(exponents | signs);
      minus &= ~signs;
      const behindSign = (signs << 1) | lastExponentSign;
      const begins = behindSign | (behindExponent & digits) | exponentRun;
      const behindRun = (begins + digits) & ~digits;
      // An addition carries through the digits; the last bit tells whether they go on in the next block.
      exponentRun = digitsGoOn(begins, digits, last);
      wrong |=
        (behindExponent & ~(digits | signs)) |
        (behindSign & ~digits) |
        (behindRun & (dots | exponents)) |
        (other & behindDigit);
      lastExponent = (exponents >> last) & 1;
      lastExponentSign = (signs >> last) & 1;
    }
    const behindDot = (dots << 1) | lastDot;
    const behindMinus = (minus << 1) | lastMinus;
    const fractions = behindDot | fractionRun;
    const behindFraction = (fractions + digits) & ~digits;
    fractionRun = digitsGoOn(fractions, digits, last);
    const leadingZeros = zeros & digits & (starts | behindMinus);
    const behindOther = (other << 1) | lastOther;
    wrong |=
      (dots & ~behindDigit) |
      (behindDot & ~digits) |
      (minus & ~starts) |
      (behindMinus & ~digits) |
      (((leadingZeros << 1) | lastLeadingZero) & digits) |
      (behindFraction & dots) |
      (behindOther & run & ~other);
    lastDot = (dots >> last) & 1;
    lastMinus = (minus >> last) & 1;
    lastLeadingZero = (leadingZeros >> last) & 1;
    lastOther = (other >> last) & 1;

    // Literals, at the byte behind them.
    let wrongLiteral: u64 = 0;
    let ends = behindOther & ~other & valid;
    while (ends) {
      const index = ctz(ends);
      const before = starts & below(index);
      const from = before ? base + 63 - <u32>clz(before) : scalarStart;
      if (!isLiteral(INPUT + <usize>from - <usize>origin, base + <u32>index - from)) wrongLiteral |= <u64>1 << index;
      ends &= ends - 1;
    }
    wrong = (wrong | wrongLiteral) & valid;
    if (wrong) tokens &= below(ctz(wrong));

    // The grammar.
    const text = ~space & valid;
    // The fast way through arrays is tried where an array opens and where a block begins in one.
    let tryRun = now <= INNER_ARRAY_AFTER && now >= OUTER_ARRAY_FIRST;
    while (tokens) {
      if (tryRun) {
        tryRun = false;
        const inner = now >= INNER_ARRAY_FIRST;
        if (inner || now <= OUTER_ARRAY_AFTER) {
          const stops = tokens & (hard | newlines);
          const piece = stops ? tokens & ((stops - 1) & ~stops) : tokens;
          if (piece) {
            const odd = parity(piece) & piece;
            const after = inner ? INNER_ARRAY_AFTER : OUTER_ARRAY_AFTER;
            const values = piece & ~commas;
            const begun = now === after;
            if (values === (begun ? piece & ~odd : odd)) {
              if (!inner && withMembers && !keyLengths) {
                // A comma ends the value in front of it; the first one's may have begun earlier.
                let starting = values;
                let ending = piece & commas;
                let open = begun;
                while (ending) {
                  const index = ctz(ending);
                  if (!open) {
                    const start = ctz(starting);
                    valueFrom = base + <u32>start;
                    valueKind = load<u8>(at + <usize>start) === QUOTE ? TEXT : OTHER;
                    starting &= starting - 1;
                  }
                  open = false;
                  const before = text & below(index);
                  const to = before ? base + 64 - <u32>clz(before) : behindText;
                  entry = putEntry(entry, MEMBER | (valueKind << 8), valueFrom, to, count);
                  count++;
                  ending &= ending - 1;
                }
                if (starting) {
                  const start = ctz(starting);
                  valueFrom = base + <u32>start;
                  valueKind = load<u8>(at + <usize>start) === QUOTE ? TEXT : OTHER;
                }
              } else if (!inner) count += <u32>popcnt(piece & commas);
              now = ((<i32>popcnt(piece) & 1) !== 0) === begun ? after - 1 : after;
              tokens &= ~piece;
              continue;
            }
          }
        }
      }
      const index = ctz(tokens);
      tokens &= tokens - 1;
      const position = base + <u32>index;
      const byte = <i32>load<u8>(at + <usize>index);
      const next = transition(now, byte);
      const action = next >> 8;
      if (action === NONE) {
        now = next;
        continue;
      }
      const before = text & below(index);
      const to = before ? base + 64 - <u32>clz(before) : behindText;
      switch (action) {
        case MEMBER_KEY: {
          nameFrom = position + 1;
          now = next & 255;
          break;
        }
        case MEMBER_COLON: {
          if (withMembers) {
            const slashes = backslashes & below(index);
            const behind = slashes ? base + 64 - <u32>clz(slashes) : behindBackslash;
            nameTo = to - 1;
            nameFlags = <u64>(behind > nameFrom);
            wanted = !keyLengths || nameFlags != 0 || ((keyLengths >>> ((nameTo - nameFrom) & 31)) & 1) != 0;
          }
          now = next & 255;
          break;
        }
        case MEMBER_SCALAR: {
          valueFrom = position;
          valueKind = byte === QUOTE ? TEXT : OTHER;
          now = next & 255;
          break;
        }
        case MEMBER_END: {
          if (withMembers && wanted)
            entry = putMember(entry, wholeKind == OBJECT, nameFrom, nameTo, nameFlags, valueKind, valueFrom, to, count);
          count++;
          now = next & 255;
          break;
        }
        case MEMBER_OPEN: {
          valueFrom = position;
          valueKind = kindOf(byte);
        }
        case INNER_OPEN: {
          if (level === MAX_DEPTH) return fail(entry, lineFrom, TOO_DEEP, position);
          store<u8>(STACK + level, afterContainer(now));
          level++;
          now = next & 255;
          tryRun = byte === 0x5b;
          break;
        }
        case INNER_CLOSE: {
          level--;
          now = load<u8>(STACK + level);
          break;
        }
        case RECORD_OPEN: {
          level = 1;
          count = 0;
          wholeFrom = position;
          wholeKind = kindOf(byte);
          wanted = !keyLengths;
          now = next & 255;
          tryRun = byte === 0x5b;
          break;
        }
        case RECORD_CLOSE: {
          // The last member of an object is there in any case: it tells where others can be added.
          if (withMembers && (wanted || wholeKind == OBJECT))
            entry = putMember(entry, wholeKind == OBJECT, nameFrom, nameTo, nameFlags, valueKind, valueFrom, to, count);
          count++;
        }
        case RECORD_CLOSE_EMPTY: {
          level = 0;
          now = DONE;
          break;
        }
        case RECORD_END: {
          entry = putEntry(entry, RECORD | (wholeKind << 8), wholeFrom, to, count);
          records++;
          lineFrom = position + 1;
          now = START;
          break;
        }
        case RECORD_SCALAR: {
          count = 0;
          wholeFrom = position;
          wholeKind = kindOf(byte);
          now = DONE;
          break;
        }
        case NO_RECORD: {
          return fail(entry, lineFrom, EMPTY_LINE, position);
        }
        default: {
          return fail(entry, lineFrom, UNEXPECTED, position);
        }
      }
    }

    if (wrong) {
      const index = ctz(wrong);
      const bit = <u64>1 << index;
      const position = base + <u32>index;
      if (wrongLiteral & bit) {
        const before = starts & below(index);
        const from = before ? base + 63 - <u32>clz(before) : scalarStart;
        return fail(entry, lineFrom, UNEXPECTED, literalBreak(from, position));
      }
      if (inside & bit) {
        const control = load<u8>(at + <usize>index) < 0x20;
        return fail(entry, lineFrom, control ? CONTROL : ESCAPE, position);
      }
      return fail(entry, lineFrom, UNEXPECTED, position);
    }
    if (starts) scalarStart = base + 63 - <u32>clz(starts);
    // Letters that go on are looked at while their beginning is at hand.
    const behind = base + <u32>last + 1;
    if (lastOther && behind - scalarStart > LITERAL_BYTES) return fail(entry, lineFrom, UNEXPECTED, literalBreak(scalarStart, behind));
    if (backslashes) behindBackslash = base + 64 - <u32>clz(backslashes);
    if (text) behindText = base + 64 - <u32>clz(text);
  }
  state = now;
  depth = level;
  members = count;
  memberFrom = valueFrom;
  memberKind = valueKind;
  keyFrom = nameFrom;
  keyTo = nameTo;
  keyFlags = nameFlags;
  keyWanted = wanted;
  recordFrom = wholeFrom;
  recordKind = wholeKind;
  lineStart = lineFrom;
  store<u64>(INPUT - 8, load<u64>(end - 8));
  origin += <u32>length;
  return <i32>((entry - TABLE) >> 4);
}

/** The text ends. @returns as `scanJson` does; an error of the end is at the position behind the last byte. */
export function endJson(): i32 {
  if (lines && origin === lineStart) return 0;
  store<u8>(INPUT, 10);
  const entries = scanJson(1);
  if (lines || entries < 0) return entries;
  if (state === START) return fail(TABLE, lineStart, EMPTY_LINE, origin - 1);
  if (state !== DONE) return fail(TABLE, lineStart, UNEXPECTED, origin - 1);
  putEntry(TABLE + ((<usize>entries) << 4), RECORD | (recordKind << 8), recordFrom, behindText, members);
  return entries + 1;
}
