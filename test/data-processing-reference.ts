/**
 * Data processing (behaviour 4) written as plainly as possible: it parses everything into memory and works on strings. The
 * fast implementation is tested against it.
 */
import fc from 'fast-check';
import { type JsonPath, parseJsonPath, type Step } from '../src/agent/associate/json-path.ts';
import type { ErrorCode } from '../src/core/errors.ts';

export type FaultCode = Extract<
  ErrorCode,
  | 'InputNotParsed'
  | 'OutputNotParsed'
  | 'MismatchedCount'
  | 'RaggedRow'
  | 'IndexOutOfRange'
  | 'FilterSelectsNothing'
  | 'DuplicateAttribute'
>;

/** The error of the table that a record or a response must fail with. */
export class Fault extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode) {
    super(code);
    this.code = code;
  }
}

interface Place {
  /** Its text as it stands in the document, without whitespace around it, and where that is: `[start, end)`. */
  readonly raw: string;
  readonly start: number;
  readonly end: number;
}
export type Json = Place &
  (
    | { readonly kind: 'scalar' }
    | { readonly kind: 'array'; readonly elements: readonly Json[] }
    | { readonly kind: 'object'; readonly members: readonly { readonly name: string; readonly value: Json }[] }
  );

/** @throws SyntaxError when it is no JSON (RFC 8259) */
export function parseJson(text: string): Json {
  let at = 0;
  const next = (pattern: RegExp): string | undefined => {
    const found = new RegExp(pattern, 'y');
    found.lastIndex = at;
    const token = found.exec(text)?.[0];
    at += token?.length ?? 0;
    return token;
  };
  const blanks = (): unknown => next(/[ \t\n\r]*/);
  const need = (pattern: RegExp): string => {
    const token = next(pattern);
    if (token === undefined) throw new SyntaxError(`unexpected text at ${at}`);
    return token;
  };
  const string = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/;
  const scalar = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/;
  const list = <T>(close: RegExp, item: () => T): T[] => {
    const items: T[] = [];
    blanks();
    while (next(close) === undefined) {
      if (items.length > 0) need(/,/);
      blanks();
      items.push(item());
      blanks();
    }
    return items;
  };
  const member = (): { name: string; value: Json } => {
    const name = JSON.parse(need(string)) as string;
    blanks();
    need(/:/);
    blanks();
    return { name, value: value() };
  };
  const value = (): Json => {
    const start = at;
    const place = (): Place => ({ raw: text.slice(start, at), start, end: at });
    if (next(/\{/) !== undefined) return { kind: 'object', members: list(/\}/, member), ...place() };
    if (next(/\[/) !== undefined) return { kind: 'array', elements: list(/\]/, value), ...place() };
    if (next(string) === undefined) need(scalar);
    return { kind: 'scalar', ...place() };
  };
  blanks();
  const root = value();
  blanks();
  if (at < text.length) throw new SyntaxError(`unexpected text at ${at}`);
  return root;
}

function memberOf(object: Json, name: string): Json | undefined {
  const found = object.kind === 'object' ? object.members.filter((member) => member.name === name) : [];
  if (found.length > 1) throw new Fault('DuplicateAttribute');
  return found[0]?.value;
}

function elementAt<T>(elements: readonly T[], index: number): T {
  const element = elements.at(index);
  if (element === undefined) throw new Fault('IndexOutOfRange');
  return element;
}

function children(node: Json): readonly Json[] {
  if (node.kind === 'object') return node.members.map(({ value }) => value);
  return node.kind === 'array' ? node.elements : [];
}

function applyStep(step: Step, node: Json, isLast: boolean): readonly Json[] {
  const elements = node.kind === 'array' ? node.elements : undefined;
  switch (step.kind) {
    case 'name':
      return [memberOf(node, step.name)].filter((value) => value !== undefined);
    case 'names': {
      const found = step.names
        .map((name) => ({ name, value: memberOf(node, name) }))
        .filter((member): member is { name: string; value: Json } => member.value !== undefined);
      if (!isLast) return found.map(({ value }) => value);
      const members = found.map(({ name, value }) => `${JSON.stringify(name)}:${value.raw}`);
      return found.length === 0 ? [] : [parseJson(`{${members.join(',')}}`)];
    }
    case 'index':
      return elements === undefined ? [] : [elementAt(elements, step.index)];
    case 'indexes':
      return elements === undefined ? [] : step.indexes.map((index) => elementAt(elements, index));
    case 'slice':
      return elements?.slice(step.start, step.end) ?? [];
    case 'all':
      return children(node);
  }
}

