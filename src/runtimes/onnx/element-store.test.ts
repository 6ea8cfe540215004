import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elementBytes, elementStore } from './element-store.ts';

type Type = Parameters<typeof elementStore>[0];

/** Stores a text as CSV would: as a number when it is one, else as a text. */
function stored(type: Type, text: string): unknown {
  const store = elementStore(type, 1);
  assert.ok(store);
  if (store.kind !== 'string' && /^-?\d+(\.\d+)?$/.test(text) && store.setNumber(0, Number(text))) return store.data[0];
  return store.setText(0, text) ?? store.data[0];
}

test('every type stores its numbers and says what it cannot store', () => {
  const cases: [Type, string, unknown][] = [
    ['float32', '0.1', Math.fround(0.1)],
    ['float32', '', Number.NaN],
    ['float32', 'abc', 'is not a number'],
    ['float64', '0.1', 0.1],
    ['float64', ' ', 'is not a number'],
    ['float16', '1', 0x3c00],
    ['float16', 'x', 'is not a number'],
    ['int8', '-128', -128],
    ['int8', '128', 'is out of the range of int8 (-128 to 127)'],
    ['uint8', '255', 255],
    ['uint8', '-1', 'is out of the range of uint8 (0 to 255)'],
    ['int16', '32767', 32767],
    ['uint16', '65535', 65535],
    ['int32', '3.0', 3],
    ['int32', '3.5', 'is not an integer'],
    ['int32', '', 'is empty, and integers know no missing value'],
    ['uint32', '4294967295', 4294967295],
    ['int64', '-1', -1n],
    ['int64', '4294967296', 4294967296n],
    ['int64', '-4294967297', -4294967297n],
    ['int64', '9007199254740993', 9007199254740993n],
    ['int64', '9223372036854775808', 'is out of the range of int64 (-9223372036854775808 to 9223372036854775807)'],
    ['uint64', '18446744073709551615', 18446744073709551615n],
    ['uint64', '-1', 'is out of the range of uint64 (0 to 18446744073709551615)'],
    ['bool', 'True', 1],
    ['bool', '0', 0],
    ['bool', '2', 'is not true, false, 1 or 0'],
    ['string', '007', '007'],
    ['string', '', ''],
  ];
  for (const [type, text, expected] of cases) assert.equal(stored(type, text), expected, `${type} ${text}`);
});

test('types that text cannot fill have no store', () => {
  assert.equal(elementStore('int4' as Type, 1), undefined);
});

test('knows the size of an element', () => {
  const cases: [Type, number][] = [
    ['float64', 8],
    ['float32', 4],
    ['float16', 2],
    ['int8', 1],
    ['bool', 1],
  ];
  for (const [type, bytes] of cases) assert.equal(elementBytes(type), bytes, type);
});
