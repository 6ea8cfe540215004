import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { random } from './random.ts';
import { transformed } from './transformed.ts';

const QUOTED = '--csv-quoted-newlines';
const JOIN = ['--join-source', 'Input'];
const INPUT = 'a,"one\ntwo"\r\n"b ""x""\n\n",2\nc,"3"\n';
const RECORDS = ['a,"one\ntwo"\r\n', '"b ""x""\n\n",2\n', 'c,"3"\n'];

describe('--csv-quoted-newlines', { concurrency: 4 }, () => {
  test('MultiRecord sends whole records', async (t) => {
    const { bodies, summary } = await transformed(t, {
      objects: { 'a.csv': INPUT },
      args: [QUOTED, '--max-records-per-mini-batch', '2'],
      invoke: ({ number }) => (number === 1 ? '1\n2\n' : '3\n'),
    });
    deepEqual(bodies, [`${RECORDS[0]}${RECORDS[1]}`, RECORDS[2]]);
    equal(summary.records, 3);
  });

  test('SingleRecord sends one of them, and joins it', async (t) => {
    const { bodies, out } = await transformed(t, {
      objects: { 'a.csv': INPUT },
      args: [QUOTED, ...JOIN, '--batch-strategy', 'SingleRecord', '--output-filter', '$[-1,1,0]'],
      invoke: ({ number }) => `"out\n${number}"\n`,
    });
    deepEqual(bodies, RECORDS);
    deepEqual(out, { 'a.csv.out': '"out\n1","one\ntwo",a\n"out\n2",2,"b ""x""\n\n"\n"out\n3","3",c\n' });
  });

  test('MultiRecord joins rows with newlines to rows with newlines', async (t) => {
    const { out, bodies } = await transformed(t, {
      objects: { 'a.csv': INPUT },
      args: [QUOTED, ...JOIN, '--input-filter', '$[1]'],
      invoke: () => '"1\n\n"\r\n2\n"3\n"',
    });
    deepEqual(bodies, ['"one\ntwo"\n2\n"3"\n']);
    deepEqual(out, { 'a.csv.out': 'a,"one\ntwo","1\n\n"\n"b ""x""\n\n",2,2\nc,"3","3\n"\n' });
  });

  test('without it every newline ends a record, and a join fails', async (t) => {
    const { bodies } = await transformed(t, {
      objects: { 'a.csv': 'a,"one\ntwo"\n' },
      args: ['--batch-strategy', 'SingleRecord'],
    });
    deepEqual(bodies, ['a,"one\n', 'two"\n']);
    const { summary } = await transformed(t, { objects: { 'a.csv': 'a,"one\ntwo"\n' }, args: JOIN, status: 1 });
    equal(summary.failures[0]?.code, 'InputNotParsed');
  });

  test('quotes at every place of a piece and of a mini-batch', async (t) => {
    const next = random(23);
    const records: string[] = [];
    for (let size = 0; size < 5 * 2 ** 20; size += records.at(-1)?.length ?? 0) {
      // Quotes and newlines in clusters, some longer than a block or a read.
      const text = ['"",\n', '""', '\n\n', 'x', '\r\n'][records.length % 5] ?? '';
      records.push(`${records.length},"${text.repeat(Math.floor(next() ** 12 * 60_000))}"\n`);
    }
    const { out, bodies } = await transformed(t, {
      objects: { 'a.csv': records.join('') },
      args: [QUOTED, ...JOIN, '--max-payload-in-mb', '1', '--max-concurrent-transforms', '3'],
      // The first field of each row: digits at the start, or behind the quote and the newline that end a row.
      invoke: ({ text }) => (text.match(/(?<=^|[^"]"\n|,"(?:"")*"\n)\d+(?=,)/g) ?? []).map((id) => `${id}\n`).join(''),
      options: { timeoutMs: 60_000 },
    });
    ok(bodies.length >= 5);
    equal(bodies.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).join(''), records.join(''));
    const expected = records.map((record, index) => `${record.slice(0, -1)},${index}\n`).join('');
    ok(out['a.csv.out'] === expected, 'the result differs');
  });

  for (const [what, bad, record, offset, quote] of [
    ['at the end', 'a,1\nb,"x\ny\n', 2, 4, 6],
    ['behind others', '"a","b\n"\nc,d\n"",""""\ne,"\n""\n', 4, 21, 23],
  ] as const) {
    test(`a quote that is never closed, ${what}: where it was opened is told`, async (t) => {
      const { out, summary, box } = await transformed(t, {
        objects: { 'a.csv': 'a,1\n', 'b.csv': bad, 'c.csv': 'c,1\n' },
        args: [QUOTED],
        status: 1,
      });
      deepEqual(Object.keys(out), ['a.csv.out', 'c.csv.out']);
      deepEqual(await box.files('out'), ['a.csv.out', 'c.csv.out']);
      const [failure] = summary.failures;
      equal(failure?.code, 'InputNotParsed');
      equal(failure.object, 'in/b.csv');
      match(
        failure.message,
        new RegExp(`the quote at byte ${quote} is never closed, in record ${record} at byte ${offset}`),
      );
    });
  }

  test('something behind a closing quote', async (t) => {
    const { summary } = await transformed(t, {
      objects: { 'a.csv': 'a,"1\n2"\nb,"1\n2" x\nc,3\n' },
      args: [QUOTED, '--batch-strategy', 'SingleRecord'],
      status: 1,
    });
    match(summary.failures[0]?.message ?? '', /a closing quote is followed by " ", in record 2 at byte 8/);
  });

  test('an unclosed quote in a response fails its object', async (t) => {
    const { summary } = await transformed(t, {
      objects: { 'a.csv': 'a\nb\n' },
      args: [QUOTED, ...JOIN],
      invoke: () => '1\n"2\n3\n',
      status: 1,
    });
    equal(summary.failures[0]?.code, 'OutputNotParsed');
    match(summary.failures[0]?.message ?? '', /in line 2 of the response/);
  });

  test('a record over the payload limit, for an unclosed quote at the top, fails its object with a hint', async (t) => {
    const { summary } = await transformed(t, {
      objects: { 'a.csv': `"a\n${'b\n'.repeat(2 ** 20)}` },
      args: [QUOTED, '--max-payload-in-mb', '1'],
      status: 1,
    });
    const [failure] = summary.failures;
    match(failure?.message ?? '', /quote at byte 0|record 1 at byte 0/);
  });
});
