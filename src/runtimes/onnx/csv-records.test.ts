import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CsvRecords } from './csv-records.ts';
import { InputBatch } from './input-batch.ts';
import type { InputTensor, Signature } from './signature.ts';

function signature(...inputs: Pick<InputTensor, 'type' | 'shape'>[]): Signature {
  return {
    inputs: inputs.map((input, i) => ({ name: `i${i}`, ...input })),
    outputs: [],
    fixedBatch: undefined,
  };
}

const floats = (width: number) => signature({ type: 'float32', shape: [width] });

/** Everything a body holds: per input, its elements. */
function parse(text: string, model: Signature): unknown[][] {
  const batch = new InputBatch(model);
  const bytes = Buffer.from(`${text}\n`);
  const records = new CsvRecords(bytes, bytes.length - 1);
  const all: unknown[][] = batch.inputs.map(() => []);
  for (let rows = records.read(batch, batch.capacity); rows > 0; rows = records.read(batch, batch.capacity)) {
    for (const [i, { store, width }] of batch.inputs.entries()) {
      for (let k = 0; k < rows * width; k++) all[i]?.push(store.data[k]);
    }
  }
  return all;
}

test('rows of numbers, whatever the line ends', () => {
  for (const text of [
    '1,2\n3,4\n',
    '1,2\n3,4',
    '1,2\r\n3,4\r\n',
    '\ufeff1,2\n3,4\n\n',
    '1,2\n3,4\r\n\r\n',
    '"1",2\n3,"4"',
  ]) {
    assert.deepEqual(parse(text, floats(2)), [[1, 2, 3, 4]], JSON.stringify(text));
  }
  assert.deepEqual(parse('', floats(2)), [[]]);
  assert.deepEqual(parse('\n', floats(2)), [[]]);
});

test('numbers of any spelling, and missing ones', () => {
  assert.deepEqual(parse(',-1.5e2,+3, 4 ,NaN,-inf\n', floats(6)), [
    [Number.NaN, -150, 3, 4, Number.NaN, Number.NEGATIVE_INFINITY],
  ]);
  assert.deepEqual(parse(',', floats(2)), [[Number.NaN, Number.NaN]]);
});

test('columns go to the inputs in order, by their widths', () => {
  const model = signature(
    { type: 'string', shape: [1] },
    { type: 'float64', shape: [2] },
    { type: 'int64', shape: [] },
    { type: 'bool', shape: [1] },
  );
  const text = 'Rome,0.1,2,9007199254740993,true\n"a ""b"",\nc",,-2,-1,0\n';
  assert.deepEqual(parse(text, model), [
    ['Rome', 'a "b",\nc'],
    [0.1, 2, Number.NaN, -2],
    [9007199254740993n, -1n],
    [1, 0],
  ]);
});

test('higher ranks take their columns flattened', () => {
  assert.deepEqual(parse('1,2,3,4\n5,6,7,8', signature({ type: 'float32', shape: [2, 2] })), [
    [1, 2, 3, 4, 5, 6, 7, 8],
  ]);
});

test('more rows than a batch holds', () => {
  const rows = Array.from({ length: 5000 }, (_, i) => [i, i + 0.5]);
  assert.deepEqual(parse(rows.map((row) => row.join(',')).join('\n'), floats(2)), [rows.flat()]);
});

test('a bad row is named by its number, its line and its column', () => {
  const cases: [string, RegExp][] = [
    ['1,2\n1\n', /^row 2 \(line 2\): expected 2 columns, found 1$/],
    ['1,2\n1,2,3\n', /^row 2 \(line 2\): expected 2 columns, found 3$/],
    ['1,2\n1,2,\n', /^row 2 \(line 2\): expected 2 columns, found 3$/],
    ['1,2\na,b,c\n', /^row 2 \(line 2\): expected 2 columns, found 3$/],
    ['1,2\n3,4\n5,abc\n', /^row 3, column 2: "abc" is not a number$/],
    ['1,2\n3,4\nabc,5\n', /^row 3, column 1: "abc" is not a number$/],
    ['1,2\n3,4x\n', /^row 2, column 2: "4x" is not a number$/],
    ['"1",2\n"\n",4\n', /^row 2, column 1: "\\n" is not a number$/],
    ['carat,price\n1,2\n', /^row 1, column 1: "carat" is not a number; is it a header\?/],
    ['1,2\n\n3,4\n', /^row 2 \(line 2\): the line is empty$/],
    ['1,2\n\n\n', /^row 2 \(line 2\): the line is empty$/],
    ['1,2\n1,"2\n', /^row 2, column 2: the quote is never closed$/],
    ['1,2\n1,"2"3\n', /^row 2, column 2: there is text after the closing quote$/],
    [`1,${'x'.repeat(100)}`, /^row 1, column 2: "x{60}…" is not a number/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parse(text, floats(2)), { name: 'BadInput', message }, JSON.stringify(text));
  }
});

test('rows and lines are told apart once a quoted field has a line break', () => {
  const model = signature({ type: 'string', shape: [1] }, { type: 'int32', shape: [1] });
  assert.throws(() => parse('"a\nb",1\nc,x\n', model), { message: 'row 2 (line 3), column 2: "x" is not an integer' });
  assert.throws(() => parse('"a\nb",1\nc\n', model), { message: 'row 2 (line 3): expected 2 columns, found 1' });
});

test('finds the width of the first record', () => {
  const width = (text: string) => new CsvRecords(Buffer.from(`${text}\n`), Buffer.byteLength(text)).firstWidth();
  assert.equal(width('1,2,3\n4'), 3);
  assert.equal(width('"a,b",2'), 2);
  assert.equal(width(''), 0);
});

test('any table of numbers and texts comes out as it went in', () => {
  const model = signature({ type: 'float64', shape: [2] }, { type: 'string', shape: [1] });
  const row = fc.tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true }), fc.string({ unit: 'grapheme' }));
  const quote = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  fc.assert(
    fc.property(fc.array(row), fc.constantFrom('\n', '\r\n'), fc.boolean(), (rows, lineEnd, ended) => {
      const text = rows.map(([a, b, c]) => `${a},${b},${quote(c)}`).join(lineEnd) + (ended ? lineEnd : '');
      const numbers = rows.flatMap(([a, b]) => [a + 0, b + 0]);
      assert.deepEqual(parse(text, model), [numbers, rows.map(([, , c]) => c)]);
    }),
  );
});
