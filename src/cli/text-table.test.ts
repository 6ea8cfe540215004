import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Column, cut, textTable } from './text-table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'NAME' },
  { title: 'STATUS' },
  { title: 'PART', right: true, expendable: 1 },
  { title: 'WHY', expendable: 2 },
];
const ROWS = [
  ['a', 'Failed', '5 %', 'something that is long enough'],
  ['long-name', 'InProgress', '100 %', ''],
];

test('columns as wide as what is in them, nothing behind the last', () => {
  assert.equal(
    textTable(COLUMNS, ROWS),
    `NAME       STATUS       PART  WHY
a          Failed        5 %  something that is long enough
long-name  InProgress  100 %
`,
  );
});

test('where there is no room the last column is cut, then columns go, then rows are cut', () => {
  const lines = (width: number): string[] => textTable(COLUMNS, ROWS, width).split('\n');
  assert.equal(lines(46)[1], 'a          Failed        5 %  something that …');
  assert.equal(lines(42)[1], 'a          Failed        5 %  something t…');
  assert.equal(lines(41)[1], 'a          Failed        5 %');
  assert.equal(lines(27)[1], 'a          Failed');
  assert.equal(lines(15)[2], 'long-name  InP…');
});

test('what is in a cell cannot break the row', () => {
  assert.equal(textTable([{ title: 'A' }], [['x\ny\t\u001b[2Jz']]), 'A\nx y ␛[2Jz\n');
});

test('a cut never leaves half a character', () => {
  assert.equal(cut('a😀b', 3), 'a…');
  assert.equal(cut('a😀b', 4), 'a😀b');
});

test('no row is ever wider than the terminal', () => {
  const cell = fc.string({ maxLength: 40, unit: 'binary' });
  const rows = fc.array(fc.tuple(cell, cell, cell, cell), { maxLength: 5 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 120 }), (cells, width) => {
      const lines = textTable(COLUMNS, cells, width).split('\n');
      assert.equal(lines.length, cells.length + 2);
      for (const line of lines) assert.ok(line.length <= width, JSON.stringify(line));
    }),
  );
});