/** What the path selects of a JSON text: the one value of a definite path, else an array of all. Throws `Fault`. */
export function selectJson(path: JsonPath, text: string): string {
  let nodes: readonly Json[] = [parseJson(text)];
  for (const [index, step] of path.steps.entries()) {
    nodes = nodes.flatMap((node) => applyStep(step, node, index === path.steps.length - 1));
  }
  const raws = nodes.map(({ raw }) => raw);
  if (raws.length === 0) throw new Fault('FilterSelectsNothing');
  return path.definite ? raws.join('') : `[${raws.join(',')}]`;
}

/** What the path selects of a row, whose fields are kept with their quotes. Throws `Fault`. */
export function selectCsv(path: JsonPath, fields: readonly string[]): string[] {
  const [step] = path.steps;
  let selected = [...fields];
  if (step?.kind === 'index') selected = [elementAt(fields, step.index)];
  if (step?.kind === 'indexes') selected = step.indexes.map((index) => elementAt(fields, index));
  if (step?.kind === 'slice') selected = fields.slice(step.start, step.end);
  if (selected.length === 0) throw new Fault('FilterSelectsNothing');
  return selected;
}

/** Sets an attribute of an object: where it is, or else behind the last one. All other text stays. */
function setAttribute(object: string, name: string, raw: string): string {
  const root = parseJson(object);
  const old = memberOf(root, name);
  if (old !== undefined) return object.slice(0, old.start) + raw + object.slice(old.end);
  const last = children(root).at(-1);
  const at = last?.end ?? root.start + 1;
  return `${object.slice(0, at)}${last === undefined ? '' : ','}${JSON.stringify(name)}:${raw}${object.slice(at)}`;
}

/** The record with its inference, both JSON texts. Throws `Fault`. */
export function joinJson(input: string, output: string): string {
  const record = parseJson(input);
  const inference = parseJson(output).raw;
  if (record.kind === 'object') return setAttribute(record.raw, 'SageMakerOutput', inference);
  return `{"SageMakerInput":${record.raw},"SageMakerOutput":${inference}}`;
}

/** Adds the inference id and the job's start time to a JSON text. Throws `Fault`. */
export function addInferenceId(text: string, id: string, time: string): string {
  const { kind, raw } = parseJson(text);
  const object = kind === 'object' ? raw : `{"SageMakerOutput":${raw}}`;
  const identified = setAttribute(object, 'SageMakerInferenceId', JSON.stringify(id));
  return setAttribute(identified, 'SageMakerInferenceTime', JSON.stringify(time));
}

export function joinCsv(input: readonly string[], output: readonly string[]): string[] {
  return [...input, ...output];
}

/**
 * The fields of a row without its line end, with their quotes (RFC 4180).
 *
 * @throws SyntaxError when a quote is not closed, or something follows a closing one
 */
export function parseRow(row: string): string[] {
  const fields: string[] = [];
  for (let at = 0; at <= row.length; ) {
    const field = /^(?:"(?:[^"]|"")*"|[^",][^,]*|)(?=,|$)/.exec(row.slice(at))?.[0];
    if (field === undefined) throw new SyntaxError(`not a field at ${at}`);
    fields.push(field);
    at += field.length + 1;
  }
  return fields;
}

/** The lines of a text without their ends; with `quotedNewlines`, a newline in a field in quotes ends none. */
export function linesOf(text: string, quotedNewlines: boolean): string[] {
  const endsInQuotes = /^(?:(?:"(?:[^"]|"")*"|[^",][^,]*|),)*"(?:[^"]|"")*$/;
  const pieces = text.split('\n');
  const lines: string[] = [];
  let line = '';
  for (const [index, piece] of pieces.entries()) {
    line += piece;
    if (index === pieces.length - 1) {
      if (line !== '') lines.push(line);
    } else if (quotedNewlines && endsInQuotes.test(line)) {
      line += '\n';
    } else {
      lines.push(line.replace(/\r$/, ''));
      line = '';
    }
  }
  return lines;
}

