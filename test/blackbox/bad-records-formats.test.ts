import { deepEqual, equal, match } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { recordIOFrame, tfRecordFrame } from '../frames.ts';
import type { Invocation, Reply } from './model-server.ts';
import { linesOf, perLine, transformed } from './transformed.ts';

const PLACEHOLDER = ['--on-bad-record', 'placeholder'];
const JOIN = ['--join-source', 'Input'];

/** Refuses what has a bad record, else answers a line for each line. */
function refusing(answer: (line: string) => string): (invocation: Invocation) => Reply {
  return (invocation) => (invocation.text.includes('bad') ? { status: 400, body: 'no' } : perLine(answer)(invocation));
}

interface Row {
  readonly what: string;
  readonly name: string;
  readonly input: string | Buffer;
  readonly args: readonly string[];
  readonly invoke: (invocation: Invocation) => Reply;
  readonly output: string;
  /** Record (from 1), offset, bytes, code. */
  readonly errors: readonly (readonly [record: number, offset: number, bytes: number, code: string])[];
}

const rows: readonly Row[] = [
  {
    what: 'CSV, joined: the record with the placeholder',
    name: 'a.csv',
    input: 'a,1\nbad,2\nc,3\n',
    args: [...JOIN, '--output-filter', '$[0,-1]'],
    invoke: refusing(() => '7'),
    output: 'a,7\nbad,ERROR\nc,7\n',
    errors: [[2, 4, 6, 'ModelRefused']],
  },
  {
    what: 'CSV: a row that cannot be parsed is a bad record too, with the placeholder alone',
    name: 'a.csv',
    input: 'a,1\n"x"y,2\nc,3\nd,4,5\ne,6\n',
    args: JOIN,
    invoke: perLine(() => '7'),
    output: 'a,1,7\nERROR\nc,3,7\nERROR\ne,6,7\n',
    errors: [
      [2, 4, 7, 'InputNotParsed'],
      [4, 15, 6, 'RaggedRow'],
    ],
  },
  {
    what: 'CSV: an output that cannot be parsed',
    name: 'a.csv',
    input: 'a\nb\nc\n',
    args: JOIN,
    invoke: perLine((line) => (line === 'b' ? '"x"y' : '7')),
    output: 'a,7\nb,ERROR\nc,7\n',
    errors: [[2, 2, 2, 'OutputNotParsed']],
  },
  {
    what: 'CSV with newlines in quotes',
    name: 'a.csv',
    input: 'a,"1\n1"\nbad,"2\n2"\nc,"3\n"\n',
    args: [...JOIN, '--csv-quoted-newlines'],
    invoke: ({ text }) => (text.includes('bad') ? { status: 400 } : '7\n'.repeat(text.match(/^[a-z]/gm)?.length ?? 0)),
    output: 'a,"1\n1",7\nbad,"2\n2",ERROR\nc,"3\n",7\n',
    errors: [[2, 8, 10, 'ModelRefused']],
  },
  {
    what: 'JSON Lines, joined: the placeholder is a string',
    name: 'a.jsonl',
    input: '{"a":1}\n{"a":"bad"}\n',
    args: JOIN,
    invoke: refusing(() => '{"s":1}'),
    output: '{"a":1,"SageMakerOutput":{"s":1}}\n{"a":"bad","SageMakerOutput":"ERROR"}\n',
    errors: [[2, 8, 12, 'ModelRefused']],
  },
  {
    what: 'JSON Lines, joined: a placeholder that is JSON is taken as it is',
    name: 'a.jsonl',
    input: '{"a":1}\n{"a":"bad"}\n',
    args: [...JOIN, '--bad-record-placeholder', 'null'],
    invoke: refusing(() => '1'),
    output: '{"a":1,"SageMakerOutput":1}\n{"a":"bad","SageMakerOutput":null}\n',
    errors: [[2, 8, 12, 'ModelRefused']],
  },
  {
    what: 'JSON Lines, not joined: still a line of JSON',
    name: 'a.jsonl',
    input: '{"a":1}\n{"a":"bad"}\n{"a":2}',
    args: [],
    invoke: refusing(() => '{"s":1}'),
    output: '{"s":1}\n"ERROR"\n{"s":1}\n',
    errors: [[2, 8, 12, 'ModelRefused']],
  },
  {
    what: 'JSON Lines: a record that is no JSON, with a filter',
    name: 'a.jsonl',
    input: '{"a":1}\n{"a":\n{"a":3}\n',
    args: ['--input-filter', '$.a', ...JOIN],
    invoke: perLine((line) => `${line}0`),
    output: '{"a":1,"SageMakerOutput":10}\n"ERROR"\n{"a":3,"SageMakerOutput":30}\n',
    errors: [[2, 8, 6, 'InputNotParsed']],
  },
  {
    what: 'JSON Lines: an output that is no JSON',
    name: 'a.jsonl',
    input: '{"a":1}\n{"a":2}\n{"a":3}\n',
    args: ['--output-filter', '$.s'],
    invoke: perLine((line) => (line.includes('2') ? '{"s":NaN}' : '{"s":1}')),
    output: '1\n"ERROR"\n1\n',
    errors: [[2, 8, 8, 'OutputNotParsed']],
  },
  {
    what: 'JSON Lines: filters that select nothing, an attribute twice',
    name: 'a.jsonl',
    input: '{"a":[1]}\n{"b":2}\n{"a":[]}\n{"a":[1],"a":[2]}\n{"a":[2]}\n',
    args: ['--input-filter', '$.a[0]'],
    invoke: perLine((line) => line),
    output: '1\n"ERROR"\n"ERROR"\n"ERROR"\n2\n',
    errors: [
      [2, 10, 8, 'FilterSelectsNothing'],
      [3, 18, 9, 'IndexOutOfRange'],
      [4, 27, 18, 'DuplicateAttribute'],
    ],
  },
  {
    what: 'a JSON document is one record',
    name: 'a.json',
    input: '{"a":"bad"}',
    args: JOIN,
    invoke: refusing(() => '1'),
    output: '{"a":"bad","SageMakerOutput":"ERROR"}',
    errors: [[1, 0, 11, 'ModelRefused']],
  },
  {
    what: 'a JSON document that is none',
    name: 'a.json',
    input: '{"a":',
    args: JOIN,
    invoke: refusing(() => '1'),
    output: '"ERROR"',
    errors: [[1, 0, 5, 'InputNotParsed']],
  },
  {
    what: 'whole objects of any kind',
    name: 'a.bin',
    input: 'a bad\nthing',
    args: [],
    invoke: refusing(() => '1'),
    output: 'ERROR',
    errors: [[1, 0, 11, 'ModelRefused']],
  },
  {
    what: 'RecordIO',
    name: 'a.bin',
    input: Buffer.concat([
      recordIOFrame(Buffer.from('ok1')),
      recordIOFrame(Buffer.from('bad22')),
      recordIOFrame(Buffer.from('ok3')),
    ]),
    args: ['--split-type', 'RecordIO', '--assemble-with', 'Line'],
    invoke: ({ text }) => (text.includes('bad') ? { status: 400 } : (text.match(/ok./g) ?? []).join('\n')),
    output: 'ok1\nERROR\nok3\n',
    errors: [[2, 12, 16, 'ModelRefused']],
  },
  {
    what: 'TFRecord, alone',
    name: 'a.tfrecord',
    input: Buffer.concat([
      tfRecordFrame(Buffer.from('bad')),
      tfRecordFrame(Buffer.from('ok2')),
      tfRecordFrame(Buffer.from('ok3')),
    ]),
    args: ['--batch-strategy', 'SingleRecord', '--assemble-with', 'Line'],
    invoke: ({ text }) => (text === 'bad' ? { status: 400 } : text),
    output: 'ERROR\nok2\nok3\n',
    errors: [[1, 0, 19, 'ModelRefused']],
  },
];

