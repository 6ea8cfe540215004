import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ScanError, Scanner, type TextFormat, WINDOW_BYTES } from './scanner.ts';

type Entry = readonly [kind: string, flags: number, from: number, to: number, extra: number];
interface Outcome {
  readonly entries: readonly Entry[];
  readonly error?: { readonly position: number; readonly record: number; readonly recordStart: number };
}

const KINDS = ['', 'key', 'member', 'record'];
const scanners = { json: new Scanner('json'), 'json-lines': new Scanner('json-lines') };

/** Pieces of the sizes `cuts`, over and over. */
function scan(text: string, format: 'json' | 'json-lines', cuts: readonly number[], members = true): Outcome {
  const scanner = scanners[format];
  const bytes = Buffer.from(text);
  const entries: Entry[] = [];
  const take = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const [head = 0, from = 0, to = 0, extra = 0] = scanner.table.subarray(i * 4, i * 4 + 4);
      entries.push([KINDS[head & 255] ?? '?', head >> 8, from, to, extra]);
    }
  };
  scanner.start({ members });
  try {
    for (let at = 0, cut = 0; at < bytes.length; cut++) {
      const to = Math.min(bytes.length, at + (cuts[cut % cuts.length] ?? 1));
      take(scanner.push(bytes, at, to));
      at = to;
    }
    take(scanner.end());
    return { entries };
  } catch (error) {
    assert(error instanceof ScanError);
    const { position, record, recordStart } = error;
    return { entries, error: { position, record, recordStart } };
  }
}

/** The plain way: one byte after the other, by the rules of RFC 8259 as they are written. */
class Reference {
  entries: Entry[] = [];
  at = 0;
  readonly text: string;
  readonly lines: boolean;
  readonly members: boolean;

  constructor(text: string, format: TextFormat, members: boolean) {
    this.text = Buffer.from(text).toString('latin1');
    this.lines = format === 'json-lines';
    this.members = members;
  }

  run(): Outcome {
    let record = 0;
    let recordStart = 0;
    try {
      while (!this.lines || this.at < this.text.length) {
        recordStart = this.at;
        this.space();
        const [flags, from, to, members] = this.value(0);
        this.space();
        if (this.at < this.text.length) this.expect(this.lines ? '\n' : '');
        this.entries.push(['record', flags, from, to, members]);
        record += 1;
        if (!this.lines) break;
      }
      return { entries: this.entries };
    } catch (error) {
      if (error !== this) throw error;
      return { entries: this.entries, error: { position: this.at, record, recordStart } };
    }
  }

  expect(what: string): void {
    if (what === '' || this.text[this.at] !== what) throw this;
    this.at += 1;
  }

  space(): void {
    while (this.at < this.text.length && (this.lines ? ' \t\r' : ' \t\r\n').includes(this.text[this.at] ?? '-'))
      this.at += 1;
  }

  value(depth: number): [kind: number, from: number, to: number, members: number] {
    const from = this.at;
    const first = this.text[this.at];
    if (first === '{' || first === '[') {
      const members = this.container(depth + 1, first === '{');
      return [first === '{' ? 1 : 2, from, this.at, members];
    }
    if (first === '"') this.string();
    else if (first !== undefined && '-0123456789'.includes(first)) this.number();
    else this.literal();
    return [first === '"' ? 3 : 4, from, this.at, 0];
  }

  container(depth: number, object: boolean): number {
    this.at += 1;
    const close = object ? '}' : ']';
    this.space();
    if (this.text[this.at] === close) {
      this.at += 1;
      return 0;
    }
    for (let index = 0; ; index++) {
      if (object) {
        const from = this.at;
        if (this.text[from] !== '"') throw this;
        this.string();
        const key = this.text.slice(from + 1, this.at - 1);
        if (depth === 1 && this.members) {
          this.entries.push(['key', Number(key.includes('\\')), from + 1, this.at - 1, index]);
        }
        this.space();
        // The entry of a key is made at its colon.
        const keys = this.text[this.at] === ':' || depth > 1 || !this.members;
        if (!keys) this.entries.pop();
        this.expect(':');
        this.space();
      }
      const [kind, from, to] = this.value(depth);
      this.space();
      if (this.text[this.at] !== ',' && this.text[this.at] !== close) throw this;
      if (depth === 1 && this.members) this.entries.push(['member', kind, from, to, index]);
      this.at += 1;
      if (this.text[this.at - 1] === close) return index + 1;
      this.space();
    }
  }

