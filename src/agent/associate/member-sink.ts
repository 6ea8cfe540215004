import type { Pieces, Range } from './pieces.ts';

/** The attribute, or the column, that a join adds (behaviour 4). */
export const OUTPUT_ATTRIBUTE = 'SageMakerOutput';

/** Takes the members of one object, the elements of one array, or the fields of one CSV row, in order, and then its end. */
export interface MemberSink {
  /**
   * @param key range of the name between its quotes, -1 for elements and fields
   * @param escaped whether the name has a backslash
   */
  member(source: Pieces, key: number, keyTo: number, escaped: boolean, from: number, to: number): void;
  /** A member that is in no text under this name: what a join adds. */
  named(name: string, source: Pieces, from: number, to: number): void;
  /**
   * @param from range of the whole value
   * @param count members that it has
   * @param more the second half of a row that is joined from two
   */
  end(source: Pieces, from: number, to: number, kind: number, count: number, more?: Range): void;
}

/** A name as it is looked for: in bytes, and in words for names that are written with escapes. */
export class Name {
  readonly text: string;
  readonly bytes: Buffer;

  constructor(text: string) {
    this.text = text;
    this.bytes = Buffer.from(text);
  }

  is(source: Pieces, key: number, keyTo: number, escaped: boolean): boolean {
    if (!escaped) return keyTo - key === this.bytes.length && (key === keyTo || source.equals(key, this.bytes));
    return JSON.parse(`"${source.slice(key, keyTo)}"`) === this.text;
  }
}

/** A bit for each length that a name has, modulo 32: most members of a record are none of them. */
export function lengthsOf(names: readonly Name[]): number {
  return names.reduce((bits, { bytes }) => bits | (1 << (bytes.length & 31)), 0);
}
