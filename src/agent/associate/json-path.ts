import { MillraceError } from '../../core/errors.ts';

/** One step of a path, from each node that is reached so far to those that it selects. */
export type Step =
  | { readonly kind: 'name'; readonly name: string }
  /** Two names or more, no name twice. */
  | { readonly kind: 'names'; readonly names: readonly string[] }
  /** A negative index counts from the end. */
  | { readonly kind: 'index'; readonly index: number }
  /** Two indexes or more, no index twice. */
  | { readonly kind: 'indexes'; readonly indexes: readonly number[] }
  /** `[start, end)`, negatives and clipping as in Python; `undefined` is an open end. */
  | { readonly kind: 'slice'; readonly start: number | undefined; readonly end: number | undefined }
  /** The values of all members of an object, or all elements of an array. */
  | { readonly kind: 'all' };

/** A filter, as it is applied to every record of a job. */
export interface JsonPath {
  /** As the user wrote it, for messages. */
  readonly text: string;
  readonly steps: readonly Step[];
  /** It selects one value at the most, so its result is that value and not an array of values. */
  readonly definite: boolean;
}

export type Filter = 'InputFilter' | 'OutputFilter';

interface PlacedStep {
  readonly step: Step;
  /** Index in the text of its `.` or `[`. */
  readonly at: number;
}

/** Length of a filter in characters (Unicode code points): the limit of the API (behaviour 4). */
const MAX_CHARACTERS = 63;
const MAX_DIGITS = 9;

const BLANKS = /[ \t\n\r]*/y;
const DOT_NAME = /[\p{L}0-9_-]+/uy;
/** `-0` is none: it looks like the last element and would be the first. */
const INTEGER = /0|-?[1-9][0-9]*/y;
/** A half of a surrogate pair is no character, so no name in UTF-8 can have it. */
const UNICODE_ESCAPE = /u(?:(?![dD][89a-fA-F])[0-9a-fA-F]{4}|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})/y;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["'", "'"],
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/**
 * Compiles a filter: the subset of JSONPath of behaviour 4. `csv` tells that the records are CSV, where each row is an array
 * of columns.
 *
 * @throws MillraceError `InvalidJsonPath`, whose position counts characters from 0
 */
export function parseJsonPath(filter: Filter, text: string, options: { readonly csv: boolean }): JsonPath {
  const parser = new Parser(filter, text);
  const steps = parser.parse();
  if (options.csv) checkColumns(steps, parser);
  const last = steps.length - 1;
  const single = ({ step: { kind } }: PlacedStep, index: number): boolean =>
    kind === 'name' || kind === 'index' || (kind === 'names' && index === last);
  return { text, steps: steps.map(({ step }) => step), definite: steps.every(single) };
}

function checkColumns(steps: readonly PlacedStep[], parser: Parser): void {
  for (const [index, { step, at }] of steps.entries()) {
    if (step.kind === 'name' || step.kind === 'names') {
      throw parser.error('CSV has only columns, but there is a name', at);
    }
    if (index > 0) throw parser.error('CSV has only columns, but there is a second step', at);
  }
}

class Parser {
  readonly #filter: Filter;
  readonly #text: string;
  #at = 0;

  constructor(filter: Filter, text: string) {
    this.#filter = filter;
    this.#text = text;
  }

  parse(): PlacedStep[] {
    this.#checkLength();
    this.#expect('$');
    const steps: PlacedStep[] = [];
    while (this.#peek() !== undefined) {
      const at = this.#at;
      const step = this.#step();
      if (step.kind === 'slice' && steps.some((other) => other.step.kind === 'slice')) {
        throw this.error('A second range', at);
      }
      steps.push({ step, at });
    }
    return steps;
  }