describe('--on-bad-record placeholder in every format', { concurrency: 3 }, () => {
  for (const { what, name, input, args, invoke, output, errors } of rows) {
    test(what, async (t) => {
      const { out, summary } = await transformed(t, {
        objects: { [name]: input },
        args: [...PLACEHOLDER, ...args],
        invoke,
      });
      equal(out[`${name}.out`], output);
      const told = linesOf(out[`${name}.out.errors.jsonl`] ?? '').map((line) => JSON.parse(line));
      deepEqual(
        told.map(({ record, offset, bytes, code }) => [record, offset, bytes, code]),
        errors,
      );
      equal(summary.badRecords, errors.length);
    });
  }

  test('with inference ids: each row has its own, bad records too', async (t) => {
    const { out } = await transformed(t, {
      objects: { 'a.csv': 'a\nbad\nc\n' },
      args: [...PLACEHOLDER, ...JOIN, '--generate-inference-id'],
      invoke: refusing(() => '7'),
    });
    const uuid = '([0-9a-f-]{36}),\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ\\n';
    match(out['a.csv.out'] ?? '', new RegExp(`^a,7,${uuid}bad,ERROR,${uuid}c,7,${uuid}$`));
    equal(new Set(out['a.csv.out']?.match(/[0-9a-f-]{36}/g)).size, 3);
  });

  test('what no record can have brought about fails the object: a broken frame', async (t) => {
    const frames = Buffer.concat([recordIOFrame(Buffer.from('ok1')), Buffer.from('no frame at all')]);
    const { out, summary, box } = await transformed(t, {
      objects: { 'a.bin': frames, 'b.bin': recordIOFrame(Buffer.from('ok')) },
      args: [...PLACEHOLDER, '--split-type', 'RecordIO'],
      invoke: () => 'fine\n',
      status: 1,
    });
    deepEqual(out, { 'b.bin.out': 'fine\n' });
    deepEqual(await box.files('out'), ['b.bin.out']);
    equal(summary.failures[0]?.code, 'FrameInvalid');
  });

  test('megabytes around a bad record are what they were', async (t) => {
    const lines = Array.from({ length: 300_000 }, (_, index) => `${index},${'x'.repeat(index % 10)}\n`);
    lines[123_456] = 'bad,1\n';
    const { box } = await transformed(t, {
      objects: { 'a.csv': lines.join('') },
      args: [...PLACEHOLDER, ...JOIN, '--max-payload-in-mb', '1', '--max-concurrent-transforms', '4'],
      invoke: refusing((line) => String(line.length)),
      options: { timeoutMs: 60_000 },
    });
    const expected = lines.map((line) => `${line.slice(0, -1)},${line === 'bad,1\n' ? 'ERROR' : line.length - 1}\n`);
    equal((await readFile(box.path('out/a.csv.out'), 'utf8')) === expected.join(''), true, 'the result differs');
  });
});
