import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { delimitedField, readFields, readVarint, signedVarints, varintField, writeVarint } from './protobuf-wire.ts';

test('varints of any size survive', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const bytes = writeVarint(value);
      assert.deepEqual(readVarint(bytes, 0), { value: BigInt(value), next: bytes.length });
    }),
  );
});

test('a message taken apart and put together is the same bytes', () => {
  const field = fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.nat()).map(([number, value]) => varintField(number, value)),
    fc
      .tuple(fc.integer({ min: 1, max: 1000 }), fc.uint8Array())
      .map(([number, bytes]) => delimitedField(number, bytes)),
    fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from([0x09, ...bytes])),
    fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Buffer.from([0x0d, ...bytes])),
  );
  fc.assert(
    fc.property(fc.array(field), (parts) => {
      const message = Buffer.concat(parts);
      const fields = readFields(message);
      assert.equal(fields.length, parts.length);
      assert.deepEqual(Buffer.concat(fields.map(({ raw }) => raw)), message);
    }),
  );
});

test('reads the content of a field', () => {
  const [field] = readFields(delimitedField(300, 'abc'));
  assert.deepEqual(field && { ...field, content: Buffer.from(field.content).toString() }, {
    number: 300,
    type: 2,
    raw: field?.raw,
    content: 'abc',
  });
});

test('integers, packed or one by one, with their sign', () => {
  const minusOne = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
  const [packed] = readFields(delimitedField(8, Buffer.concat([writeVarint(3), minusOne])));
  const [alone] = readFields(varintField(8, 300));
  assert.ok(packed && alone);
  assert.deepEqual([...signedVarints(packed), ...signedVarints(alone)], [3n, -1n, 300n]);
});

test('what is no message is refused', () => {
  for (const bytes of [[0x0a, 0x05, 1], [0x0b], [0x80], [0x09, 1, 2], new Array(11).fill(0xff)]) {
    assert.throws(() => readFields(Uint8Array.from(bytes)), /^Error: no protobuf message/);
  }
});
