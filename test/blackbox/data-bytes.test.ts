import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Sandbox } from './millrace.ts';
import { predictions, startModelServer } from './model-server.ts';
import { random } from './random.ts';
import { linesOf, perLine, transformed } from './transformed.ts';

const MIB = 2 ** 20;
const JOIN = ['--join-source', 'Input'];
const ODD_NUMBERS = ['9007199254740993', '1e400', '1.0', '-0.0', '0.10', '1E+2', '123456789012345678901234567890'];
/** JSON that parsing and printing would change, on one line. */
const ODD_JSON = [
  ...ODD_NUMBERS,
  String.raw`"\u00e9\/\n\ud83d\ude00 é 😀 日本"`,
  '{ "b" : [ 1 ,2 ] ,\t"a":{} , "":"\\"" }',
  '{"z":1,"a":2,"\\u0061b":3}',
  '"\\\\"',
];

describe('untouched parts keep their bytes (behaviour 4)', { concurrency: 4 }, () => {
  test('JSON Lines: numbers, escapes, blanks and order, in the record and in the output', async (t) => {
    const objects = { 'a.jsonl': ODD_JSON.map((value) => `  {"in": ${value} , "x":0}\t\n`).join('') };
    const filtered = await transformed(t, {
      objects,
      args: ['--input-filter', '$.in', ...JOIN, '--output-filter', "$['SageMakerOutput','in']"],
      invoke: perLine((line) => ` ${line} `),
    });
    assert.equal(filtered.bodies.join(''), ODD_JSON.map((value) => `${value}\n`).join(''));
    const expected = ODD_JSON.map((value) => `{"SageMakerOutput":${value},"in":${value}}\n`).join('');
    assert.deepEqual(filtered.out, { 'a.jsonl.out': expected });

    const joined = await transformed(t, { objects, args: JOIN, invoke: perLine(() => '1.0') });
    const records = ODD_JSON.map((value) => `{"in": ${value} , "x":0,"SageMakerOutput":1.0}\n`).join('');
    assert.deepEqual(joined.out, { 'a.jsonl.out': records });
  });

  test('CSV: fields keep their quotes and blanks, whatever is in them', async (t) => {
    const rows = [
      '1.0,"a, ""b""", x ,1e400',
      '9007199254740993,,é😀,"é"',
      '"","""",a"b,\ttab',
      `${'x'.repeat(999)},${' '.repeat(99)},-0.0,{"a":1}`,
    ];
    const { out, bodies } = await transformed(t, {
      objects: { 'a.csv': `${rows.join('\n')}\n` },
      args: [...JOIN, '--input-filter', '$[0:2]'],
      invoke: perLine((_, index) => rows[index] ?? ''),
    });
    assert.equal(bodies[0], `1.0,"a, ""b"""\n9007199254740993,\n"",""""\n${'x'.repeat(999)},${' '.repeat(99)}\n`);
    assert.deepEqual(out, { 'a.csv.out': rows.map((row) => `${row},${row}\n`).join('') });
  });

  test('CSV in Latin-1 is joined as it is', async (t) => {
    const box = new Sandbox(t);
    const server = await startModelServer(t, { invoke: () => Buffer.from('\xdf\n', 'latin1') });
    await box.write({ 'in/a.csv': Buffer.from('gr\xfc,1\n', 'latin1') });
    const run = await box.transform(server.url, JOIN);
    assert.equal(run.status, 0, run.all);
    assert.equal(await readFile(box.path('out/a.csv.out'), 'latin1'), 'gr\xfc,1,\xdf\n');
  });

  test('SageMakerOutput is overwritten where it stands, and is no output before it is', async (t) => {
    const { out, bodies } = await transformed(t, {
      objects: { 'a.jsonl': '{"a":1, "SageMakerOutput" : {"old":[1]} ,"b":2}\n{"\\u0053ageMakerOutput":1}\n' },
      args: [...JOIN, '--input-filter', '$.SageMakerOutput'],
      invoke: perLine(() => '"new"'),
    });
    assert.equal(bodies[0], '{"old":[1]}\n1\n');
    assert.deepEqual(out, {
      'a.jsonl.out': '{"a":1, "SageMakerOutput" : "new" ,"b":2}\n{"\\u0053ageMakerOutput":"new"}\n',
    });
  });

  test('an output filter sees the new SageMakerOutput and not the old one', async (t) => {
    const { out } = await transformed(t, {
      objects: { 'a.jsonl': '{"SageMakerOutput":"old","b":2}\n' },
      args: [...JOIN, '--output-filter', "$['b','SageMakerOutput']"],
      invoke: perLine(() => '"new"'),
    });
    assert.deepEqual(out, { 'a.jsonl.out': '{"b":2,"SageMakerOutput":"new"}\n' });
  });

  test('CRLF, no newline at the end, a lone record, empty objects', async (t) => {
    const { out, bodies } = await transformed(t, {
      objects: {
        'a-crlf.csv': 'a,1\r\nb,2\r\n',
        'b-open.csv': 'a,1\nb,2',
        'c-crlf-open.csv': 'a,1\r\nb,2',
        'd-one.csv': 'a,1',
        'e-empty.csv': '',
      },
      args: [...JOIN, '--input-filter', '$[1:]'],
      invoke: perLine((line) => `${line}!\r`),
    });
    // A last line that has no newline gains none: a request of exactly the limit would be a byte too large.
    assert.deepEqual(bodies, ['1\n2\n', '1\n2', '1\n2', '1']);
    const two = 'a,1,1!\nb,2,2!\n';
    assert.deepEqual(out, {
      'a-crlf.csv.out': two,
      'b-open.csv.out': two,
      'c-crlf-open.csv.out': two,
      'd-one.csv.out': 'a,1,1!\n',
      'e-empty.csv.out': '',
    });
    const json = await transformed(t, {
      objects: { 'a.jsonl': '{"a":1}\r\n{"a":2}', 'b.jsonl': '' },
      args: [...JOIN],
      invoke: perLine(() => '0\r'),
    });
    assert.deepEqual(json.out, {
      'a.jsonl.out': '{"a":1,"SageMakerOutput":0}\n{"a":2,"SageMakerOutput":0}\n',
      'b.jsonl.out': '',
    });
  });

  test('a response without a newline at its end, in gzip, in pieces of one byte', async (t) => {
    const objects = { 'a.csv': 'a\nb\n' };
    for (const reply of [
      'x,"1\u00e9"\ny,2',
      { chunks: [...Buffer.from('x,"1\u00e9"\r\ny,2\r\n')].map((byte) => Buffer.from([byte])) },
      { headers: { 'Content-Encoding': 'gzip' }, body: gzipSync('x,"1\u00e9"\ny,2\n') },
    ]) {
      const { out } = await transformed(t, { objects, args: JOIN, invoke: () => reply });
      assert.deepEqual(out, { 'a.csv.out': 'a,x,"1\u00e9"\nb,y,2\n' });
    }
  });
});

