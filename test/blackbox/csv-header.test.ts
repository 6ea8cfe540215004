import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Sandbox } from './millrace.ts';
import { startModelServer } from './model-server.ts';
import { linesOf, perLine, transformed } from './transformed.ts';

const MIB = 2 ** 20;
const JOIN = ['--join-source', 'Input'];
const DROP = ['--csv-header', 'drop'];
const REPEAT = ['--csv-header', 'repeat'];
const PAIRS = ['--max-records-per-mini-batch', '2'];
const SINGLE = ['--batch-strategy', 'SingleRecord'];

interface Row {
  readonly what: string;
  readonly args: readonly string[];
  readonly input: string | Buffer;
  readonly requests: readonly string[];
  /** The model's output of a row; of a header where it answers one. */
  readonly answer?: (line: string) => string;
  /** The model answers a line for the header that it gets. */
  readonly answersHeader?: string;
  readonly output: string;
}

const rows: readonly Row[] = [
  {
    what: 'drop: the header is not sent and stays the first line of the result',
    args: [...DROP, ...PAIRS],
    input: 'id,x\na,1\nb,2\nc,3\n',
    requests: ['a,1\nb,2\n', 'c,3\n'],
    output: 'id,x\n[a]\n[b]\n[c]\n',
  },
  {
    what: 'repeat: the header is at the top of every mini-batch',
    args: [...REPEAT, ...PAIRS],
    input: 'id,x\na,1\nb,2\nc,3\n',
    requests: ['id,x\na,1\nb,2\n', 'id,x\nc,3\n'],
    output: 'id,x\n[a]\n[b]\n[c]\n',
  },
  {
    what: 'drop, SingleRecord',
    args: [...DROP, ...SINGLE],
    input: 'id,x\na,1\nb,2\n',
    requests: ['a,1\n', 'b,2\n'],
    output: 'id,x\n[a]\n[b]\n',
  },
  {
    what: 'repeat, SingleRecord',
    args: [...REPEAT, ...SINGLE],
    input: 'id,x\na,1\nb,2\n',
    requests: ['id,x\na,1\n', 'id,x\nb,2\n'],
    output: 'id,x\n[a]\n[b]\n',
  },
  {
    what: 'joined: the name of the output behind those of the input',
    args: [...DROP, ...JOIN, ...PAIRS],
    input: 'id,x\na,1\nb,2\nc,3\n',
    requests: ['a,1\nb,2\n', 'c,3\n'],
    output: 'id,x,SageMakerOutput\na,1,[a]\nb,2,[b]\nc,3,[c]\n',
  },
  {
    what: 'joined: several columns of output are numbered',
    args: [...REPEAT, ...JOIN],
    input: 'id,x\na,1\nb,2\n',
    requests: ['id,x\na,1\nb,2\n'],
    answer: (line) => `p,"${line[0]}, q",r`,
    output: 'id,x,SageMakerOutput1,SageMakerOutput2,SageMakerOutput3\na,1,p,"a, q",r\nb,2,p,"b, q",r\n',
  },
  {
    what: 'joined: the model names its own columns, above the rows of each response',
    args: [...REPEAT, ...JOIN, ...PAIRS],
    input: 'id,x\na,1\nb,2\nc,3\n',
    requests: ['id,x\na,1\nb,2\n', 'id,x\nc,3\n'],
    answersHeader: 'score,"la,bel"',
    answer: (line) => `${line[0]},1`,
    output: 'id,x,score,"la,bel"\na,1,a,1\nb,2,b,1\nc,3,c,1\n',
  },
  {
    what: 'not joined: the names that the model answers, once',
    args: [...REPEAT, ...PAIRS],
    input: 'id,x\na,1\nb,2\nc,3\n',
    requests: ['id,x\na,1\nb,2\n', 'id,x\nc,3\n'],
    answersHeader: 'score',
    output: 'score\n[a]\n[b]\n[c]\n',
  },
  {
    what: 'the input filter is for the repeated header too',
    args: [...REPEAT, ...JOIN, ...PAIRS, '--input-filter', '$[1:]'],
    input: 'id,"x, y",z\na,1,2\nb,3,4\nc,5,6\n',
    requests: ['"x, y",z\n1,2\n3,4\n', '"x, y",z\n5,6\n'],
    output: 'id,"x, y",z,SageMakerOutput\na,1,2,[1]\nb,3,4,[3]\nc,5,6,[5]\n',
  },
  {
    what: 'the output filter is for the joined header too',
    args: [...DROP, ...JOIN, '--input-filter', '$[1]', '--output-filter', '$[0,-1]'],
    input: 'id,x\na,1\nb,2\n',
    requests: ['1\n2\n'],
    output: 'id,SageMakerOutput\na,[1]\nb,[2]\n',
  },
  { what: 'only a header: no request', args: [...DROP], input: 'id,x\n', requests: [], output: 'id,x\n' },
  {
    what: 'only a header, joined',
    args: [...REPEAT, ...JOIN],
    input: 'id,x\n',
    requests: [],
    output: 'id,x,SageMakerOutput\n',
  },
  { what: 'only a header, without a newline', args: [...DROP], input: 'id,x', requests: [], output: 'id,x\n' },
  { what: 'an empty object', args: [...DROP, ...JOIN], input: '', requests: [], output: '' },
  {
    what: 'CRLF',
    args: [...DROP, ...JOIN],
    input: 'id,x\r\na,1\r\nb,2\r\n',
    requests: ['a,1\r\nb,2\r\n'],
    output: 'id,x,SageMakerOutput\na,1,[a]\nb,2,[b]\n',
  },
  {
    what: 'CRLF, repeated',
    args: [...REPEAT, ...JOIN, ...SINGLE],
    input: 'id,x\r\na,1\r\nb,2',
    requests: ['id,x\na,1\r\n', 'id,x\nb,2'],
    output: 'id,x,SageMakerOutput\na,1,[a]\nb,2,[b]\n',
  },
  {
    what: 'a newline in quotes in the header, and in a record',
    args: [...REPEAT, ...JOIN, ...SINGLE, '--csv-quoted-newlines'],
    input: 'id,"x\n(cm)"\na,"1\n2"\nb,3\n',
    requests: ['id,"x\n(cm)"\na,"1\n2"\n', 'id,"x\n(cm)"\nb,3\n'],
    answersHeader: 'p',
    answer: (line) => line[0] ?? '',
    output: 'id,"x\n(cm)",p\na,"1\n2",a\nb,3,b\n',
  },
  {
    what: 'Gzip',
    args: [...DROP, ...JOIN, '--compression-type', 'Gzip'],
    input: gzipSync('id,x\na,1\n'),
    requests: ['a,1\n'],
    output: 'id,x,SageMakerOutput\na,1,[a]\n',
  },
];

