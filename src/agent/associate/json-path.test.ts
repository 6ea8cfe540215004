import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '../../core/errors.ts';
import { type JsonPath, parseJsonPath, type Step } from './json-path.ts';

const parse = (text: string, csv = false): JsonPath => parseJsonPath('OutputFilter', text, { csv });

function refusal(text: string, csv = false): { problem: string; position: number; message: string } {
  try {
    parse(text, csv);
  } catch (error) {
    assert(error instanceof MillraceError && error.is('InvalidJsonPath'), String(error));
    assert.equal(error.details.filter, 'OutputFilter');
    assert.equal(error.details.path, text);
    return { problem: error.details.problem, position: error.details.position, message: error.message };
  }
  assert.fail(`${text} was accepted`);
}

const name = (text: string): Step => ({ kind: 'name', name: text });
const index = (n: number): Step => ({ kind: 'index', index: n });
const slice = (start?: number, end?: number): Step => ({ kind: 'slice', start, end });
const all: Step = { kind: 'all' };

test('the steps of a path', () => {
  const examples: [string, boolean, ...Step[]][] = [
    ['$', true],
    ['$.SageMakerOutput', true, name('SageMakerOutput')],
    ['$.a_b-c.0.-.é', true, name('a_b-c'), name('0'), name('-'), name('é')],
    ["$['a']['']['a.b c']", true, name('a'), name(''), name('a.b c')],
    ["$['a','b']", true, { kind: 'names', names: ['a', 'b'] }],
    ["$.x['a','b']", true, name('x'), { kind: 'names', names: ['a', 'b'] }],
    ["$['a','b'].x", false, { kind: 'names', names: ['a', 'b'] }, name('x')],
    ['$[0][-1][999999999]', true, index(0), index(-1), index(999_999_999)],
    ['$[0,-1]', false, { kind: 'indexes', indexes: [0, -1] }],
    ['$.*', false, all],
    ['$[*][*]', false, all, all],
    ['$[1:-2]', false, slice(1, -2)],
    ['$[:2]', false, slice(undefined, 2)],
    ['$[-2:]', false, slice(-2)],
    ['$[:]', false, slice()],
    ['$[:][0]', false, slice(), index(0)],
    [
      " $ . a [ 'b' , 'c' ]\t[ - 1 : ]\r\n".replace('- 1', '-1'),
      false,
      name('a'),
      { kind: 'names', names: ['b', 'c'] },
      slice(-1),
    ],
    ['$[ 0 , 1 ] . * [ * ]', false, { kind: 'indexes', indexes: [0, 1] }, all, all],
    ["$['\\'\\\\\\/\\\"\\b\\f\\n\\r\\t']", true, name('\'\\/"\b\f\n\r\t')],
    ["$['\\u00e9\\u00E9\\uD83D\\uDE00😀\\u0000\u2028\u007f\"[]']", true, name('éé😀😀\0\u2028\u007f"[]')],
    ["$['__proto__'].constructor", true, name('__proto__'), name('constructor')],
  ];
  for (const [text, definite, ...steps] of examples) {
    assert.deepEqual(parse(text), { text, steps, definite }, text);
  }
});

test('what is not supported is refused, with its position', () => {
  const examples: [string, string | undefined, number][] = [
    ['', undefined, 0],
    ['a', 'a', 0],
    ['*', '*', 0],
    ['$a', 'a', 1],
    ['$$', '$', 1],
    ['$.', undefined, 2],
    ['$..a', '.', 2],
    ['$.a b', 'b', 4],
    ["$.'a'", "'", 2],
    ['$.a.?', '?', 4],
    ['$.a@', '@', 3],
    ['$.[0]', '[', 2],
    ['$[', undefined, 2],
    ['$[]', ']', 2],
    ['$[0', undefined, 3],
    ['$[0,]', ']', 4],
    ['$[,0]', ',', 2],
    ['$[?(@.a)]', '?', 2],
    ['$[(@.length-1)]', '(', 2],
    ['$["a"]', '"', 2],
    ['$[a]', 'a', 2],
    ['$[::2]', ':', 3],
    ['$[0:1:2]', ':', 5],
    ['$[0:1,2]', ',', 5],
    ['$[0,1:2]', ':', 5],
    ['$[*,0]', ',', 3],
    ["$['a',0]", '0', 6],
    ["$[0,'a']", "'", 4],
    ["$['a':]", ':', 5],
    ['$[-0]', '0', 3],
    ['$[-0:]', '0', 3],
    ['$[-]', ']', 3],
    ['$[- 1]', ' ', 3],
    ['$[01]', '1', 3],
    ['$[1.5]', '.', 3],
    ['$[+1]', '+', 2],
    ['$[1 2]', '2', 4],
    ["$['a", undefined, 4],
    ["$['a\\", undefined, 5],
    ["$['a\n']", '\n', 4],
    ["$['\\x']", 'x', 4],
    ["$['\uD800']", '\uD800', 3],
    ["$['😀'?]", '?', 5],
  ];
  for (const [text, character, position] of examples) {
    const problem =
      character === undefined ? 'Unexpected end of the JsonPath' : `Unexpected "${character}" in JsonPath`;
    const refused = refusal(text);
    assert.deepEqual({ problem: refused.problem, position: refused.position }, { problem, position }, text);
  }
});

