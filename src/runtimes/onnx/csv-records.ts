import { BadInput, quoted } from './bad-input.ts';
import { countFields, endsRow, readField } from './csv-field.ts';
import { DecimalScanner } from './decimal-scanner.ts';
import { FloatStore } from './element-store.ts';
import type { Column, InputBatch } from './input-batch.ts';
import type { RecordSource } from './record-source.ts';

const newline = 10;
const comma = 44;

/**
 * CSV by RFC 4180 without a header: one row, one record; its fields go to the model's inputs in order, to each as many as
 * it is wide. The last row may go without a line end; one empty line at the end is ignored, elsewhere it is an error.
 */
export class CsvRecords implements RecordSource {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #scanner = new DecimalScanner('double');
  #at: number;
  #rows = 0;

  /** @param bytes the body and after it, at `end`, one newline more: the sentinel that all scanning stops at */
  constructor(bytes: Buffer, end: number) {
    if (bytes[end] !== newline) throw new Error('the newline after the body is missing');
    this.#bytes = bytes;
    this.#end = end;
    const hasByteOrderMark = end >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    this.#at = hasByteOrderMark ? 3 : 0;
  }

  firstWidth(): number {
    return this.#startsRow() ? countFields(this.#bytes, this.#at, this.#end, () => this.#place(this.#at)) : 0;
  }

  read(batch: InputBatch, limit: number): number {
    const [first] = batch.columns;
    if (batch.inputs.length === 1 && first?.store instanceof FloatStore) {
      return this.#readFloats(first.store, first.width, batch.columns, limit);
    }
    let row = 0;
    for (; row < limit && this.#startsRow(); row++) this.#readRow(batch.columns, row);
    return row;
  }

  /** The way of most data: one float input. The same as `#readRow`, without looking up each column's store. */
  #readFloats(store: FloatStore, width: number, columns: readonly Column[], limit: number): number {
    const bytes = this.#bytes;
    const { data } = store;
    const scanner = data instanceof Float32Array ? new DecimalScanner('single') : this.#scanner;
    const last = width - 1;
    let row = 0;
    while (row < limit && this.#startsRow()) {
      let at = this.#at;
      let index = row * width;
      const lastIndex = index + last;
      while (index < lastIndex) {
        const value = scanner.scan(bytes, at);
        at = scanner.end;
        if (at < 0 || bytes[at] !== comma) break;
        at++;
        data[index++] = value;
      }
      if (index === lastIndex) {
        const value = scanner.scan(bytes, at);
        at = scanner.end;
        if (at >= 0 && endsRow(bytes, at)) {
          data[index] = value;
          this.#at = bytes[at] === newline ? at + 1 : at + 2;
          this.#rows++;
          row++;
          continue;
        }
      }
      this.#readRow(columns, row++);
    }
    return row;
  }

  #readRow(columns: readonly Column[], row: number): void {
    const bytes = this.#bytes;
    const scanner = this.#scanner;
    const start = this.#at;
    const last = columns.length - 1;
    let at = start;
    for (let c = 0; c <= last; c++) {
      const { store, width, offset } = columns[c] as Column;
      const index = row * width + offset;
      let next = -1;
      if (store.kind !== 'string') {
        const value = scanner.scan(bytes, at);
        const end = scanner.end;
        if (end >= 0 && (bytes[end] === comma || endsRow(bytes, end)) && store.setNumber(index, value)) next = end;
      }
      if (next < 0) {
        const field = readField(bytes, at, this.#end, () => `${this.#place(start)}, column ${c + 1}`);
        const problem = store.setText(index, field.text);
        if (problem !== undefined) throw this.#badCell(columns, start, c, field.text, problem);
        next = field.next;
      }
      if ((bytes[next] === comma) === (c === last)) throw this.#badCount(columns, start);
      at = next + 1;
    }
    // `at` is after the newline, or between the two of CRLF.
    this.#at = bytes[at - 1] === newline ? at : at + 1;
    this.#rows++;
  }

  /** Whether there is another row; looks for empty lines. */
  #startsRow(): boolean {
    const at = this.#at;
    if (at >= this.#end) return false;
    const bytes = this.#bytes;
    const byte = bytes[at] as number;
    if (byte > 13 || !endsRow(bytes, at)) return true;
    const next = byte === newline ? at + 1 : at + 2;
    if (next >= this.#end) return false;
    throw new BadInput(`row ${this.#rows + 1} (line ${this.#line(at)}): the line is empty`);
  }

  #badCell(columns: readonly Column[], start: number, c: number, text: string, problem: string): BadInput {
    const count = countFields(this.#bytes, start, this.#end, () => this.#place(start));
    if (count !== columns.length) return this.#badCount(columns, start);
    // A table with its header is what lands here most often.
    const hint = this.#rows === 0 ? '; is it a header? The first row has to be a record already' : '';
    return new BadInput(`${this.#place(start)}, column ${c + 1}: ${quoted(text)} ${problem}${hint}`);
  }

  #badCount(columns: readonly Column[], start: number): BadInput {
    const row = this.#rows + 1;
    const line = this.#line(start);
    const count = countFields(this.#bytes, start, this.#end, () => this.#place(start));
    const expected = columns.length === 1 ? '1 column' : `${columns.length} columns`;
    return new BadInput(`row ${row} (line ${line}): expected ${expected}, found ${count}`);
  }

  /** The row that is being read; with its line as well when quoted line breaks have set the two apart. */
  #place(start: number): string {
    const row = this.#rows + 1;
    const line = this.#line(start);
    return line === row ? `row ${row}` : `row ${row} (line ${line})`;
  }

  /** The line, from 1, that a byte stands in; counted only when there is something to complain about. */
  #line(at: number): number {
    let line = 1;
    for (let i = 0; i < at; i++) if (this.#bytes[i] === newline) line++;
    return line;
  }
}
