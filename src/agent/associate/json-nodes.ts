import type { BodyWriter } from './body-writer.ts';
import type { JsonPath } from './json-path.ts';
import type { Name } from './member-sink.ts';
import type { Pieces } from './pieces.ts';
import type { NodeSink, Slot } from './selection.ts';

const [COMMA, BRACKET_OPEN, BRACKET_CLOSE, BRACE_CLOSE] = [44, 91, 93, 125] as const;

/** Writes what a path selects of a JSON record: the one value of a definite path, an array of them otherwise (behaviour 4). */
export class JsonNodes implements NodeSink {
  readonly #writer: BodyWriter;
  readonly #definite: boolean;
  readonly #first = new Map<Name | undefined, Buffer>();
  readonly #others = new Map<Name | undefined, Buffer>();
  #count = 0;
  #last: Pieces | undefined;
  #lastTo = 0;

  constructor(writer: BodyWriter, { definite }: JsonPath) {
    this.#writer = writer;
    this.#definite = definite;
  }

  node(source: Pieces, from: number, to: number): void {
    if (!this.#definite && this.#count > 0 && this.#last === source && this.#lastTo + 1 === from) {
      // Neighbours with one byte between them: that byte is the comma, and both are copied at once.
      this.#writer.range(source, this.#lastTo, to);
    } else {
      this.#begin();
      this.#writer.range(source, from, to);
    }
    this.#count += 1;
    this.#last = source;
    this.#lastTo = to;
  }

  object(members: readonly Slot[]): void {
    this.#begin();
    this.#count += 1;
    this.#last = undefined;
    let first = true;
    for (const { found, name, source, from, to } of members) {
      if (!found) continue;
      this.#writer.literal(first ? this.#label(this.#first, '{', name) : this.#label(this.#others, ',', name));
      this.#writer.range(source as Pieces, from, to);
      first = false;
    }
    this.#writer.byte(BRACE_CLOSE);
  }

  /** Ends the record; false when nothing of it was selected. */
  finish(): boolean {
    const any = this.#count > 0;
    if (any && !this.#definite) this.#writer.byte(BRACKET_CLOSE);
    this.#count = 0;
    this.#last = undefined;
    return any;
  }

  #begin(): void {
    if (!this.#definite) this.#writer.byte(this.#count === 0 ? BRACKET_OPEN : COMMA);
  }

  /** `{"name":` or `,"name":` */
  #label(labels: Map<Name | undefined, Buffer>, before: string, name: Name | undefined): Buffer {
    let label = labels.get(name);
    if (label === undefined) {
      label = Buffer.from(`${before}${JSON.stringify(name?.text)}:`);
      labels.set(name, label);
    }
    return label;
  }
}
