import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Digest } from '../../objects/local/digest.ts';
import { type CombinableAlgorithm, CrcCombination } from './crc-combination.ts';

function crcOf(algorithm: CombinableAlgorithm, bytes: Buffer): string {
  const digest = new Digest(algorithm);
  digest.update(bytes);
  return digest.finish().checksum?.value ?? '';
}

for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME'] as const) {
  test(`${algorithm} of parts is that of the whole`, () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(parts, (arrays) => {
        const buffers = arrays.map((bytes) => Buffer.from(bytes));
        const combination = new CrcCombination(algorithm);
        for (const bytes of buffers) combination.append(crcOf(algorithm, bytes), bytes.length);
        assert.equal(combination.value, crcOf(algorithm, Buffer.concat(buffers)));
      }),
    );
  });

  test(`${algorithm} of zeros, whose lengths have many bits`, () => {
    const zeros = Buffer.alloc(3_000_001);
    const combination = new CrcCombination(algorithm);
    const lengths = [1_234_567, 0, 7, 1_234_567, zeros.length - 2 * 1_234_567 - 7];
    for (const length of lengths) combination.append(crcOf(algorithm, zeros.subarray(0, length)), length);
    assert.equal(combination.value, crcOf(algorithm, zeros));
  });
}
