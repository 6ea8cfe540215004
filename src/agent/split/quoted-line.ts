import { MillraceError } from '../../core/errors.ts';
import { shownCharacter } from '../scan/shown-character.ts';
import { INPUT, INPUT_BYTES, newWasm, RESULT, type Wasm } from '../scan/wasm.ts';
import type { Split, SplitObject, Splitter } from './split.ts';

/** States of wasm/csv-block.ts. */
const RECORD_START = 0;
const QUOTED = 2;
const BEHIND_QUOTE_CR = 4;

/** What is copied first when only some records are wanted: more may be for nothing. Each further block is four times as long. */
const FIRST_BLOCK_BYTES = 1024;
/** Bytes of a record that are told in a message. */
const SHOWN_BYTES = 80;
const CR = Buffer.from('\r');
const NO_LIMIT = 0xffff_ffff;

/**
 * Rows of CSV: a record ends with its `\n` (which belongs to it, as a `\r` before it does), unless this is in quotes. A quote opens
 * only at the start of a field; `""` in it is a quote.
 */
export function quotedLine(): Split {
  const finder = new RowFinder();
  return { framingBytes: 0, splitter: (object) => new QuotedLineSplitter(object, finder) };
}

/** Finds rows in one block, for any number of splitters by turns. The other members tell of the last call of `find`. */
class RowFinder {
  error = false;
  taken = 0;
  state = 0;
  rows = 0;
  /** Bytes up to the end of the last row, 0 when none ended. */
  boundary = 0;
  /** Bytes up to and including the last quote that opened a field, 0 when none did. */
  opening = 0;
  readonly #wasm: Wasm = newWasm();
  readonly #memory = Buffer.from(this.#wasm.memory.buffer);
  readonly #result = new Int32Array(this.#wasm.memory.buffer, RESULT, 6);

  find(bytes: Buffer, from: number, to: number, state: number, maxRows: number): void {
    bytes.copy(this.#memory, INPUT, from, to);
    this.#wasm.findRows(to - from, state, maxRows);
    const [error = 0, taken = 0, next = 0, rows = 0, boundary = 0, opening = 0] = this.#result;
    this.error = error !== 0;
    this.taken = taken;
    this.state = next;
    this.rows = rows;
    this.boundary = boundary;
    this.opening = opening;
  }
}

class QuotedLineSplitter implements Splitter {
  boundary = -1;
  records = 0;
  readonly #object: SplitObject;
  readonly #finder: RowFinder;
  #state = RECORD_START;
  /** Byte in the object of the next byte to take, of the record that it belongs to, and of the last quote that opened a field. */
  #offset = 0;
  #recordOffset = 0;
  #quoteOffset = 0;
  /** Records that ended. */
  #record = 0;

  constructor(object: SplitObject, finder: RowFinder) {
    this.#object = object;
    this.#finder = finder;
  }

  scan(bytes: Buffer, from: number, to: number, maxRecords: number): number {
    this.boundary = -1;
    this.records = 0;
    let blockBytes = maxRecords === Infinity ? INPUT_BYTES : FIRST_BLOCK_BYTES;
    let at = from;
    while (at < to && this.records < maxRecords) {
      const taken = this.#take(bytes, at, Math.min(to, at + blockBytes), maxRecords - this.records);
      if (this.#finder.error) {
        const start = at + this.#recordOffset - this.#offset;
        const line = start < from ? '' : firstLine(bytes.subarray(start, Math.min(to, start + SHOWN_BYTES)));
        // The CR behind a quote may have come with bytes that are gone.
        const behind = taken < 0 ? CR : bytes.subarray(at + taken, to);
        throw this.#notParsed(line, `a closing quote is followed by ${shownCharacter(behind)}`);
      }
      at += taken;
      this.#offset += taken;
      blockBytes = Math.min(INPUT_BYTES, blockBytes * 4);
    }
    return at;
  }

  /** @returns the bytes taken, or where the error is; `#offset` is still that of `from`. */
  #take(bytes: Buffer, from: number, to: number, maxRecords: number): number {
    const found = this.#finder;
    found.find(bytes, from, to, this.#state, Math.min(maxRecords, NO_LIMIT));
    this.#state = found.state;
    this.#record += found.rows;
    this.records += found.rows;
    if (found.rows > 0) {
      this.boundary = from + found.boundary;
      this.#recordOffset = this.#offset + found.boundary;
    }
    if (found.opening > 0) this.#quoteOffset = this.#offset + found.opening - 1;
    return found.taken;
  }

  end(): void {
    if (this.#state === QUOTED) throw this.#notParsed('', `the quote at byte ${this.#quoteOffset} is never closed`);
    if (this.#state === BEHIND_QUOTE_CR) throw this.#notParsed('', 'a closing quote is followed by "\\r"');
  }

  #notParsed(line: string, cause: string): MillraceError<'InputNotParsed'> {
    const [object, record, offset] = [this.#object.name, this.#record, this.#recordOffset];
    return new MillraceError('InputNotParsed', { object, record, offset, format: 'CSV', line, cause });
  }
}

function firstLine(bytes: Buffer): string {
  // The piece may end in the middle of a character.
  const [line = ''] = bytes
    .toString()
    .replace(/\uFFFD+$/, '')
    .split(/\r?\n/, 1);
  return line;
}
