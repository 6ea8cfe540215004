import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DecimalScanner } from './decimal-scanner.ts';

function scan(text: string, precision: 'single' | 'double' = 'double'): { value: number; end: number } {
  const scanner = new DecimalScanner(precision);
  const value = scanner.scan(Buffer.from(`${text}\n`), 0);
  return { value, end: scanner.end };
}

const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
const decimals = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: digits(20),
    fraction: fc.option(fc.stringMatching(/^[0-9]{0,20}$/), { nil: undefined }),
    exponent: fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-'), fc.integer({ min: 0, max: 330 })), {
      nil: undefined,
    }),
  })
  .map(({ sign, whole, fraction, exponent }) => {
    return sign + whole + (fraction === undefined ? '' : `.${fraction}`) + (exponent?.join('') ?? '');
  });

test('gives what Number() gives, for decimals of any length and exponent', () => {
  fc.assert(
    fc.property(decimals, (text) => {
      assert.deepEqual(scan(text), { value: Number(text), end: text.length });
    }),
    { numRuns: 3000 },
  );
});

test('gives what Number() gives, for doubles as JavaScript prints them', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = String(value);
      assert.deepEqual(scan(text), { value: value + 0, end: text.length });
    }),
    { numRuns: 3000 },
  );
});

test('in single precision, rounds to what Number() rounds to', () => {
  const doubles = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e39, max: 1e39 }).map(String);
  fc.assert(
    fc.property(fc.oneof(decimals, doubles), (text) => {
      assert.equal(Math.fround(scan(text, 'single').value), Math.fround(Number(text)));
    }),
    { numRuns: 5000 },
  );
});

test('in single precision, is right where a decimal lies next to the middle of two numbers', () => {
  const middle = (Math.fround(0.1) + Math.fround(0.1 + 2 ** -27)) / 2;
  for (const last of ['', '0000001', '00000000000000000001']) {
    const text = middle.toFixed(40).replace(/0+$/, '') + last;
    assert.equal(Math.fround(scan(text, 'single').value), Math.fround(Number(text)), text);
  }
});

test('stops at the first byte after the number', () => {
  assert.deepEqual(scan('1.5,2'), { value: 1.5, end: 3 });
  assert.deepEqual(scan('12abc'), { value: 12, end: 2 });
  assert.deepEqual(scan('.5'), { value: 0.5, end: 2 });
  assert.deepEqual(scan('5.'), { value: 5, end: 2 });
  assert.ok(Object.is(scan('-0').value, -0));
});

test('says that there is no number', () => {
  for (const text of ['', '-', '.', '-.', 'abc', '1e', '1e+', '1ex', '+1', ' 1', 'nan', '"1"']) {
    assert.equal(scan(text).end, -1, text);
  }
});
