import { invalidParameter } from './faults.ts';
import { LinearRegex } from './linear-regex.ts';

/** True for the message of an event that a pattern matches. */
export type EventFilter = (message: string) => boolean;

interface Term {
  readonly sign: '' | '?' | '-';
  readonly matches: EventFilter;
}

const SUPPORTED =
  'Supported are words that must all be there, "quoted phrases", -excluded and ?optional ones, and %regular expressions%.';
/** As the original has it: anything else goes into double quotes. */
const WORD = /^[\p{L}\p{N}_]+$/u;
const MAX_EXPRESSIONS = 2;

/**
 * The filter of a pattern for unstructured events:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html. Case counts; a word is found within
 * others. Optional terms count only among themselves: next to any other term the original ignores them.
 *
 * @throws Fault `InvalidParameterException`
 */
export function parseFilterPattern(pattern: string): EventFilter {
  if (/^\s*[{[]/.test(pattern)) {
    throw refusal(
      `patterns for JSON ({ $.x = 1 }) and for space-delimited events ([a, b]) are not supported. ${SUPPORTED}`,
    );
  }
  const terms = parseTerms(pattern);
  const required = terms.filter(({ sign }) => sign === '');
  const excluded = terms.filter(({ sign }) => sign === '-');
  const optional = required.length + excluded.length > 0 ? [] : terms;
  return (message) =>
    required.every(({ matches }) => matches(message)) &&
    !excluded.some(({ matches }) => matches(message)) &&
    (optional.length === 0 || optional.some(({ matches }) => matches(message)));
}

/** A sign, then a phrase, an expression or what stands up to the next space, or a quote that is not closed. */
const TERM = /\s*([?-]?)\s*(?:"((?:[^"\\]|\\.)*)"|%((?:[^%\\]|\\.)*)%|([^\s"%]\S*)|(\S))/gsu;

function parseTerms(pattern: string): Term[] {
  const terms: Term[] = [];
  let expressions = 0;
  for (const [, sign, phrase, expression, word, open] of pattern.matchAll(TERM)) {
    if (open !== undefined) throw refusal(`a ${open} has no counterpart. ${SUPPORTED}`);
    if (expression !== undefined) expressions += 1;
    terms.push({ sign: sign as Term['sign'], matches: matcher(phrase, expression, word) });
  }
  if (expressions > MAX_EXPRESSIONS) throw refusal(`it has more than ${MAX_EXPRESSIONS} regular expressions.`);
  return terms;
}

function matcher(phrase: string | undefined, expression: string | undefined, word = ''): EventFilter {
  if (expression !== undefined) {
    const regex = new LinearRegex(expression);
    return (message) => regex.test(message);
  }
  if (phrase === undefined && !WORD.test(word)) {
    throw refusal(`Invalid character(s) in term '${word}'. Put it into double quotes. ${SUPPORTED}`);
  }
  if (phrase === '') throw refusal(`Invalid character(s) in term '""'. A pattern of " " matches everything.`);
  const text = phrase?.replace(/\\(["\\])/g, '$1') ?? word;
  // The documented way to match everything.
  if (text.trim() === '') return () => true;
  return (message) => message.includes(text);
}

function refusal(problem: string): Error {
  return invalidParameter(`Invalid filter pattern: ${problem}`);
}