describe('mini-batches of megabytes, answered out of order', { concurrency: 2 }, () => {
  for (const [name, record, filter, sent, joined] of [
    [
      'a.csv',
      (id: number, text: string) => `${id},"${text}",${id}`,
      '$[1:]',
      (id: number, text: string) => `"${text}",${id}`,
      (line: string, output: string) => `${line},${output}`,
    ],
    [
      'a.jsonl',
      (id: number, text: string) => `{"id":${id},"x":{"t":"${text}"}}`,
      '$.x',
      (_: number, text: string) => `{"t":"${text}"}`,
      (line: string, output: string) => `${line.slice(0, -1)},"SageMakerOutput":${output}}`,
    ],
  ] as const) {
    test(name, async (t) => {
      const next = random(5);
      const [lines, requests]: [string[], string[]] = [[], []];
      for (let size = 0; size < 9 * MIB; ) {
        // Mostly short, some around the sizes of blocks and reads.
        const text = 'yé, {}'.repeat(Math.floor(next() ** 9 * 40_000));
        size += record(lines.length, text).length;
        requests.push(sent(lines.length, text));
        lines.push(record(lines.length, text));
      }
      const outputs = linesOf(predictions(`${requests.join('\n')}\n`)).map((line) => line.replace(' ', ''));
      const ended: number[] = [];
      const box = new Sandbox(t);
      const server = await startModelServer(t, {
        invoke: async ({ number, body }) => {
          if (number % 3 === 1) await sleep(300);
          ended.push(number);
          return predictions(body).replaceAll(' ', '');
        },
      });
      await box.write({ [`in/${name}`]: `${lines.join('\n')}\n` });
      const run = await box.transform(server.url, [
        ...['--max-payload-in-mb', '1', '--max-concurrent-transforms', '4', ...JOIN, '--input-filter', filter],
      ]);
      assert.equal(run.status, 0, run.all);
      assert.ok(server.invocations.length >= 9);
      assert.notDeepEqual(
        ended,
        ended.toSorted((a, b) => a - b),
        'the answers came out of order',
      );
      const expected = lines.map((line, index) => `${joined(line, outputs[index] ?? '')}\n`).join('');
      assert.ok((await box.read(`out/${name}.out`)) === expected, 'the result differs');
    });
  }
});