test('other refusals', () => {
  const examples: [string, string, number][] = [
    ["$['a','b', 'a']", "'a' is listed twice", 11],
    ["$['a','\\u0061']", "'\\u0061' is listed twice", 6],
    ['$[0,-1,0]', '0 is listed twice', 7],
    ['$.a[:1].b[1:]', 'A second range', 9],
    ['$[1234567890]', 'More than 9 digits', 2],
    ['$[-1234567890:]', 'More than 9 digits', 2],
    ["$['\\u12']", 'Incomplete \\u escape', 3],
    ["$['\\uD83D']", 'Incomplete \\u escape', 3],
    ["$['\\uDE00']", 'Incomplete \\u escape', 3],
    ["$['\\uD83D\\u0041']", 'Incomplete \\u escape', 3],
    [`$.${'a'.repeat(62)}`, 'It has 64 characters and becomes too long', 63],
    [`$['${'😀'.repeat(60)}']`, 'It has 65 characters and becomes too long', 63],
  ];
  for (const [text, problem, position] of examples) {
    const refused = refusal(text);
    assert.deepEqual({ problem: refused.problem, position: refused.position }, { problem, position }, text);
  }
  assert.equal(parse(`$.${'a'.repeat(61)}`).steps.length, 1);
  assert.equal(parse(`$['${'😀'.repeat(58)}']`).steps.length, 1);
  assert.match(
    refusal('$.a?').message,
    /^Invalid OutputFilter: "\$\.a\?"\. Unexpected "\?" in JsonPath\. It is at position 3\. /,
  );
});

test('CSV has only columns', () => {
  for (const text of ['$', '$[0]', '$[-1]', '$[0,2]', '$[1:]', '$[:]', '$[*]', '$.*']) {
    assert.deepEqual(parse(text, true), parse(text));
  }
  const examples: [string, string, number][] = [
    ['$.a', 'CSV has only columns, but there is a name', 1],
    ["$['a','b']", 'CSV has only columns, but there is a name', 1],
    ['$[0].a', 'CSV has only columns, but there is a name', 4],
    ['$[0] [1]', 'CSV has only columns, but there is a second step', 5],
    ['$[*][*]', 'CSV has only columns, but there is a second step', 4],
    ['$[0', 'Unexpected end of the JsonPath', 3],
  ];
  for (const [text, problem, position] of examples) {
    const refused = refusal(text, true);
    assert.deepEqual({ problem: refused.problem, position: refused.position }, { problem, position }, text);
  }
});

/** The shortest text of a path, so that it is no longer than the one it was parsed from. */
function print(steps: readonly Step[]): string {
  const quoted = (text: string): string =>
    `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  const shown = (step: Step): string => {
    switch (step.kind) {
      case 'name':
        return /^[\p{L}0-9_-]+$/u.test(step.name) ? `.${step.name}` : `[${quoted(step.name)}]`;
      case 'names':
        return `[${step.names.map(quoted)}]`;
      case 'index':
        return `[${step.index}]`;
      case 'indexes':
        return `[${step.indexes}]`;
      case 'slice':
        return `[${step.start ?? ''}:${step.end ?? ''}]`;
      case 'all':
        return '.*';
    }
  };
  return `$${steps.map(shown).join('')}`;
}

const tokens = fc.constantFrom(
  ...'$.[]*:,\'\\-?@()" \n',
  '0',
  '1',
  '12',
  'a',
  'b',
  'é',
  '\\u00',
  '\\ud83d',
  '\\ude00',
  "['a']",
  '[0]',
);
const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .array(fc.integer({ min: 0xd7ff, max: 0xe000 }), { maxLength: 5 })
    .map((units) => `$['${String.fromCharCode(...units)}']`),
  fc.array(tokens, { maxLength: 12 }).map((parts) => `$${parts.join('')}`),
);

test('any text is parsed or refused, and a parsed one can be printed and parsed again', () => {
  let parsed = 0;
  const property = fc.property(anything, fc.boolean(), (text, csv) => {
    let path: JsonPath;
    try {
      path = parse(text, csv);
    } catch {
      const { position, problem } = refusal(text, csv);
      assert(position >= 0 && position <= Math.min([...text].length, 63) && problem !== '');
      return;
    }
    parsed += 1;
    const printed = print(path.steps);
    assert(printed.length <= text.length);
    const again = parse(printed, csv);
    assert.deepEqual({ ...again, text }, path);
    assert.equal(print(again.steps), printed);
  });
  fc.assert(property, { numRuns: 3000 });
  assert(parsed > 100, `only ${parsed} were paths`);
});

test('steps survive printing and parsing', () => {
  const integer = fc.integer({ min: -999_999_999, max: 999_999_999 }).map((n) => n + 0);
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.string({ unit: 'binary' }).map(name),
    fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 4 }).map((names): Step => ({ kind: 'names', names })),
    integer.map(index),
    fc.uniqueArray(integer, { minLength: 2, maxLength: 4 }).map((indexes): Step => ({ kind: 'indexes', indexes })),
    fc
      .tuple(fc.option(integer, { nil: undefined }), fc.option(integer, { nil: undefined }))
      .map((ends) => slice(...ends)),
    fc.constant(all),
  );
  const paths = fc.array(step, { maxLength: 4 }).filter((steps) => {
    return [...print(steps)].length <= 63 && steps.filter(({ kind }) => kind === 'slice').length <= 1;
  });
  fc.assert(fc.property(paths, (steps) => assert.deepEqual(parse(print(steps)).steps, steps)));
});

test('a very long text is refused at once', () => {
  assert.equal(refusal('$'.repeat(5_000_000)).position, 63);
});
