import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from './byte-writer.ts';
import { shortestText, writeFloat32, writeInteger } from './number-writer.ts';

function written(write: (out: ByteWriter) => void): string {
  const out = new ByteWriter(0);
  write(out);
  return Buffer.from(out.bytes.buffer, 0, out.length).toString();
}

const float32 = (value: number): string => written((out) => writeFloat32(out, value));

test('writes the shortest decimal of a single-precision number', () => {
  const cases: [number, string][] = [
    [0.1, '0.1'],
    [-0.1, '-0.1'],
    [1 / 3, '0.33333334'],
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [100, '100'],
    [16777216, '16777216'],
    [123456789, '123456790'],
    [999999.94, '999999.94'],
    [0.99999994, '0.99999994'],
    [1e-5, '0.00001'],
    [1e-6, '0.000001'],
    [9.9999999e-7, '0.000001'],
    [1e-7, '1e-7'],
    [1.2345678e-7, '1.2345679e-7'],
    [-3.5e-14, '-3.5e-14'],
    [-3.5e-30, '-3.5e-30'],
    [1.5e-45, '1e-45'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [1e9, '1000000000'],
    [5e20, '500000000000000000000'],
  ];
  for (const [value, text] of cases) assert.equal(float32(Math.fround(value)), text);
});

test('every single-precision number is written as exact arithmetic would write it, and reads back', () => {
  const anyFloat = fc.float({ noNaN: true, noDefaultInfinity: true });
  const usual = fc.oneof(
    fc.float({ noNaN: true, min: -1, max: 1 }),
    fc.float({ noNaN: true, min: -1e6, max: 1e6 }),
    fc.float({ noNaN: true, min: -Math.fround(1e-5), max: Math.fround(1e-5) }),
    fc.integer({ min: -1e9, max: 1e9 }).map(Math.fround),
    // Few digits: what must not come out long.
    fc
      .tuple(fc.integer({ min: -99999, max: 99999 }), fc.integer({ min: 0, max: 6 }))
      .map(([n, d]) => Math.fround(n / 10 ** d)),
  );
  fc.assert(
    fc.property(fc.oneof(anyFloat, usual), (value) => {
      const text = float32(value);
      assert.ok(Object.is(Math.fround(Number(text)), value), text);
      if (value !== 0) assert.equal(text, shortestText(value, Math.fround));
    }),
    { numRuns: 10_000 },
  );
});

test('writes integers in plain digits', () => {
  for (const value of [0, 7, -7, 10, 99, 100, 2 ** 31, -(2 ** 31), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    assert.equal(
      written((out) => writeInteger(out, value)),
      String(value),
    );
  }
  fc.assert(fc.property(fc.maxSafeInteger(), (value) => written((out) => writeInteger(out, value)) === String(value)));
});
