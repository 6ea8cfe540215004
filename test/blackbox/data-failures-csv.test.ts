import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Case, describeFailures, JOIN } from './data-failure.ts';
import { perLine, transformed } from './transformed.ts';

const csv = { ending: 'csv', good: 'a,1\n', args: JOIN };
const badOutput = { bad: 'b,1\nc,2\nd,3\n', at: [1, 0] as const };

const cases: readonly Case[] = [
  {
    ...csv,
    what: 'CSV: something behind a closing quote',
    bad: 'b,1\nbb,2\n"c"d,3\ne,4\n',
    code: 'InputNotParsed',
    at: [3, 9],
    message: /^Failed to parse line: '"c"d,3' as CSV: .*"d".* at its byte 3, in record 3 at byte 9/,
  },
  {
    ...csv,
    what: 'CSV: a quote that is never closed',
    bad: 'b,1\nc,"2\nd,3\n',
    code: 'InputNotParsed',
    at: [2, 4],
    message: /^Failed to parse line: 'c,"2' as CSV: .*quote.*, in record 2 at byte 4/,
  },
  {
    ...csv,
    what: 'CSV: a row with more columns than the first',
    bad: 'b,1\r\nc,2\r\nd,3,4\r\n',
    code: 'RaggedRow',
    at: [3, 10],
    message: /^Failed to parse line as CSV: record 3 at byte 10 has 3 columns where the first row of the object has 2/,
  },
  {
    ...csv,
    what: 'CSV: a row with fewer, seen by a filter alone',
    bad: 'b,1\n\nd,3\n',
    args: ['--input-filter', '$[0]'],
    code: 'RaggedRow',
    at: [2, 4],
    message: /record 2 at byte 4 has 1 columns? where the first row of the object has 2/,
  },
  {
    ...csv,
    what: 'CSV: an index out of range of the input',
    bad: 'b\nc\n',
    args: ['--input-filter', '$[1]'],
    code: 'IndexOutOfRange',
    at: [1, 0],
    message: /^InputFilter \$\[1\]: the index 1 is out of range, record 1 at byte 0 has 1 element\./,
  },
  {
    ...csv,
    what: 'CSV: an index out of range of a joined row',
    bad: 'b\nc\n',
    args: [...JOIN, '--output-filter', '$[0,2]'],
    code: 'IndexOutOfRange',
    at: [1, 0],
    message: /^OutputFilter \$\[0,2\]: the index 2 is out of range, record 1 at byte 0 has 2 elements/,
  },
  {
    ...csv,
    what: 'CSV: a range that selects nothing',
    bad: 'b\nc\n',
    args: ['--input-filter', '$[1:]'],
    code: 'FilterSelectsNothing',
    at: [1, 0],
    message: /^InputFilter \$\[1:\] selects nothing of record 1 at byte 0/,
  },
  {
    ...csv,
    ...badOutput,
    what: 'CSV: a response with too few lines',
    reply: '1\n2\n',
    code: 'MismatchedCount',
    message:
      /^Fail to join data: mismatched line count between the input and the output: 3 sent, 2 answered, in the mini-batch that starts with record 1 at byte 0\. The model has to/,
  },
  {
    ...csv,
    ...badOutput,
    what: 'CSV: a response with too many lines',
    reply: '1\n2\n3\n4',
    code: 'MismatchedCount',
    message: /: 3 sent, 4 answered, /,
  },
  {
    ...csv,
    ...badOutput,
    what: 'CSV: an empty response',
    reply: '',
    code: 'MismatchedCount',
    message: /: 3 sent, 0 answered, /,
  },
  {
    ...csv,
    ...badOutput,
    what: 'CSV: too few lines for an output filter without a join',
    args: ['--output-filter', '$[0]'],
    reply: '1\n2\n',
    code: 'MismatchedCount',
    message: /: 3 sent, 2 answered, /,
  },
  {
    ...csv,
    ...badOutput,
    what: 'CSV: an empty line in a response',
    reply: '1\n\n3\n',
    code: 'OutputNotParsed',
    message:
      /^Failed to parse output from the algorithm as CSV: the line is empty, in line 2 of the response to the mini-batch that starts with record 1 at byte 0/,
  },
  {
    ...csv,
    ...badOutput,
    what: 'CSV: a broken quote in a response',
    reply: '1\n2\n"3"x\n',
    code: 'OutputNotParsed',
    message: /^Failed to parse output from the algorithm as CSV: .*, in line 3 of the response .*'"3"x'/,
  },
];

describeFailures('bad CSV fails its object alone, and says where it is (behaviour 4, 6 and 7)', cases);

test('a bad record deep in an object: nothing of megabytes that were written is left', async (t) => {
  const rows = Array.from({ length: 200_000 }, (_, index) => `${index},0123456789\n`);
  rows[180_000] = '"x"y,1\n';
  const { out, summary, box } = await transformed(t, {
    objects: { 'a.csv': 'a,1\n', 'b.csv': rows.join('') },
    args: ['--join-source', 'Input', '--max-payload-in-mb', '1', '--max-concurrent-transforms', '4'],
    status: 1,
    invoke: perLine(() => '1'),
  });
  assert.deepEqual(out, { 'a.csv.out': 'a,1,1\n' });
  assert.deepEqual(await box.files('out'), ['a.csv.out']);
  const offset = rows.slice(0, 180_000).join('').length;
  assert.match(summary.failures[0]?.message ?? '', new RegExp(`record 180001 at byte ${offset}\\b`));
});

test('the first fault of an object is the one that is told', async (t) => {
  const { summary } = await transformed(t, {
    objects: { 'a.csv': 'a,1\nb\n"x"y,1\n' },
    args: ['--join-source', 'Input'],
    status: 1,
  });
  assert.equal(summary.failures[0]?.code, 'RaggedRow', summary.failures[0]?.message);
  assert.equal(summary.failures[0]?.details['record'], 1);
});