  /** `at` is an index in the text; the user counts characters. */
  error(problem: string, at: number): MillraceError<'InvalidJsonPath'> {
    const position = countCharacters(this.#text.slice(0, at));
    return new MillraceError('InvalidJsonPath', { filter: this.#filter, path: this.#text, problem, position });
  }

  #checkLength(): void {
    const length = countCharacters(this.#text);
    if (length <= MAX_CHARACTERS) return;
    const details = { filter: this.#filter, path: this.#text, position: MAX_CHARACTERS };
    const problem = `It has ${length} characters and becomes too long`;
    throw new MillraceError('InvalidJsonPath', { ...details, problem });
  }

  #step(): Step {
    if (this.#take('.')) return this.#take('*') ? { kind: 'all' } : { kind: 'name', name: this.#dotName() };
    this.#expect('[');
    if (this.#take('*')) {
      this.#expect(']');
      return { kind: 'all' };
    }
    if (this.#peek() === "'") {
      const [name, ...others] = this.#list(this.#quotedName(), () => this.#quotedName());
      return others.length === 0 ? { kind: 'name', name } : { kind: 'names', names: [name, ...others] };
    }
    const start = this.#peek() === ':' ? undefined : this.#integer();
    if (start === undefined || this.#peek() === ':') return this.#slice(start);
    const [index, ...others] = this.#list(start, () => this.#integer());
    return others.length === 0 ? { kind: 'index', index } : { kind: 'indexes', indexes: [index, ...others] };
  }

  #slice(start: number | undefined): Step {
    this.#expect(':');
    const end = this.#peek() === ']' ? undefined : this.#integer();
    this.#expect(']');
    return { kind: 'slice', start, end };
  }

  /** The rest of a list whose first item is read, up to its `]`. */
  #list<T>(first: T, next: () => T): [T, ...T[]] {
    const items: [T, ...T[]] = [first];
    while (this.#take(',')) {
      this.#peek();
      const at = this.#at;
      const item = next();
      // An object cannot have one attribute twice, so this is a slip of the user.
      if (items.includes(item)) throw this.error(`${this.#text.slice(at, this.#at)} is listed twice`, at);
      items.push(item);
    }
    this.#expect(']');
    return items;
  }

  #dotName(): string {
    this.#peek();
    return this.#match(DOT_NAME) ?? this.#unexpected();
  }

  #quotedName(): string {
    this.#expect("'");
    for (let name = ''; ; ) {
      const at = this.#at;
      const character = this.#character();
      if (character === "'") return name;
      if (character < ' ' || !character.isWellFormed()) this.#unexpected(at);
      name += character === '\\' ? this.#escaped() : character;
    }
  }

  /** What an escape stands for whose backslash is read. */
  #escaped(): string {
    const at = this.#at;
    const character = this.#character();
    if (character !== 'u') return ESCAPES.get(character) ?? this.#unexpected(at);
    this.#at = at;
    const digits = this.#match(UNICODE_ESCAPE);
    if (digits === undefined) throw this.error('Incomplete \\u escape', at - 1);
    return JSON.parse(`"\\${digits}"`);
  }

  #integer(): number {
    this.#peek();
    const at = this.#at;
    const digits = this.#match(INTEGER);
    if (digits === undefined) return this.#unexpected(this.#text[at] === '-' ? at + 1 : at);
    if (digits.replace('-', '').length > MAX_DIGITS) throw this.error(`More than ${MAX_DIGITS} digits`, at);
    return Number(digits);
  }

  /** The next character that is no blank, `undefined` at the end; it is not consumed, blanks before it are. */
  #peek(): string | undefined {
    this.#match(BLANKS);
    return this.#text[this.#at];
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) this.#unexpected();
  }

  /** Consumes the next character, blank or not. */
  #character(): string {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) return this.#unexpected();
    const character = String.fromCodePoint(code);
    this.#at += character.length;
    return character;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #unexpected(at = this.#at): never {
    const code = this.#text.codePointAt(at);
    if (code === undefined) throw this.error('Unexpected end of the JsonPath', at);
    throw this.error(`Unexpected "${String.fromCodePoint(code)}" in JsonPath`, at);
  }
}

function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
