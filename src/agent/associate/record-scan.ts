import { ARRAY, ESCAPED, KEY, MEMBER, ScanError, Scanner, type TextFormat, WINDOW_BYTES } from '../scan/scanner.ts';
import type { MemberSink } from './member-sink.ts';
import type { Pieces } from './pieces.ts';

const [NEWLINE, QUOTE, COMMA] = [10, 34, 44] as const;
/** Rows up to this size are looked at here: going over to WebAssembly costs as much as some hundred bytes. */
const SMALL_ROW_BYTES = 256;

export type MemberTaker = Pick<MemberSink, 'member'>;

/**
 * @param kind of the value as the scanner has it; for CSV `EMPTY` when the row is
 * @param count of members or fields
 */
export type RecordTaker = (from: number, to: number, kind: number, count: number) => void;

/** Passes on what the scanner finds in a text that lies in pieces. The scanner is made when it is first needed. */
export class RecordScan {
  readonly #format: 'csv' | 'json';
  readonly #scanners = new Map<TextFormat, Scanner>();

  constructor(format: 'csv' | 'json') {
    this.#format = format;
  }

  /** Scans all records of a text: the members of each, where they are asked for, and then itself. @throws ScanError */
  records(
    source: Pieces,
    options: { readonly format: TextFormat; readonly quotedNewlines: boolean; readonly keyLengths?: number },
    members: MemberTaker | undefined,
    record: RecordTaker,
  ): void {
    const { format, ...rest } = options;
    const scanner = this.#scanner(format);
    scanner.start({ members: members !== undefined, ...rest });
    this.#run(scanner, source, 0, source.length, members ?? NOBODY, record);
  }

  /** How many fields the first row has that is well-formed; `undefined` when there is none. */
  firstRecord(source: Pieces, quotedNewlines: boolean): number | undefined {
    const scanner = this.#scanner('csv');
    const options = { members: false, quotedNewlines };
    scanner.start(options);
    for (let at = 0; at < source.length; ) {
      const window = source.slice(at, Math.min(source.length, at + WINDOW_BYTES));
      // Line by line: what is wrong with one row must not hide the next.
      const newline = window.indexOf(NEWLINE);
      const to = newline === -1 ? window.length : newline + 1;
      try {
        if (scanner.push(window, 0, to) > 0) return scanner.table[3];
        if (at + to === source.length && scanner.end() > 0) return scanner.table[3];
      } catch (error) {
        if (!(error instanceof ScanError)) throw error;
        scanner.start(options);
      }
      at += to;
    }
    return undefined;
  }

  /** Scans one value or row that was found well-formed before, for its members. */
  value(source: Pieces, from: number, to: number, sink: MemberSink): void {
    if (this.#format === 'csv' && to - from <= SMALL_ROW_BYTES && smallRow(source, from, to, sink)) return;
    const scanner = this.#scanner(this.#format);
    scanner.start({ members: true, quotedNewlines: true });
    this.#run(scanner, source, from, to, sink, (_from, _to, kind, count) =>
      sink.end(source, from, to, this.#format === 'csv' ? ARRAY : kind, count),
    );
  }

  #run(scanner: Scanner, source: Pieces, start: number, end: number, members: MemberTaker, record: RecordTaker): void {
    const pass = (entries: number): void => this.#pass(scanner, entries, source, start, members, record);
    for (let at = start; at < end; ) {
      const piece = source.pieceAt(at);
      const pieceStart = source.pieceStart;
      const to = Math.min(end, pieceStart + piece.length, at + WINDOW_BYTES);
      pass(entriesOf(() => scanner.push(piece, at - pieceStart, to - pieceStart), pass));
      at = to;
    }
    pass(entriesOf(() => scanner.end(), pass));
  }

  /** Hands on the entries of a window. */
  #pass(
    { table }: Scanner,
    entries: number,
    source: Pieces,
    start: number,
    members: MemberTaker,
    record: RecordTaker,
  ): void {
    let [key, keyTo, escaped] = [-1, -1, false];
    for (let at = 0; at < entries * 4; at += 4) {
      const what = table[at] as number;
      const from = start + (table[at + 1] as number);
      const to = start + (table[at + 2] as number);
      const kind = what & 0xff;
      if (kind === MEMBER) {
        members.member(source, key, keyTo, escaped, from, to);
        key = -1;
      } else if (kind === KEY) {
        key = from;
        keyTo = to;
        escaped = what >>> 8 === ESCAPED;
      } else record(from, to, what >>> 8, table[at + 3] as number);
    }
  }

  #scanner(format: TextFormat): Scanner {
    let scanner = this.#scanners.get(format);
    if (scanner === undefined) {
      scanner = new Scanner(format);
      this.#scanners.set(format, scanner);
    }
    return scanner;
  }
}

/** What was found before an error is handed on before it is thrown: the first fault of a text is the one that is told. */
function entriesOf(scan: () => number, pass: (entries: number) => void): number {
  try {
    return scan();
  } catch (error) {
    if (error instanceof ScanError) pass(error.entries);
    throw error;
  }
}

const NOBODY: MemberTaker = { member: () => undefined };

/** The fields of a row that lies in one piece and has no quotes, which is most of them; false when it is another one. */
function smallRow(source: Pieces, from: number, to: number, sink: MemberSink): boolean {
  if (from === to) {
    // To the scanner there is no row, but a row that was found to be empty has one field.
    sink.member(source, -1, -1, false, from, to);
    sink.end(source, from, to, ARRAY, 1);
    return true;
  }
  const piece = source.pieceAt(from);
  const start = source.pieceStart;
  if (to > start + piece.length) return false;
  for (let at = from - start; at < to - start; at++) if (piece[at] === QUOTE) return false;
  let field = from;
  let count = 1;
  for (let at = from; at < to; at++) {
    if (piece[at - start] !== COMMA) continue;
    sink.member(source, -1, -1, false, field, at);
    field = at + 1;
    count += 1;
  }
  sink.member(source, -1, -1, false, field, to);
  sink.end(source, from, to, ARRAY, count);
  return true;
}