/** How a job processes its records. */
export interface Processing {
  readonly format: 'csv' | 'json-lines' | 'json';
  readonly inputFilter?: JsonPath | undefined;
  readonly join: boolean;
  readonly outputFilter?: JsonPath | undefined;
  readonly inferenceId?: { readonly id: (recordIndex: number) => string; readonly time: string } | undefined;
  /** Of CSV: a field in quotes may hold newlines. */
  readonly quotedNewlines?: boolean;
}

/** A record is its fields in CSV, a text without whitespace around it in JSON. */
interface Format<R> {
  readonly records: (text: string) => string[];
  /** Throws SyntaxError. */
  readonly parse: (record: string) => R;
  /** Columns; 1 in JSON. */
  readonly width: (record: R) => number;
  readonly select: (path: JsonPath, record: R) => R;
  readonly join: (input: R, output: R) => R;
  readonly identify: (record: R, id: string, time: string) => R;
  readonly print: (record: R) => string;
}

/** The request for an input, and what is written for its response. Both throw `Fault`. */
export function transform(
  processing: Processing,
  input: string,
): { request: string; respond: (response: string) => string } {
  const { format, quotedNewlines = false } = processing;
  if (format === 'csv') {
    return transformAs<string[]>(processing, input, {
      records: (text) => linesOf(text, quotedNewlines),
      parse: parseRow,
      width: (fields) => fields.length,
      select: selectCsv,
      join: joinCsv,
      identify: (fields, id, time) => [...fields, id, time],
      print: (fields) => `${fields.join(',')}\n`,
    });
  }
  return transformAs<string>(processing, input, {
    records: (text) => (format === 'json' ? [text] : linesOf(text, false)),
    parse: (record) => parseJson(record).raw,
    width: () => 1,
    select: selectJson,
    join: joinJson,
    identify: addInferenceId,
    print: (record) => (format === 'json' ? record : `${record}\n`),
  });
}

function transformAs<R>(
  { inputFilter, join, outputFilter, inferenceId }: Processing,
  input: string,
  { records, parse, width, select, join: joined, identify, print }: Format<R>,
): { request: string; respond: (response: string) => string } {
  const parseOr = (code: FaultCode, record: string): R => {
    try {
      return parse(record);
    } catch {
      throw new Fault(code);
    }
  };
  const lines = records(input);
  const inputs: R[] = [];
  let request = '';
  // Nobody looks at the records otherwise, so they are only counted.
  for (const line of join || inputFilter !== undefined ? lines : []) {
    const record = parseOr('InputNotParsed', line);
    if (width(record) !== width(inputs[0] ?? record)) throw new Fault('RaggedRow');
    inputs.push(record);
    if (inputFilter !== undefined) request += print(select(inputFilter, record));
  }
  if (inputFilter === undefined) request = input;
  // As the input: a last line without a newline gains none, unless nothing would be left of it.
  else if (!input.endsWith('\n') && /[^\n]\n$/.test(request)) request = request.slice(0, -1);
  const respond = (response: string): string => {
    if (!join && outputFilter === undefined && inferenceId === undefined) return response;
    const answers = records(response);
    if (answers.length !== lines.length) throw new Fault('MismatchedCount');
    return answers
      .map((answer, index) => {
        if (answer === '') throw new Fault('OutputNotParsed');
        let record = parseOr('OutputNotParsed', answer);
        const original = inputs[index];
        if (join && original !== undefined) record = joined(original, record);
        if (outputFilter !== undefined) record = select(outputFilter, record);
        if (inferenceId !== undefined) record = identify(record, inferenceId.id(index), inferenceId.time);
        return print(record);
      })
      .join('');
  };
  return { request, respond };
}

/** Names that values and paths share, so that paths often match. */
const NAMES = ['a', 'a', 'a', 'b', 'b', 'SageMakerOutput', 'é', ''];
const ODD_NAMES = [
  'SageMakerInput',
  'SageMakerInferenceId',
  'SageMakerInferenceTime',
  '__proto__',
  "it's",
  'x/"\\\n',
  '😀',
];
const anyName = fc.constantFrom(...NAMES, ...NAMES, ...ODD_NAMES);
/** Each kind of number once whose bytes change when it is parsed and printed. */
const NUMBERS = ['0', '1', '-12', '9007199254740993', '1e400', '-1E-400', '1.0', '-0.0', '-0', '0.10', '1E+2', '5e-0'];
/** Strings that look like structure, or end in backslashes. */
const STRINGS = [
  '"\\\\"',
  '"\\""',
  '"]}\\\\\\""',
  '"{\\"a\\":1}"',
  '"\\ud800"',
  '"a\u2028\u007f"',
  '"\\u0000,:"',
  '"\\/"',
];

