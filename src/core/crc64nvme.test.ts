import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Crc64Nvme } from './crc64nvme.ts';

/** Bit by bit, from the definition. */
function plain(bytes: Uint8Array): bigint {
  let crc = 0xffff_ffff_ffff_ffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x9a6c9329ac4bc9b5n : crc >> 1n;
  }
  return crc ^ 0xffff_ffff_ffff_ffffn;
}

function crc64(...pieces: readonly Uint8Array[]): string {
  const crc = new Crc64Nvme();
  for (const piece of pieces) crc.update(piece);
  return crc.digest().toString('hex');
}

test('the check value of CRC-64/NVME', () => {
  assert.equal(crc64(Buffer.from('123456789')), 'ae8b14860a799888');
  assert.equal(crc64(), '0000000000000000');
});

test('the examples of the NVM Express specification: a block of 4,096 bytes', () => {
  const counting = Buffer.from(Array.from({ length: 4096 }, (_, at) => at & 255));
  assert.equal(crc64(Buffer.alloc(4096)), '6482d367eb22b64e');
  assert.equal(crc64(Buffer.alloc(4096, 0xff)), 'c0ddba7302eca3ac');
  assert.equal(crc64(counting), '3e729f5f6750449c');
  assert.equal(crc64(Buffer.from(counting).reverse()), '9a2df64b8e9e517e');
});

test('it is the same bit by bit and in any cutting', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 100, size: 'max' }), { maxLength: 6 });
  fc.assert(
    fc.property(pieces, (bytes) => {
      assert.equal(BigInt(`0x${crc64(...bytes)}`), plain(Buffer.concat(bytes)));
    }),
  );
});
