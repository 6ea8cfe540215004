import { parseArgs } from 'node:util';
import { MillraceError } from './errors.ts';
import { suggest } from './suggest.ts';

/** One option of a command: the help page, the reference in the docs and the checks all come from here. */
export interface OptionSpec {
  /** What stands for the value in the help, `N` or `A|B`; without one the option is a switch. */
  readonly value?: string;
  readonly meaning: string;
  /** What happens without the option, in words. */
  readonly default?: string;
  readonly repeatable?: boolean;
  /** The option that it belongs to: with several of those, to the one before it, so that each may have its own. */
  readonly after?: string;
  /** The only values allowed. */
  readonly oneOf?: readonly string[];
  /** Whole numbers in this range only. */
  readonly range?: readonly [min: number, max: number];
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

interface Given {
  readonly name: string;
  readonly value: string;
}

/** The options as given: every value passed the checks of its table. */
export class OptionValues {
  readonly #given: readonly Given[];

  constructor(given: readonly Given[]) {
    this.#given = given;
  }

  has(name: string): boolean {
    return this.#given.some((one) => one.name === name);
  }

  text(name: string): string | undefined {
    return this.all(name).at(-1);
  }

  all(name: string): readonly string[] {
    return this.#given.flatMap((one) => (one.name === name ? [one.value] : []));
  }

  /** The value of an option with a `range`. */
  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : Number(text);
  }

  /** What stands before the first `name`, and then from each `name` to the next. */
  sections(name: string): { readonly before: OptionValues; readonly each: readonly OptionValues[] } {
    const starts = this.#given.flatMap((one, at) => (one.name === name ? [at] : []));
    const each = starts.map((start, i) => new OptionValues(this.#given.slice(start, starts[i + 1])));
    return { before: new OptionValues(this.#given.slice(0, starts[0])), each };
  }
}

/**
 * Reads the arguments of `command` against its table.
 *
 * @throws MillraceError `UnknownOption` with a suggestion, `UnexpectedArgument`, `InvalidOption`
 */
export function parseOptions(
  table: OptionTable,
  args: readonly string[],
  command: string,
): { readonly options: OptionValues; readonly positionals: readonly string[] } {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { value }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string' } as const,
    ]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const given: Given[] = [];
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = token.rawName;
    const spec = option.startsWith('--') && Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (spec === undefined) {
      const suggestion = suggest(
        option,
        Object.keys(table).map((name) => `--${name}`),
      );
      throw new MillraceError('UnknownOption', { option, suggestion, command });
    }
    const rule = brokenRule(spec, token.value, token.inlineValue === true, isGivenTwice(given, token.name, spec));
    if (rule !== undefined) throw new MillraceError('InvalidOption', { option, value: token.value ?? '', rule });
    given.push({ name: token.name, value: token.value ?? '' });
  }
  return { options: new OptionValues(given), positionals };
}

/** An option that belongs to another may stand once behind each of those. */
function isGivenTwice(given: readonly Given[], name: string, { repeatable, after }: OptionSpec): boolean {
  if (repeatable) return false;
  const since = after === undefined ? 0 : given.findLastIndex((one) => one.name === after) + 1;
  return given.slice(since).some((one) => one.name === name);
}

function brokenRule(spec: OptionSpec, value: string | undefined, inline: boolean, again: boolean): string | undefined {
  if (again) return 'it is given twice.';
  if (spec.value === undefined) return value === undefined ? undefined : 'it is a switch and takes no value.';
  if (value === undefined || (!inline && value.startsWith('--'))) return `it needs a value: ${spec.value}.`;
  if (spec.oneOf !== undefined && !spec.oneOf.includes(value)) {
    return `it is one of ${spec.oneOf.join(', ')}.${suggest(value, spec.oneOf)}`;
  }
  if (spec.range !== undefined) {
    const [min, max] = spec.range;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) return `it is a whole number from ${min} to ${max}.`;
  }
  return undefined;
}

/** The options as a help page shows them, wrapped to `columns`. */
export function describeOptions(table: OptionTable, columns: number): string {
  const indent = 6;
  return Object.entries(table)
    .map(([name, spec]) => {
      const head = `  --${name}${spec.value === undefined ? '' : ` ${spec.value}`}${spec.repeatable ? '  (repeatable)' : ''}`;
      const text = spec.default === undefined ? spec.meaning : `${spec.meaning} Default: ${spec.default}.`;
      return [head, ...wrap(text, columns - indent).map((row) => ' '.repeat(indent) + row)].join('\n');
    })
    .join('\n');
}

function wrap(text: string, width: number): string[] {
  const rows: string[] = [];
  for (const word of text.split(' ')) {
    const last = rows.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) rows[rows.length - 1] = `${last} ${word}`;
    else rows.push(word);
  }
  return rows;
}
