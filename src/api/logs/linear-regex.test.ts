import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LinearRegex } from './linear-regex.ts';

const character = fc.constantFrom('a', 'b', 'c', '1', ' ', '-', '_', '.', '\n', ']', 'ü');
const atom = fc.constantFrom(
  ...['a', 'b', 'c', '1', ' ', '-', '.', '\\.', '\\]', '\\d', '\\D', '\\s', '\\S', '\\w', '\\W', '\\x61', '\\\\'],
  ...['[abc]', '[^ab]', '[a-c]', '[^a-b1]', '[-a]', '[a-]', '[\\d_]', '[^\\w]', '[.*]', '[\\]\\x31]'],
);
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '{1,3}', '{0}');
const piece = fc.tuple(atom, quantifier).map(([set, times]) => set + times);
const alternative = fc
  .tuple(fc.constantFrom('', '', '^'), fc.array(piece, { maxLength: 5 }), fc.constantFrom('', '', '$'))
  .map(([start, pieces, end]) => start + pieces.join('') + end);
const expression = fc.array(alternative, { minLength: 1, maxLength: 3 }).map((alternatives) => alternatives.join('|'));

test('it finds what the regular expressions of JavaScript find', () => {
  fc.assert(
    fc.property(
      expression,
      fc.array(fc.string({ unit: character, maxLength: 12 }), { minLength: 8 }),
      (text, values) => {
        const regex = new LinearRegex(text);
        const reference = new RegExp(text);
        for (const value of values) assert.equal(regex.test(value), reference.test(value), JSON.stringify(value));
      },
    ),
    { numRuns: 1500 },
  );
});

test('a minimum can be left out, as the original allows', () => {
  const regex = new LinearRegex('^a{,2}$');
  assert.deepEqual(
    ['', 'a', 'aa', 'aaa'].map((text) => regex.test(text)),
    [true, true, true, false],
  );
});

test('no expression takes long', () => {
  const text = 'a'.repeat(80_000);
  for (const hostile of ['a*a*a*a*a*a*b', '.*.*.*.*x', 'a{0,500}b', '[a-z]+[a-z]+[a-z]+[0-9]$']) {
    const started = performance.now();
    assert.equal(new LinearRegex(hostile).test(text), false);
    // Some 10 ns per character and state; a matcher that goes back takes years.
    assert(performance.now() - started < 5000, hostile);
  }
});

for (const [text, problem] of [
  ['a!b', /the character ! is not supported; \\xhh stands/],
  ['größe', /the character ö/],
  ['a**', /\* is not expected/],
  ['*a', /\* is not expected/],
  ['a]', /\] is not expected/],
  ['a^b', /\^ is not expected/],
  ['a$b', /b is not expected/],
  ['[a', /a \[ has no \]/],
  ['[]', /\[\] matches nothing/],
  ['[c-a]', /a range has no order/],
  ['[\\d-z]', /a range has no order/],
  ['\\q', /a \\ is followed by/],
  ['\\', /a \\ is followed by/],
  ['a{3,2}', /\{3,2\} is no number of times/],
  ['a{}', /\{\} is no number of times/],
  ['a{9000}', /it is too large/],
] as const) {
  test(`%${text}% is refused`, () => {
    assert.throws(() => new LinearRegex(text), { code: 'InvalidParameterException', message: problem });
  });
}
