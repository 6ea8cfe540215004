import type { BodyWriter } from './body-writer.ts';
import type { Pieces } from './pieces.ts';
import type { NodeSink } from './selection.ts';

const COMMA = 44;

/** Writes the fields that a path selects of a CSV row. */
export class CsvNodes implements NodeSink {
  readonly #writer: BodyWriter;
  #count = 0;
  #last: Pieces | undefined;
  #lastTo = 0;

  constructor(writer: BodyWriter) {
    this.#writer = writer;
  }

  node(source: Pieces, from: number, to: number): void {
    // Fields of a row have one comma between them: neighbours are copied at once.
    if (this.#count > 0 && this.#last === source && this.#lastTo + 1 === from) {
      this.#writer.range(source, this.#lastTo, to);
    } else {
      if (this.#count > 0) this.#writer.byte(COMMA);
      this.#writer.range(source, from, to);
    }
    this.#count += 1;
    this.#last = source;
    this.#lastTo = to;
  }

  object(): void {}

  /** Ends the row; false when nothing of it was selected. */
  finish(): boolean {
    const any = this.#count > 0;
    this.#count = 0;
    this.#last = undefined;
    return any;
  }
}
