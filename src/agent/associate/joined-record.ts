import { OBJECT } from '../scan/scanner.ts';
import { type MemberSink, Name, OUTPUT_ATTRIBUTE } from './member-sink.ts';
import type { Pieces, Range } from './pieces.ts';
import type { MemberTaker } from './record-scan.ts';
import { SelectionError } from './selection.ts';

const OUTPUT_NAME = new Name(OUTPUT_ATTRIBUTE);

/**
 * Lets a path look at a record as if it were joined with its output, without writing the joined record first. What is no
 * object is one of the attributes `SageMakerInput` and `SageMakerOutput` then (behaviour 4).
 */
export class JoinedRecord implements MemberTaker {
  readonly #selected: MemberSink;
  readonly #text: Pieces;
  readonly #output: () => Range | undefined;
  #overwritten = false;

  /** @param output of the record at hand; `undefined` when there is none, and the record is passed over */
  constructor(selected: MemberSink, text: Pieces, output: () => Range | undefined) {
    this.#selected = selected;
    this.#text = text;
    this.#output = output;
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
    const range = { source: this.#text, from, to };
    if (kind !== OBJECT) this.#selected.named('SageMakerInput', this.#text, from, to);
    if (!this.#overwritten) this.#passOutput();
    this.#overwritten = false;
    this.#selected.end(range, OBJECT, count);
  }

  #passOutput(): void {
    const output = this.#output();
    if (output !== undefined) this.#selected.named(OUTPUT_ATTRIBUTE, output.source, output.from, output.to);
  }
}