  string(): void {
    this.at += 1;
    for (;;) {
      const byte = this.text[this.at];
      if (byte === undefined || byte < ' ') throw this;
      this.at += 1;
      if (byte === '"') return;
      if (byte !== '\\') continue;
      const escaped = this.text[this.at];
      if (escaped === undefined || !'"\\/bfnrtu'.includes(escaped)) throw this;
      this.at += 1;
      if (escaped !== 'u') continue;
      for (let i = 0; i < 4; i++, this.at++) if (!/[0-9a-fA-F]/.test(this.text[this.at] ?? '')) throw this;
    }
  }

  digits(): void {
    if (!/[0-9]/.test(this.text[this.at] ?? '')) throw this;
    while (/[0-9]/.test(this.text[this.at] ?? '')) this.at += 1;
  }

  number(): void {
    if (this.text[this.at] === '-') this.at += 1;
    if (this.text[this.at] === '0') this.at += 1;
    else this.digits();
    if (this.text[this.at] === '.') {
      this.at += 1;
      this.digits();
    }
    if (/[eE]/.test(this.text[this.at] ?? '')) {
      this.at += 1;
      if (/[+-]/.test(this.text[this.at] ?? '')) this.at += 1;
      this.digits();
    }
  }

  literal(): void {
    const word = ['true', 'false', 'null'].find(([first]) => first === this.text[this.at]);
    if (word === undefined) throw this;
    for (const letter of word) this.expect(letter);
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const cutting = fc.oneof(
  fc.constantFrom([WINDOW_BYTES], [1], [64], [63], [65], [7]),
  fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 }),
);
const space = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  fc.string({ unit: fc.constantFrom(' ', '\t', '\r'), maxLength: 5 }),
  fc.nat(130).map((length) => ' '.repeat(length)),
);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\\', '"', 'u', '\n', 'a', '\u0001', 'é'), maxLength: 20 }),
  fc.nat(200).map((length) => 'long '.repeat(length)),
);
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: 0n, max: 10n ** 100n }).map((big) => `${big}.${big}e-${big}`),
  fc.constantFrom('0', '-0', '0.0', '1e5', '1E+05', '-1.25e-007', '10', '0e0', '1.5E1'),
);
/** JSON as it may be written: with space and escapes where they may be. */
const written = fc.letrec<{ value: string; string: string; member: string }>((tie) => ({
  string: fc.oneof(
    text.map((content) => JSON.stringify(content)),
    fc
      .string({
        unit: fc.constantFrom('\\u00e9', '\\uD83D', '\\/', '\\\\', '\\"', '\\b', 'x', 'ü', '{', ']', ',', ':'),
      })
      .map((content) => `"${content}"`),
  ),
  member: fc
    .tuple(space, tie('string'), space, space, tie('value'), space)
    .map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`),
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.oneof(number.map(String), fc.constantFrom('true', 'false', 'null'), tie('string')),
    fc
      .array(fc.tuple(space, tie('value'), space), { maxLength: 9 })
      .map((items) => `[${items.map((item) => item.join('')).join(',')}]`),
    fc.array(tie('member'), { maxLength: 6 }).map((members) => `{${members.join(',')}}`),
    fc.array(number, { maxLength: 60 }).map((items) => `[${items.join(',')}]`),
    space.map((inside) => `[${inside}]`),
  ),
}));
const line = fc.tuple(space, written.value, space).map((parts) => parts.join(''));
const document = fc
  .tuple(fc.constantFrom('', '\n', ' \r\n'), line, fc.constantFrom('', '\n'))
  .map((parts) => parts.join(''));
const lines = fc
  .tuple(fc.array(line, { maxLength: 6 }), fc.boolean())
  .map(([parts, ended]) => parts.join('\n') + (ended && parts.length > 0 ? '\n' : ''));

const sprinkle = fc.oneof(
  fc.constantFrom(...'{}[]:,"\\\n\r\t -+.eE0123456789tfnul\u0000\u0001é\uFEFFY_/x', 'true', 'null', '\\u', '1', '"a":'),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
/** Some characters put in, taken out or replaced. */
function mutated(base: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.tuple(fc.nat(), fc.nat(3), fc.oneof(fc.constant(''), sprinkle));
  return fc.tuple(base, fc.array(change, { minLength: 1, maxLength: 3 })).map(([start, changes]) =>
    changes.reduce((result, [where, length, what]) => {
      const at = where % (result.length + 1);
      return (result.slice(0, at) + what + result.slice(at + length)).toWellFormed();
    }, start),
  );
}

function agrees(content: string, format: 'json' | 'json-lines', cuts: readonly number[], members: boolean): Outcome {
  const expected = new Reference(content, format, members).run();
  const actual = scan(content, format, cuts, members);
  assert.deepEqual(actual.error, expected.error);
  // Where there is an error, what was found in the same push is not told.
  if (expected.error === undefined) assert.deepEqual(actual.entries, expected.entries);
  else assert.deepEqual(actual.entries, expected.entries.slice(0, actual.entries.length));
  return actual;
}

test('valid JSON is accepted, and its entries are those of the plain way', () => {
  fc.assert(
    fc.property(document, cutting, fc.boolean(), (content, cuts, members) => {
      assert(parses(content));
      assert.equal(agrees(content, 'json', cuts, members).error, undefined);
    }),
    { numRuns: 1500 },
  );
});

test('what JSON.parse refuses is refused, at the first byte that cannot be', () => {
  fc.assert(
    fc.property(mutated(document), cutting, fc.boolean(), (content, cuts, members) => {
      assert.equal(agrees(content, 'json', cuts, members).error === undefined, parses(content));
    }),
    { numRuns: 4000 },
  );
});

test('lines of JSON, right and wrong', () => {
  fc.assert(
    fc.property(fc.oneof(lines, mutated(lines)), cutting, fc.boolean(), (content, cuts, members) => {
      agrees(content, 'json-lines', cuts, members);
    }),
    { numRuns: 3000 },
  );
});

test('short texts of what JSON is made of', () => {
  fc.assert(
    fc.property(fc.array(sprinkle, { maxLength: 12 }), fc.nat(70), cutting, (parts, indent, cuts) => {
      const content = ' '.repeat(indent) + parts.join('');
      assert.equal(agrees(content, 'json', cuts, true).error === undefined, parses(content));
      agrees(content, 'json-lines', cuts, true);
    }),
    { numRuns: 6000 },
  );
});

const WRONG = [
  ...[
    '',
    ' ',
    '01',
    '-01',
    '1.',
    '.5',
    '+1',
    '1e',
    '1e+',
    '1e5.2',
    '1e5e5',
    '1.2.3',
    '--1',
    '-',
    '1-2',
    '1+2',
    '00',
    '0x1',
    '1_0',
    '-e',
  ],
  ...[
    'tru',
    'truee',
    'nulll',
    'True',
    'true1',
    '1true',
    'falsefalse',
    'nul l',
    'NaN',
    'Infinity',
    'e5',
    'a'.repeat(200),
    "'a'",
  ],
  ...[
    '[1,]',
    '[,1]',
    '[1 2]',
    '[',
    ']',
    '[1}',
    '{"a":1]',
    '{',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{,}',
    '{a:1}',
    '{1:1}',
    '[1:2]',
    '{"a":1:2}',
  ],
  ...[
    '"',
    '"\\',
    '"\\"',
    '"\\x"',
    '"\\u12"',
    '"\\u12g4"',
    '"\\u"',
    '"\t"',
    '"\u0000"',
    '"a" "b"',
    '"a"1',
    '1"a"',
    '[]]',
    '{}{}',
    '[] []',
  ],
  ...[
    '[1]\\',
    '\\"a"',
    '[\\"a\\"]',
    '[1,\u00a02]',
    '[1,\u000b2]',
    '\uFEFF1',
    '[Y]',
    '[_]',
    '[1_]',
    '{"a":1,"b"}',
    '{"a":1 "b":2}',
    '[true,fals]',
  ],
];
const RIGHT = [
  ...[
    '0',
    '-0',
    '1e5',
    '1E+5',
    '-0.0e-00',
    '"\\u00fF\\/\\b"',
    '[[],{}]',
    '{"":{"":[]}}',
    'true',
    ' null ',
    '[0,-1]',
    '[1 , 2 ]',
    '"\\\\"',
    '"\x7f"',
  ],
];

test('the usual mistakes, at any place in a block', () => {
  for (const content of [...WRONG, ...RIGHT]) {
    for (const indent of [0, 1, 55, 58, 59, 60, 61, 62, 63, 64, 65]) {
      for (const cuts of [[WINDOW_BYTES], [1], [61]]) {
        const indented = ' '.repeat(indent) + content;
        assert.equal(agrees(indented, 'json', cuts, true).error === undefined, RIGHT.includes(content), content);
        agrees(`[1]\n${content}\n2`, 'json-lines', cuts, true);
      }
    }
  }
});

test('nesting is limited, and memory does not grow with it', () => {
  const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  assert.equal(scan(deep(100_000), 'json', [WINDOW_BYTES]).error, undefined);
  const error = { position: 100_000, record: 0, recordStart: 0 };
  assert.deepEqual(scan(deep(100_001), 'json', [WINDOW_BYTES]).error, error);
  assert.equal(scan('[1,{"a":[{"b":[2]}]}]', 'json', [3]).entries.length, 3);
});

test('the table has room for a window of the shortest members and records', () => {
  for (const [content, entries] of [
    ['1\n'.repeat(WINDOW_BYTES), WINDOW_BYTES],
    ['[1]\n'.repeat(WINDOW_BYTES), 2 * WINDOW_BYTES],
    ['{"":1}\n'.repeat(WINDOW_BYTES), 3 * WINDOW_BYTES],
  ] as const) {
    assert.equal(scan(content, 'json-lines', [WINDOW_BYTES]).entries.length, entries);
  }
});

test('errors say what is wrong', () => {
  const reasons: readonly (readonly ['json' | 'json-lines', string, string])[] = [
    ['json', '[1,x]', 'unexpected "x"'],
    ['json', '[1,ü]', 'unexpected "ü"'],
    ['json', '["a" "b"]', "unexpected '\"'"],
    ['json', '[1', 'the text ends inside a value'],
    ['json', '"abc', 'a string is not closed'],
    ['json', '', 'the text is empty'],
    ['json', '\uFEFF{}', 'a byte order mark'],
    ['json', '"a\nb"', 'a string has the control character 0x0a'],
    ['json', '"\\x"', 'a string has an unexpected "x" behind a backslash'],
    ['json-lines', '1\n\n2', 'the line is empty'],
    ['json-lines', '1\n[2,\n3]', 'the line ends inside a value'],
    ['json-lines', '1\n"a\nb"', 'the line ends inside a value'],
    ['json-lines', '\uFEFF1', 'a byte order mark'],
  ];
  for (const [format, content, reason] of reasons) {
    const scanner = scanners[format];
    scanner.start({ members: true });
    const bytes = Buffer.from(content);
    assert.throws(() => scanner.push(bytes, 0, bytes.length) + scanner.end(), { name: 'ScanError', reason });
  }
});
