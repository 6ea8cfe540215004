import { OBJECT } from '../scan/scanner.ts';
import type { BodyWriter } from './body-writer.ts';
import { type MemberSink, Name } from './member-sink.ts';
import type { Pieces } from './pieces.ts';
import { SelectionError } from './selection.ts';

const COMMA = 44;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;

export interface Attribute {
  readonly name: Name;
  /** Writes its value for the record at hand. */
  readonly write: (writer: BodyWriter) => void;
}

export function attribute(name: string, write: Attribute['write']): Attribute {
  return { name: new Name(name), write };
}

/**
 * Writes JSON records with attributes set: one of the same name is overwritten where it stands, a new one comes behind the
 * last, and everything else keeps its bytes. What is no object becomes an attribute itself (behaviour 4).
 *
 * @throws SelectionError from its calls: an attribute that is to be overwritten is there twice
 */
export class AttributeWriter implements MemberSink {
  readonly #writer: BodyWriter;
  readonly #attributes: readonly Attribute[];
  readonly #labels: readonly Buffer[];
  readonly #wrap: Buffer;
  #source: Pieces | undefined;
  #lastTo = -1;
  #overwritten: { readonly attribute: number; readonly from: number; readonly to: number }[] = [];

  /** @param wrap the attribute that a record becomes which is no object */
  constructor(writer: BodyWriter, attributes: readonly Attribute[], wrap: string) {
    this.#writer = writer;
    this.#attributes = attributes;
    this.#labels = attributes.map(({ name }) => Buffer.from(`${JSON.stringify(name.text)}:`));
    this.#wrap = Buffer.from(`${JSON.stringify(wrap)}:`);
  }

  /** Begins a text. */
  begin(source: Pieces): void {
    this.#source = source;
    this.#next();
  }

  member(source: Pieces, key: number, keyTo: number, escaped: boolean, from: number, to: number): void {
    this.#lastTo = to;
    if (key === -1) return;
    for (let i = 0; i < this.#attributes.length; i++) {
      const { name } = this.#attributes[i] as Attribute;
      if (!name.is(source, key, keyTo, escaped)) continue;
      if (this.#overwritten.some(({ attribute: other }) => other === i)) {
        throw new SelectionError({ code: 'DuplicateAttribute', name: name.text });
      }
      this.#overwritten.push({ attribute: i, from, to });
    }
  }

  named(): void {}

  end(_source: Pieces, from: number, to: number, kind: number, count: number): void {
    this.record(from, to, kind, count);
  }

  record(from: number, to: number, kind: number, count: number): void {
    const writer = this.#writer;
    const source = this.#source as Pieces;
    if (kind !== OBJECT) {
      writer.byte(BRACE_OPEN);
      writer.literal(this.#wrap);
      writer.range(source, from, to);
      this.#append(true);
      writer.byte(BRACE_CLOSE);
      this.#next();
      return;
    }
    let at = from;
    for (const { attribute: i, from: valueFrom, to: valueTo } of this.#overwritten) {
      writer.range(source, at, valueFrom);
      (this.#attributes[i] as Attribute).write(writer);
      at = valueTo;
    }
    const end = count === 0 ? from + 1 : this.#lastTo;
    if (end > at) writer.range(source, at, end);
    this.#append(count > 0);
    writer.range(source, end, to);
    this.#next();
  }

  #append(follows: boolean): void {
    for (let i = 0; i < this.#attributes.length; i++) {
      if (this.#overwritten.length > 0 && this.#overwritten.some(({ attribute: other }) => other === i)) continue;
      if (follows || i > 0) this.#writer.byte(COMMA);
      this.#writer.literal(this.#labels[i] as Buffer);
      (this.#attributes[i] as Attribute).write(this.#writer);
    }
  }

  #next(): void {
    this.#lastTo = -1;
    if (this.#overwritten.length > 0) this.#overwritten = [];
  }
}