/** A JSON string of `text`; each choice tells for one character whether it is escaped, and how. */
function written(text: string, choices: readonly number[]): string {
  const character = (c: string, index: number): string => {
    const hex = c.charCodeAt(0).toString(16).padStart(4, '0');
    const choice = choices[index];
    if (choice === 1) return `\\u${hex}`;
    if (choice === 2) return `\\u${hex.toUpperCase()}`;
    if (choice === 3 && c === '/') return '\\/';
    // Half of a surrogate pair would be escaped on its own.
    return c >= '\ud800' && c <= '\udfff' ? c : JSON.stringify(c).slice(1, -1);
  };
  return `"${text.split('').map(character).join('')}"`;
}

export interface JsonOptions {
  /** Newlines may stand between tokens (never in JSON Lines). */
  readonly newlines: boolean;
  /** An object may have one name more than once. */
  readonly duplicates: boolean;
}

/** JSON texts, without whitespace around them: odd but valid. Objects and arrays more often than not. */
export function jsonTexts({ newlines, duplicates }: JsonOptions): fc.Arbitrary<string> {
  const blank = fc.constantFrom('', '', '', '', ' ', '\t', '  ', '\r', ...(newlines ? ['\n', '\r\n'] : []));
  const escapes = fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3), { maxLength: 6 });
  const name = fc.tuple(anyName, escapes).map(([text, choices]) => written(text, choices));
  const scalar = fc.oneof(
    fc.constantFrom('true', 'false', 'null', ...NUMBERS, ...STRINGS),
    name,
    fc.tuple(fc.string({ unit: 'binary', maxLength: 8 }), escapes).map(([text, choices]) => written(text, choices)),
  );
  const brackets = fc.constantFrom(['[', ']'], ['{"a":', '}'], ['[1, ', ' ]'], ['{"b":[],"a" :', ',"c":{ }}']);
  const list = (open: string, item: fc.Arbitrary<string>, close: string): fc.Arbitrary<string> =>
    fc
      .array(
        fc.tuple(blank, item, blank).map((parts) => parts.join('')),
        { maxLength: 4 },
      )
      .chain((items) =>
        items.length > 0 ? fc.constant(open + items.join(',') + close) : blank.map((inner) => open + inner + close),
      );
  const { value } = fc.letrec<{ value: string; member: string; object: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      { weight: 3, arbitrary: scalar },
      { weight: 4, arbitrary: tie('object') },
      { weight: 3, arbitrary: list('[', tie('value'), ']') },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.array(brackets, { maxLength: 60 }), tie('value'))
          .map(([pairs, inner]) => pairs.reduce((text, [open, close]) => open + text + close, inner)),
      },
    ),
    member: fc.tuple(name, blank, fc.constant(':'), blank, tie('value')).map((parts) => parts.join('')),
    object: list('{', tie('member'), '}'),
  }));
  return duplicates ? value : value.filter((text) => !hasDuplicates(parseJson(text)));
}

function hasDuplicates(node: Json): boolean {
  const names = node.kind === 'object' ? node.members.map(({ name }) => name) : [];
  return new Set(names).size < names.length || children(node).some(hasDuplicates);
}

export interface CsvOptions {
  /** Newlines may stand in fields in quotes. */
  readonly quotedNewlines: boolean;
}

/** A field with its quotes, if it has any. */
export function csvFields({ quotedNewlines }: CsvOptions): fc.Arbitrary<string> {
  const inner = fc.array(fc.constantFrom('a', ',', '"', 'é', ' ', '\r', ...(quotedNewlines ? ['\n', '\r\n'] : [])), {
    maxLength: 5,
  });
  return fc.oneof(
    fc.constantFrom('', '1', '-0.0', '9007199254740993', 'é', '😀', ' ', 'a b', 'a"b', '1""', ' "x"', 'a\rb', '{}'),
    inner.map((characters) => `"${characters.join('').replaceAll('"', '""')}"`),
  );
}

