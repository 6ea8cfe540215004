import { invalidParameter } from './faults.ts';

/** A piece of an alternative: one character out of a set, as often as it says. */
interface Piece {
  readonly set: CharacterSet;
  readonly min: number;
  readonly max: number;
}

/** Bit 128 stands for all characters beyond ASCII. */
type CharacterSet = Uint8Array;

/** A place between pieces: waits for a character of its set, may be passed over, or stays when it has had one. */
interface State {
  readonly set: CharacterSet;
  readonly optional: boolean;
  readonly repeated: boolean;
}

interface Alternative {
  readonly states: readonly State[];
  readonly fromStart: boolean;
  readonly toEnd: boolean;
}

const BEYOND = 128;
const MAX_STATES = 2000;
const OTHERS = /[^A-Za-z0-9:_#=@/;, ^$?[\]{}|\\*+.-]/;
const CLASSES: Readonly<Record<string, RegExp>> = { d: /[0-9]/, s: /[ \t\n\v\f\r]/, w: /[A-Za-z0-9_]/ };

/**
 * A regular expression of a filter pattern. All alternatives are followed at once, so that the time is linear in the text: an
 * expression like `a*a*a*a*b` from a request would stop the service with a matcher that goes back.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#regex-expressions
 */
export class LinearRegex {
  readonly #alternatives: readonly Alternative[];

  /** @throws Fault `InvalidParameterException` */
  constructor(expression: string) {
    const other = OTHERS.exec(expression)?.[0];
    if (other !== undefined) {
      throw refusal(expression, `the character ${other} is not supported; \\xhh stands for any of ASCII`);
    }
    this.#alternatives = new Parser(expression).alternatives();
  }

  /** True when the expression matches somewhere in the text. */
  test(text: string): boolean {
    return this.#alternatives.some((alternative) => found(alternative, text));
  }
}

function found({ states, fromStart, toEnd }: Alternative, text: string): boolean {
  const end = states.length;
  // The step at which a state was entered last, so that none is entered twice.
  const entered = new Int32Array(end + 1).fill(-1);
  let active: number[] = [];
  const enter = (from: number, step: number, into: number[]): void => {
    for (let at = from; entered[at] !== step; at++) {
      entered[at] = step;
      into.push(at);
      if (states[at]?.optional !== true) return;
    }
  };
  enter(0, 0, active);
  for (let step = 0; step < text.length; step++) {
    if (!toEnd && entered[end] === step) return true;
    const unit = Math.min(text.charCodeAt(step), BEYOND);
    const next: number[] = [];
    for (const at of active) {
      const state = states[at];
      if (state === undefined || state.set[unit] === 0) continue;
      if (state.repeated) enter(at, step + 1, next);
      enter(at + 1, step + 1, next);
    }
    if (!fromStart) enter(0, step + 1, next);
    if (next.length === 0) return false;
    active = next;
  }
  return entered[end] === text.length;
}

class Parser {
  readonly #text: string;
  #at = 0;
  #states = 0;

  constructor(text: string) {
    this.#text = text;
  }

  alternatives(): Alternative[] {
    const alternatives = [this.#alternative()];
    while (this.#took('|')) alternatives.push(this.#alternative());
    if (this.#at < this.#text.length) throw this.#refusal(`${this.#text[this.#at]} is not expected`);
    return alternatives;
  }

  #alternative(): Alternative {
    const fromStart = this.#took('^');
    const states: State[] = [];
    let toEnd = false;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '|') {
      toEnd = this.#took('$');
      if (toEnd) break;
      states.push(...this.#statesOf(this.#piece()));
    }
    return { states, fromStart, toEnd };
  }

  #statesOf({ set, min, max }: Piece): State[] {
    const bounded = max === Number.POSITIVE_INFINITY ? 1 : max - min;
    this.#states += min + bounded;
    if (this.#states > MAX_STATES) throw this.#refusal('it is too large');
    const needed = Array.from({ length: min }, () => ({ set, optional: false, repeated: false }));
    const more = Array.from({ length: bounded }, () => ({ set, optional: true, repeated: bounded !== max - min }));
    return [...needed, ...more];
  }

  #piece(): Piece {
    const set = this.#set();
    if (this.#took('*')) return { set, min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#took('+')) return { set, min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#took('?')) return { set, min: 0, max: 1 };
    const [counts, least, comma, most] = this.#match(/\{(\d{0,4})(?:(, ?)(\d{0,4}))?\}/y);
    if (counts === undefined) return { set, min: 1, max: 1 };
    const min = Number(least);
    const max = comma === undefined ? min : most === '' ? Number.POSITIVE_INFINITY : Number(most);
    if (max < min || (comma === undefined && least === '')) throw this.#refusal(`${counts} is no number of times`);
    return { set, min, max };
  }

  #set(): CharacterSet {
    if (this.#took('.')) return setOf((character) => character !== '\n' && character !== '\r', true);
    if (this.#took('[')) return this.#class();
    const character = this.#text[this.#at] ?? '';
    if (character === '\\') return this.#escape();
    if ('^$?]{}*+'.includes(character)) throw this.#refusal(`${character} is not expected`);
    this.#at += 1;
    return setOf((other) => other === character, false);
  }

  #class(): CharacterSet {
    const negated = this.#took('^');
    const sets: CharacterSet[] = [];
    while (!this.#took(']')) {
      if (this.#at >= this.#text.length) throw this.#refusal('a [ has no ]');
      const first = this.#member();
      const ranged = /^-[^\]]/.test(this.#text.slice(this.#at));
      if (!ranged) {
        sets.push(first);
        continue;
      }
      this.#at += 1;
      const [from, to] = [only(first), only(this.#member())];
      if (from === undefined || to === undefined || from > to) throw this.#refusal('a range has no order');
      sets.push(setOf((character) => character.charCodeAt(0) >= from && character.charCodeAt(0) <= to, false));
    }
    if (sets.length === 0) throw this.#refusal('[] matches nothing');
    const union = new Uint8Array(BEYOND + 1).map((_, unit) => (sets.some((set) => set[unit] === 1) ? 1 : 0));
    return negated ? union.map((bit) => 1 - bit) : union;
  }

  #member(): CharacterSet {
    if (this.#text[this.#at] === '\\') return this.#escape();
    const character = this.#text[this.#at];
    this.#at += 1;
    return setOf((other) => other === character, false);
  }

  #escape(): CharacterSet {
    const [whole, named, code, literal] = this.#match(/\\(?:([dDsSwW])|x([0-7][0-9A-Fa-f])|([^A-Za-z0-9]))/y);
    if (whole === undefined) throw this.#refusal('a \\ is followed by d, s, w, D, S, W, xhh or an operator');
    if (named === undefined) {
      const meant = literal ?? String.fromCharCode(Number.parseInt(code ?? '', 16));
      return setOf((character) => character === meant, false);
    }
    const lower = named.toLowerCase();
    const negated = lower !== named;
    return setOf((character) => CLASSES[lower]?.test(character) !== negated, negated);
  }

  #took(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #match(sticky: RegExp): (string | undefined)[] {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#text);
    if (match === null) return [];
    this.#at += match[0].length;
    return [...match];
  }

  #refusal(problem: string): Error {
    return refusal(this.#text, problem);
  }
}

function setOf(has: (character: string) => boolean, beyond: boolean): CharacterSet {
  const set = new Uint8Array(BEYOND + 1);
  for (let unit = 0; unit < BEYOND; unit++) set[unit] = has(String.fromCharCode(unit)) ? 1 : 0;
  set[BEYOND] = beyond ? 1 : 0;
  return set;
}

/** The one character of a set. */
function only(set: CharacterSet): number | undefined {
  const first = set.indexOf(1);
  return first !== -1 && set.lastIndexOf(1) === first ? first : undefined;
}

function refusal(expression: string, problem: string): Error {
  return invalidParameter(`Invalid filter pattern: the regular expression %${expression}%: ${problem}.`);
}
