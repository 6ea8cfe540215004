import { OBJECT } from '../scan/scanner.ts';
import { type MemberSink, Name, OUTPUT_ATTRIBUTE } from './member-sink.ts';
import type { Pieces } from './pieces.ts';
import type { MemberTaker } from './record-scan.ts';
import type { RowTable } from './row-table.ts';
import { SelectionError } from './selection.ts';

const OUTPUT_NAME = new Name(OUTPUT_ATTRIBUTE);

/**
 * Lets a path look at a record as if it were joined with its output, without writing the joined record first. What is no
 * object is one of the attributes `SageMakerInput` and `SageMakerOutput` then (behaviour 4).
 */
export class JoinedRecord implements MemberTaker {
  readonly #selected: MemberSink;
  readonly #text: Pieces;
  readonly #output: Pieces;
  readonly #rows: RowTable;
  #record = 0;
  #overwritten = false;

  /** @param rows the output of each record, in `output` */
  constructor(selected: MemberSink, text: Pieces, output: Pieces, rows: RowTable) {
    this.#selected = selected;
    this.#text = text;
    this.#output = output;
    this.#rows = rows;
  }

  member(source: Pieces, key: number, keyTo: number, escaped: boolean, from: number, to: number): void {
    if (key === -1) return;
    if (!OUTPUT_NAME.is(source, key, keyTo, escaped)) {
      this.#selected.member(source, key, keyTo, escaped, from, to);
      return;
    }
    if (this.#overwritten) throw new SelectionError({ code: 'DuplicateAttribute', name: OUTPUT_ATTRIBUTE });
    this.#overwritten = true;
    this.#passOutput();
  }

  record(from: number, to: number, kind: number, count: number): void {
    if (kind !== OBJECT) this.#selected.named('SageMakerInput', this.#text, from, to);
    if (!this.#overwritten) this.#passOutput();
    this.#overwritten = false;
    this.#record += 1;
    this.#selected.end(this.#text, from, to, OBJECT, count);
  }

  #passOutput(): void {
    const [from, to] = [this.#rows.from(this.#record), this.#rows.to(this.#record)];
    this.#selected.named(OUTPUT_ATTRIBUTE, this.#output, from, to);
  }
}
