import { createHash } from 'node:crypto';
import { invalidToken } from './faults.ts';

/** Ids and tokens have 56 digits, as in the original. */
const TIME_DIGITS = 14;
const STREAM_DIGITS = 20;
const OFFSET_DIGITS = 22;

const TOKEN = /^([fb])\/(\d{20})(\d{36})\/s$/;

/** The ids and tokens of one stream: they tell events apart by where their lines are, which stays as it is. */
export class StreamIds {
  readonly #stream: string;

  constructor(name: string) {
    const hash = createHash('sha256').update(name).digest().readBigUInt64BE();
    this.#stream = String(hash).padStart(STREAM_DIGITS, '0');
  }

  /** Unique among all events, and the same for ever: clients leave out what they have seen. */
  eventId({ at, offset }: { readonly at: number; readonly offset: number }): string {
    return String(at).padStart(TIME_DIGITS, '0') + this.#stream + String(offset).padStart(OFFSET_DIGITS, '0');
  }

  token(direction: 'forward' | 'backward', offset: number): string {
    const digits = String(offset).padStart(TIME_DIGITS + OFFSET_DIGITS, '0');
    return `${direction === 'forward' ? 'f' : 'b'}/${this.#stream}${digits}/s`;
  }

  /** @throws Fault `InvalidParameterException` when it is none of this stream */
  readToken(token: string): { readonly direction: 'forward' | 'backward'; readonly offset: number } {
    const [, letter, stream, digits] = TOKEN.exec(token) ?? [];
    const offset = Number(digits);
    if (stream !== this.#stream || !Number.isSafeInteger(offset)) throw invalidToken();
    return { direction: letter === 'f' ? 'forward' : 'backward', offset };
  }
}