/** CSV texts whose rows have one number of columns. */
export function csvTexts(options: CsvOptions): fc.Arbitrary<string> {
  const field = csvFields(options);
  return fc.integer({ min: 1, max: 5 }).chain((columns) => {
    const row = fc.array(field, { minLength: columns, maxLength: columns }).map((fields) => fields.join(','));
    return fc
      .tuple(fc.array(fc.tuple(row, fc.constantFrom('\n', '\n', '\r\n')), { maxLength: 6 }), fc.boolean())
      .map(([rows, ended]) => {
        const text = rows.flat().join('');
        return ended ? text : text.replace(/\r?\n$/, '');
      });
  });
}

const between = fc.constantFrom('', '', '', '', ' ');
const inBrackets = (item: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(between, item, between).map(([before, text, after]) => `[${before}${text}${after}]`);
const indexText = fc.constantFrom('0', '0', '0', '-1', '-1', '1', '-2', '2', '7');
const indexSteps = fc.oneof(
  inBrackets(indexText),
  inBrackets(fc.uniqueArray(indexText, { minLength: 2, maxLength: 3 }).map((items) => items.join(','))),
  inBrackets(
    fc
      .tuple(fc.option(indexText, { nil: '' }), between, fc.option(indexText, { nil: '' }))
      .map((parts) => parts.join(':').replace(/:( ?):/, '$1:')),
  ),
  fc.constantFrom('[*]', '.*', '[ * ]'),
);
const quoted = (name: string): string => `'${JSON.stringify(name).slice(1, -1).replaceAll("'", "\\'")}'`;
const quotedName = fc.oneof(anyName, fc.constant('0')).map(quoted);
const nameSteps = fc.oneof(
  fc.constantFrom('.a', '.a', '.b', '.é', '.SageMakerOutput', ' .a'),
  inBrackets(quotedName),
  inBrackets(fc.uniqueArray(quotedName, { minLength: 2, maxLength: 3 }).map((items) => items.join(','))),
);

/** Paths that are valid for JSON, as text. */
export function jsonPathTexts(): fc.Arbitrary<string> {
  const steps = fc.array(fc.oneof({ weight: 2, arbitrary: nameSteps }, { weight: 1, arbitrary: indexSteps }), {
    maxLength: 3,
  });
  return steps.map((texts) => `$${texts.join('')}`).filter((text) => isValid(text, false));
}

/** A step that selects something of the node, and a node that it selects. */
function stepInto(node: Json, choice: number): [step: string, child: Json] | undefined {
  const nodes = children(node);
  const index = choice % nodes.length;
  const child = nodes[index];
  if (child === undefined) return undefined;
  const name = node.kind === 'object' ? node.members[index]?.name : undefined;
  const steps =
    name === undefined
      ? [`[${index}]`, `[${index - nodes.length}]`, `[${index},-${nodes.length}]`, `[${index}:]`, '[*]']
      : [`[${quoted(name)}]`, `[${quoted(name)}]`, `[${quoted(name)},'zz']`, `['zz',${quoted(name)}]`, '.*'];
  return [steps[Math.floor(choice / nodes.length) % steps.length] ?? '', child];
}

/** A JSON text with a path that is valid for JSON and in most cases selects something of it. */
export function jsonWithPath(options: JsonOptions): fc.Arbitrary<{ readonly text: string; readonly path: string }> {
  const choices = fc.array(fc.nat(999), { minLength: 1, maxLength: 4 });
  return fc.tuple(jsonTexts(options), choices, jsonPathTexts(), fc.nat(3)).map(([text, turns, other, kind]) => {
    let node = parseJson(text);
    let path = '$';
    for (const choice of turns) {
      const [step, child] = stepInto(node, choice) ?? ['', node];
      path += step;
      node = child;
    }
    return { text, path: kind === 0 || !isValid(path, false) ? other : path };
  });
}

/** Paths that are valid for CSV, as text. */
export function csvPathTexts(): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 9, arbitrary: indexSteps.map((step) => `$${step}`) },
    { weight: 1, arbitrary: fc.constant('$') },
  );
}

function isValid(text: string, csv: boolean): boolean {
  try {
    parseJsonPath('InputFilter', text, { csv });
    return true;
  } catch {
    return false;
  }
}
