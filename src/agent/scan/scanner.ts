import { hexadecimal, shownCharacter } from './shown-character.ts';
import { INPUT, newWasm, RESULT, TABLE, TABLE_NUMBERS, type Wasm } from './wasm.ts';

/** Kinds of entries in the table; the third is RECORD. */
export const KEY = 1;
export const MEMBER = 2;

/** Flag of a KEY: there is a backslash in it. */
export const ESCAPED = 1;
/** Flag of a RECORD of CSV: the row has no bytes. */
export const EMPTY = 1;
/** Flags of a MEMBER and a RECORD of JSON: the kind of the value. A string is 3, anything else 4. */
export const OBJECT = 1;
export const ARRAY = 2;

export type TextFormat = 'csv' | 'json-lines' | 'json';

export interface ScanOptions {
  /** Whether there are entries for the members of records, too; without them there is one RECORD for each record. */
  readonly members: boolean;
  /**
   * JSON: only members of objects whose key has one of these lengths in bytes, modulo 32, a bit for each, or is written with escapes,
   * and the last one of each object; 0 (the default) for all members, elements of arrays too. Most members are of no interest.
   */
  readonly keyLengths?: number;
  /** CSV: whether a newline in quotes belongs to its field. When not (the default), it is an error. */
  readonly quotedNewlines?: boolean;
}

/** Bytes that `push` takes at the most: what is scanned and the table of a usual window stay in the processor's cache. */
export const WINDOW_BYTES = 16 * 1024;

/** A text is not of its format. */
export class ScanError extends Error {
  override readonly name = 'ScanError';
  /** Byte in the text; the text's length where it ends too early. Of a quote that is not closed: where it opens. */
  readonly position: number;
  /** Records that are complete before it. */
  readonly record: number;
  /** Byte where the record begins that it is in: of a line or a row its first byte. */
  readonly recordStart: number;
  readonly reason: string;
  /** Entries in the table that were made before, in the same call. */
  readonly entries: number;

  constructor(reason: string, position: number, record: number, recordStart: number, entries: number) {
    super(`${reason} at byte ${position}`);
    this.reason = reason;
    this.position = position;
    this.record = record;
    this.recordStart = recordStart;
    this.entries = entries;
  }
}

/**
 * Finds the records of CSV and JSON and their outermost members, and checks everything on the way: JSON by RFC 8259, CSV by RFC
 * 4180. Whether it is UTF-8 is not checked. A text may come cut into any pieces; memory does not grow with it (nor with its depth,
 * of which 100,000 levels are allowed). A text may have 4 GiB.
 */
export class Scanner {
  /**
   * Four numbers for each entry: kind | flags << 8, from, to, extra. Positions are bytes since the start of the text.
   *
   * - KEY: what is between the quotes of an object's key; extra is the index of its member, whose entry follows at once.
   * - MEMBER: the value without the space around it; extra is its index in the record.
   * - RECORD, behind its members: the value without the space around it, the row without its `\n` or `\r\n`; extra is the number of
   *   members.
   *
   * Valid until the next call.
   */
  readonly table: Uint32Array;
  readonly #format: TextFormat;
  readonly #wasm: Wasm;
  readonly #memory: Buffer;
  /** Bytes of the text that were taken. */
  #length = 0;

  constructor(format: TextFormat) {
    this.#format = format;
    this.#wasm = newWasm();
    this.#memory = Buffer.from(this.#wasm.memory.buffer);
    this.table = new Uint32Array(this.#wasm.memory.buffer, TABLE, TABLE_NUMBERS);
  }

  /** Begins a new text, whatever became of the one before. */
  start({ members, keyLengths = 0, quotedNewlines = false }: ScanOptions): void {
    this.#length = 0;
    if (this.#format === 'csv') this.#wasm.startCsv(Number(members), Number(quotedNewlines));
    else this.#wasm.startJson(Number(this.#format === 'json-lines'), Number(members), keyLengths);
  }

  /**
   * Takes the next bytes of the text, `[from, to)`: at most `WINDOW_BYTES`.
   *
   * @returns the number of entries in the table
   * @throws ScanError; then the next call is `start`
   */
  push(bytes: Buffer, from: number, to: number): number {
    const length = to - from;
    if (length === 0) return 0;
    if (length > WINDOW_BYTES) throw new RangeError(`a window of ${length} bytes`);
    bytes.copy(this.#memory, INPUT, from, to);
    const entries = this.#format === 'csv' ? this.#wasm.scanCsv(length) : this.#wasm.scanJson(length);
    if (entries < 0) throw this.#error(length, false);
    this.#length += length;
    return entries;
  }

  /**
   * The text ends: a record that was not complete is, or there is an error.
   *
   * @returns the number of entries in the table
   * @throws ScanError; then the next call is `start`
   */
  end(): number {
    const entries = this.#format === 'csv' ? this.#wasm.endCsv() : this.#wasm.endJson();
    if (entries < 0) throw this.#error(0, true);
    return entries;
  }

  /** `length` bytes were given, and are not taken. */
  #error(length: number, ending: boolean): ScanError {
    const result = new Uint32Array(this.#wasm.memory.buffer, RESULT, 5);
    const [code = 0, position = 0, record = 0, recordStart = 0, entries = 0] = result;
    const at = INPUT + position - this.#length;
    const bytes = this.#memory.subarray(at, INPUT + length);
    const reason = this.#reason(code, bytes, position, ending && position === this.#length);
    return new ScanError(reason, position, record, recordStart, entries);
  }

  /** `bytes` begin where the error is. */
  #reason(code: number, bytes: Buffer, position: number, ended: boolean): string {
    const lineEnds = ended || (this.#format === 'json-lines' && bytes[0] === NEWLINE);
    const within = ended ? 'the text ends inside a value' : 'the line ends inside a value';
    switch (code) {
      case EMPTY_LINE:
        return this.#format === 'json' ? 'the text is empty' : 'the line is empty';
      case TOO_DEEP:
        return 'nested deeper than 100,000 levels';
      case CONTROL:
        if (lineEnds) return ended ? 'a string is not closed' : within;
        return `a string has the control character ${hexadecimal(bytes[0])}`;
      case ESCAPE:
        return `a string has an unexpected ${shownCharacter(bytes)} behind a backslash`;
      case AFTER_QUOTE:
        return `a closing quote is followed by ${ended ? '"\\r"' : shownCharacter(bytes)}`;
      case QUOTE_OPEN_ON_LINE:
        return 'a quote is not closed on its line';
      case QUOTE_OPEN:
        return 'a quote is not closed';
      default:
        if (lineEnds) return within;
        if (position === 0 && [...BYTE_ORDER_MARK].every((byte, i) => (bytes[i] ?? byte) === byte)) {
          return 'a byte order mark';
        }
        return `unexpected ${shownCharacter(bytes)}`;
    }
  }
}

const NEWLINE = 10;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

// Codes of errors, as in wasm/layout.ts.
const EMPTY_LINE = 2;
const TOO_DEEP = 3;
const CONTROL = 4;
const ESCAPE = 5;
const AFTER_QUOTE = 6;
const QUOTE_OPEN_ON_LINE = 7;
const QUOTE_OPEN = 8;