/** Rows that a model that knows its request would see, whatever newlines are in quotes. */
function csvRows(text: string): string[] {
  return text.match(/(?:"[^"]*"|[^"\n])+/g) ?? [];
}

describe('--csv-header', { concurrency: 4 }, () => {
  for (const { what, args, input, requests, answer, answersHeader, output } of rows) {
    test(what, async (t) => {
      const answerRow = answer ?? ((line: string) => `[${line.split(',')[0]}]`);
      const repeats = args.includes('repeat');
      const { out, bodies, summary } = await transformed(t, {
        objects: { 'a.csv': input },
        args,
        invoke: ({ text }) => {
          const lines = csvRows(text)
            .slice(repeats ? 1 : 0)
            .map(answerRow);
          return `${[...(answersHeader === undefined ? [] : [answersHeader]), ...lines].join('\n')}\n`;
        },
      });
      deepEqual(bodies, requests);
      deepEqual(out, { 'a.csv.out': output });
      const sent = requests.reduce((sum, request) => sum + csvRows(request).length - (repeats ? 1 : 0), 0);
      equal(summary.records, sent, 'a header is no record');
    });
  }

  test('every object has its own header, and its own number of columns', async (t) => {
    const { out, bodies } = await transformed(t, {
      objects: { 'a.csv': 'x,y\n1,2\n', 'b.csv': 'z\n3\n', 'c.csv': '', 'd.csv': 'x,y,z\n', 'e.csv': 'q,r,s\n4,5,6' },
      args: [...REPEAT, ...JOIN, '--max-concurrent-transforms', '3'],
      invoke: ({ text }) =>
        linesOf(text)
          .slice(1)
          .map(() => '7\n')
          .join(''),
    });
    deepEqual(bodies.toSorted(), ['q,r,s\n4,5,6', 'x,y\n1,2\n', 'z\n3\n']);
    deepEqual(out, {
      'a.csv.out': 'x,y,SageMakerOutput\n1,2,7\n',
      'b.csv.out': 'z,SageMakerOutput\n3,7\n',
      'c.csv.out': '',
      'd.csv.out': 'x,y,z,SageMakerOutput\n',
      'e.csv.out': 'q,r,s,SageMakerOutput\n4,5,6,7\n',
    });
  });

  test('a mini-batch with its header stays within the payload limit, and is as full as it can be', async (t) => {
    const header = `id,${'h'.repeat(5000)}\n`;
    const record = (index: number): string => `${index},${'x'.repeat((index * 37) % 3000)}\n`;
    const records = Array.from({ length: 3000 }, (_, index) => record(index));
    const box = new Sandbox(t);
    const server = await startModelServer(t, {
      invoke: ({ text }) =>
        linesOf(text)
          .slice(1)
          .map((line) => `${line.length}\n`)
          .join(''),
    });
    await box.write({ 'in/a.csv': header + records.join('') });
    const run = await box.transform(server.url, [
      ...[...REPEAT, '--max-payload-in-mb', '1', '--max-concurrent-transforms', '3'],
    ]);
    equal(run.status, 0, run.all);
    equal(await box.read('out/a.csv.out'), header + records.map((line) => `${line.length - 1}\n`).join(''));
    const byPlace = server.invocations
      .map(({ text }) => text)
      .toSorted((a, b) => Number(linesOf(a)[1]?.split(',')[0]) - Number(linesOf(b)[1]?.split(',')[0]));
    equal(byPlace.map((text) => text.slice(header.length)).join(''), records.join(''));
    for (const [index, text] of byPlace.entries()) {
      ok(text.startsWith(header));
      ok(text.length <= MIB, `${text.length} bytes in one request`);
      const next = byPlace[index + 1];
      if (next !== undefined) {
        ok(text.length + (linesOf(next)[1]?.length ?? 0) + 1 > MIB, 'another record would have fitted');
      }
    }
  });

  test('rows are held against the header: one with more columns fails its object', async (t) => {
    const { summary } = await transformed(t, {
      objects: { 'a.csv': 'id,x\na,1,2\n' },
      args: [...DROP, ...JOIN],
      invoke: perLine(() => '1'),
      status: 1,
    });
    equal(summary.failures[0]?.code, 'RaggedRow');
    equal(summary.failures[0]?.details['offset'], 5);
  });

  test('an output of another format has no header', async (t) => {
    const { out } = await transformed(t, {
      objects: { 'a.csv': 'id,x\na,1\n', 'b.csv': 'id,x\n' },
      args: [...DROP, '--accept', 'application/jsonlines'],
      invoke: perLine((line) => `{"a":"${line}"}`),
    });
    deepEqual(out, { 'a.csv.out': '{"a":"a,1"}\n', 'b.csv.out': '' });
  });

  for (const bad of [['a'], ['c'], ['a', 'b', 'c', 'd'], ['b', 'd']]) {
    test(`placeholders below a header: ${bad.join(' and ')}`, async (t) => {
      const ids = ['a', 'b', 'c', 'd'];
      const { out } = await transformed(t, {
        objects: { 'a.csv': `id,x\n${ids.map((id) => `${id},1\n`).join('')}` },
        args: [...REPEAT, ...JOIN, '--on-bad-record', 'placeholder'],
        invoke: ({ text }) => {
          const [, ...records] = linesOf(text);
          if (records.some((line) => bad.some((id) => line.startsWith(id)))) return { status: 400, body: 'no' };
          return records.map(() => '7\n').join('');
        },
      });
      const expected = ids.map((id) => `${id},1,${bad.includes(id) ? 'ERROR' : '7'}\n`).join('');
      equal(out['a.csv.out'], `id,x,SageMakerOutput\n${expected}`);
      const errors = linesOf(out['a.csv.out.errors.jsonl'] ?? '').map((line) => JSON.parse(line));
      deepEqual(
        errors.map(({ record, offset, bytes }) => [record, offset, bytes]),
        bad.map((id) => [ids.indexOf(id) + 1, 5 + 4 * ids.indexOf(id), 4]),
      );
    });
  }

  test('the names that the model answers stand in the header when the first record is bad, too', async (t) => {
    const { out } = await transformed(t, {
      objects: { 'a.csv': 'id,x\nbad,1\nb,2\n' },
      args: [...REPEAT, ...JOIN, '--on-bad-record', 'placeholder'],
      invoke: ({ text }) => (text.includes('bad') ? { status: 400, body: 'no' } : 'p,q\n1,2\n'),
    });
    equal(linesOf(out['a.csv.out'] ?? '')[0], 'id,x,p,q');
  });
});
