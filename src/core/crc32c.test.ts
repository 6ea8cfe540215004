import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainCrc32c } from '../../test/frames.ts';
import { crc32c, tableCrc32c } from './crc32c.ts';

const quickest = crc32c();

test('the check value of CRC-32C', () => {
  const digits = Buffer.from('123456789');
  assert.equal(plainCrc32c(digits), 0xe3069283);
  assert.equal(tableCrc32c(digits, 0, 9, 0), 0xe3069283);
  assert.equal(quickest(digits, 0, 9, 0), 0xe3069283);
});

test('the values of RFC 3720, B.4, over the length from which native code is used', () => {
  for (const crc of [tableCrc32c, quickest]) {
    assert.equal(crc(Buffer.alloc(32), 0, 32, 0), 0x8a9136aa);
    assert.equal(crc(Buffer.alloc(32, 0xff), 0, 32, 0), 0x62a8ab43);
    assert.equal(crc(Buffer.alloc(1000, 0xff), 0, 1000, 0), plainCrc32c(Buffer.alloc(1000, 0xff)));
  }
});

test('tables and native code agree with the plain way, in any range and in any cutting', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 2000, size: 'max' }),
      fc.array(fc.nat({ max: 2000 }), { maxLength: 5 }),
      (content, wanted) => {
        const bytes = Buffer.from(content);
        const cuts = wanted.map((cut) => cut % bytes.length).sort((x, y) => x - y);
        const [start = 0, ...rest] = cuts;
        const expected = plainCrc32c(bytes.subarray(start));
        for (const crc of [tableCrc32c, quickest]) {
          let from = start;
          let value = 0;
          for (const to of [...rest, bytes.length]) {
            value = crc(bytes, from, to, value);
            from = to;
          }
          assert.equal(value, expected);
        }
      },
    ),
    { numRuns: 500 },
  );
});
