import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAccessKeys } from './access-keys.ts';

test('keys are pairs with a colon, separated by commas', () => {
  const parsed = parseAccessKeys('AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY, second:with:colon=');
  assert('keys' in parsed);
  assert.deepEqual(Array.from(parsed.keys), [
    ['AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'],
    ['second', 'with:colon='],
  ]);
});

for (const [text, reason] of [
  ['', /access key 1 is empty/],
  ['a:hush,', /access key 2 is empty/],
  ['a:hush,hush', /access key 2 has no ":"/],
  [':hush', /access key 1 has no ID/],
  ['a:', /access key 1 has no secret/],
  ['a/b:hush', /the ID of access key 1 may have letters/],
  [`${'a'.repeat(129)}:hush`, /at most 128/],
  ['a:hush hush', /the secret of access key 1 may have printable/],
  ['a:húsh', /the secret of access key 1 may have printable/],
  ['a:hush,a:other', /the ID of access key 2 was given before/],
] as const) {
  test(`"${text.slice(0, 20)}" is refused, and the reason keeps the secret`, () => {
    const parsed = parseAccessKeys(text);
    assert('invalid' in parsed);
    assert.match(parsed.invalid, reason);
    assert.doesNotMatch(parsed.invalid, /h[uú]sh/);
  });
}
