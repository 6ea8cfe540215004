import { lengthsOf, type Name } from './member-sink.ts';
import type { Pieces } from './pieces.ts';
import type { MemberTaker, RecordTaker } from './record-scan.ts';

/**
 * Bytes of a mini-batch for each number that its index may have, of four bytes: all indexes together have half of what is open, 50 MB
 * at the most. Records so short that it would be more (some 70 bytes) are scanned again.
 */
const BYTES_PER_NUMBER = 8;
const LEAST_NUMBERS = 1024;
const NUMBERS_PER_RECORD = 5;
const NUMBERS_PER_MEMBER = 4;

/**
 * What was found in the records of a mini-batch when its request was made, for when its response comes: scanning them twice would
 * be most of what a filter and a join cost together. It keeps the members of certain names.
 */
export class MemberIndex implements MemberTaker {
  readonly #names: readonly Name[];
  readonly #keepsLast: boolean;
  readonly #lengths: number;
  readonly #maxNumbers: number;
  #table = new Uint32Array(LEAST_NUMBERS);
  #used = 0;
  /** Where the record at hand begins in the table, and whether its last member is one that is only kept because it is the last. */
  #start = 0;
  #members = 0;
  #lastIsSpare = false;
  #overflown = false;

  /**
   * @param keepsLast whether the last member of an object is kept, too: where it ends, others can be added
   * @param bytes of the mini-batch
   */
  constructor(names: readonly Name[], keepsLast: boolean, bytes: number) {
    this.#maxNumbers = Math.max(LEAST_NUMBERS, Math.floor(bytes / BYTES_PER_NUMBER));
    this.#names = names;
    this.#keepsLast = keepsLast;
    this.#lengths = lengthsOf(names);
    this.#begin();
  }

  /** False when there was too much to keep. */
  get complete(): boolean {
    return !this.#overflown;
  }

  member(source: Pieces, key: number, keyTo: number, escaped: boolean, from: number, to: number): void {
    if (key === -1) return; // an element: what is no object is joined as a whole
    const wanted = this.#isWanted(source, key, keyTo, escaped);
    if (!wanted && !this.#keepsLast) return;
    if (this.#lastIsSpare) {
      this.#used -= NUMBERS_PER_MEMBER;
      this.#members -= 1;
    }
    this.#lastIsSpare = !wanted;
    if (!this.#makeRoom(NUMBERS_PER_MEMBER)) return;
    const table = this.#table;
    const at = this.#used;
    table[at] = key;
    table[at + 1] = (keyTo - key) * 2 + (escaped ? 1 : 0);
    table[at + 2] = from;
    table[at + 3] = to;
    this.#used = at + NUMBERS_PER_MEMBER;
    this.#members += 1;
  }

  /** The record at hand is complete. */
  record(from: number, to: number, kind: number, count: number): void {
    const table = this.#table;
    table[this.#start] = from;
    table[this.#start + 1] = to;
    table[this.#start + 2] = kind;
    table[this.#start + 3] = count;
    table[this.#start + 4] = this.#members;
    this.#begin();
  }

  /** Hands on the records as the scan did, with the members that were kept. */
  replay(source: Pieces, members: MemberTaker, record: RecordTaker): void {
    const table = this.#table;
    for (let at = 0; at < this.#start; ) {
      const start = at;
      const kept = table[start + 4] as number;
      at += NUMBERS_PER_RECORD;
      for (let i = 0; i < kept; i++, at += NUMBERS_PER_MEMBER) {
        const key = table[at] as number;
        const shape = table[at + 1] as number;
        const keyTo = key + Math.floor(shape / 2);
        members.member(source, key, keyTo, shape % 2 === 1, table[at + 2] as number, table[at + 3] as number);
      }
      const [from, to] = [table[start] as number, table[start + 1] as number];
      record(from, to, table[start + 2] as number, table[start + 3] as number);
    }
  }

  #begin(): void {
    this.#start = this.#used;
    this.#members = 0;
    this.#lastIsSpare = false;
    if (this.#makeRoom(NUMBERS_PER_RECORD)) this.#used += NUMBERS_PER_RECORD;
  }

  #isWanted(source: Pieces, key: number, keyTo: number, escaped: boolean): boolean {
    if (!escaped && !((this.#lengths >>> ((keyTo - key) & 31)) & 1)) return false;
    for (const name of this.#names) if (name.is(source, key, keyTo, escaped)) return true;
    return false;
  }

  /** False, and nothing kept any more, when the index has become too large. */
  #makeRoom(numbers: number): boolean {
    if (this.#used + numbers <= this.#table.length) return !this.#overflown;
    const length = Math.min(this.#table.length * 2, this.#maxNumbers);
    if (this.#used + numbers > length) {
      this.#overflown = true;
      this.#used = 0;
      this.#start = 0;
    }
    if (this.#overflown) return false;
    const larger = new Uint32Array(length);
    larger.set(this.#table);
    this.#table = larger;
    return true;
  }
}
