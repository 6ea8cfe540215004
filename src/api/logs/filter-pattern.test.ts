import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFilterPattern } from './filter-pattern.ts';

const LINES = [
  '[ERROR 400] BAD REQUEST',
  '[ERROR 401] UNAUTHORIZED REQUEST',
  '[ERROR 419] MISSING ARGUMENTS',
  '[ERROR 420] INVALID ARGUMENTS',
  '[ERROR 500] INTERNAL SERVER ERROR',
  '[INFO] REQUEST FAILED',
  'Exiting with ERRORCODE: -1',
  'a "quoted" word at 10.10.0.1 größer',
];

/** Numbers of the lines above. */
for (const [pattern, expected] of [
  ['', [0, 1, 2, 3, 4, 5, 6, 7]],
  ['   ', [0, 1, 2, 3, 4, 5, 6, 7]],
  ['" "', [0, 1, 2, 3, 4, 5, 6, 7]],
  ['ERROR', [0, 1, 2, 3, 4, 6]],
  ['error', []],
  ['ERROR ARGUMENTS', [2, 3]],
  ['ARGUMENTS  ERROR', [2, 3]],
  ['?INFO ?ARGUMENTS', [2, 3, 5]],
  ['"INTERNAL SERVER ERROR"', [4]],
  ['ERROR -ARGUMENTS', [0, 1, 4, 6]],
  ['"ERROR" - "Exiting"', [0, 1, 2, 3, 4]],
  ['-ERROR', [5, 7]],
  ['-"ERROR 4"', [4, 5, 6, 7]],
  // Optional terms count only among themselves.
  ['?ERROR ?ARGUMENTS REQUEST', [0, 1, 5]],
  ['?INFO -ERROR', [5, 7]],
  ['?"ERROR 400" ?"ERROR 401"', [0, 1]],
  ['"\\"quoted\\""', [7]],
  ['größer', [7]],
  ['%AUTHORIZED%', [1]],
  ['%4[01]\\d%', [0, 1, 2]],
  ['%10\\.10\\.0\\.1%', [7]],
  ['%^\\[INFO|^Exit%', [5, 6]],
  ['%REQUEST$%', [0, 1]],
  ['%ERROR% -%4..\\]%', [4, 6]],
] as const) {
  test(`the pattern ${JSON.stringify(pattern)} matches ${expected.length} lines`, () => {
    const matches = parseFilterPattern(pattern);
    assert.deepEqual(
      LINES.flatMap((line, number) => (matches(line) ? [number] : [])),
      [...expected],
    );
  });
}

for (const [pattern, message] of [
  ['{ $.x = 1 }', /patterns for JSON .* are not supported\. Supported are words/],
  ['[a, b]', /space-delimited events/],
  ['user@host', /Invalid character\(s\) in term 'user@host'\. Put it into double quotes/],
  ['ERROR:', /Invalid character/],
  ['""', /Invalid character\(s\) in term '""'/],
  ['"open', /a " has no counterpart/],
  ['%open', /a % has no counterpart/],
  ['-', /Invalid character\(s\) in term '-'/],
  ['%(a)%', /the character \( is not supported/],
  ['%a% %b% %c%', /more than 2 regular expressions/],
] as const) {
  test(`the pattern ${pattern} is refused`, () => {
    assert.throws(() => parseFilterPattern(pattern), { code: 'InvalidParameterException', message });
  });
}
