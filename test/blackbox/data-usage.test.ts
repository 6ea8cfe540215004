import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { startModelServer } from './model-server.ts';

const JOIN = ['--join-source', 'Input'];
const combinations: readonly [what: string, name: string, args: readonly string[], message: RegExp][] = [
  [
    'a join with Accept of another format',
    'a.csv',
    [...JOIN, '--accept', 'application/jsonlines'],
    /^--content-type text\/csv and --accept application\/jsonlines do not go together: .*Accept equals ContentType/,
  ],
  [
    'a join whose results are put together otherwise',
    'a.csv',
    [...JOIN, '--assemble-with', 'None'],
    /^--split-type Line and --assemble-with None do not go together: .*AssembleWith equals SplitType/,
  ],
  [
    'a join of whole documents that are put together by lines',
    'a.json',
    [...JOIN, '--assemble-with', 'Line'],
    /^--split-type None and --assemble-with Line do not go together/,
  ],
  ['a join of texts', 'a.txt', JOIN, /^--join-source and --content-type text\/plain do not go together: only CSV/],
  ['a join of pictures', 'a.png', JOIN, /^--join-source and --content-type image\/png do not go together: only CSV/],
  ['a join of who knows what', 'a.bin', JOIN, /^--join-source and no --content-type do not go together: only CSV/],
  [
    'an input filter for texts',
    'a.txt',
    ['--input-filter', '$[0]'],
    /^--input-filter and --content-type text\/plain do not go together/,
  ],
  [
    'an output filter for an output that is not understood',
    'a.csv',
    ['--output-filter', '$[0]', '--accept', 'image/png'],
    /^--output-filter and --accept image\/png do not go together/,
  ],
  ...(['RecordIO', 'TFRecord'] as const).flatMap((split): typeof combinations => [
    [
      `an input filter with ${split}`,
      'a.csv',
      ['--split-type', split, '--input-filter', '$[0]'],
      new RegExp(`^--input-filter and --split-type ${split} do not go together: only CSV`),
    ],
    [
      `a join with ${split}`,
      'a.csv',
      ['--split-type', split, '--assemble-with', 'None', ...JOIN],
      new RegExp(`^--join-source and --split-type ${split} do not go together: only CSV`),
    ],
    [
      `an output filter with ${split}`,
      'a.json',
      ['--split-type', split, '--output-filter', '$.a'],
      new RegExp(`^--output-filter and --split-type ${split} do not go together: only CSV`),
    ],
  ]),
  [
    'a join of streamed objects',
    'a.csv',
    [...JOIN, '--max-payload-in-mb', '0'],
    /^--max-payload-in-mb 0 and options about records do not go together/,
  ],
  [
    '--csv-header for JSON',
    'a.jsonl',
    ['--csv-header', 'drop'],
    /^--csv-header and .* do not go together: it is about CSV/,
  ],
  [
    '--csv-header for whole objects',
    'a.csv',
    ['--csv-header', 'drop', '--split-type', 'None'],
    /^--csv-header and --split-type None do not go together/,
  ],
  [
    '--csv-quoted-newlines for JSON',
    'a.jsonl',
    ['--csv-quoted-newlines'],
    /^--csv-quoted-newlines and .* do not go together: it is about CSV/,
  ],
  [
    '--max-bad-records alone',
    'a.csv',
    ['--max-bad-records', '3'],
    /^--max-bad-records and --on-bad-record fail do not go together: .*--on-bad-record placeholder/,
  ],
  [
    '--bad-record-placeholder with fail',
    'a.csv',
    ['--bad-record-placeholder', 'x', '--on-bad-record', 'fail'],
    /^--bad-record-placeholder and --on-bad-record fail do not go together/,
  ],
  ...['101%', '-1', '1.5', 'many', '%', '1e3', '5 %'].map((limit): (typeof combinations)[number] => [
    `--max-bad-records ${limit}`,
    'a.csv',
    ['--on-bad-record', 'placeholder', `--max-bad-records=${limit}`],
    /^--max-bad-records cannot be ".*": it is a whole number, or a share from 0% to 100%\.$/,
  ]),
  [
    'an unknown way with bad records',
    'a.csv',
    ['--on-bad-record', 'skip'],
    /^--on-bad-record cannot be "skip": it is one of fail, placeholder\./,
  ],
  [
    'an unknown way with headers',
    'a.csv',
    ['--csv-header', 'keep'],
    /^--csv-header cannot be "keep": it is one of drop, repeat\./,
  ],
];

const long = (length: number): string => `$.${'a'.repeat(length - 2)}`;
/** Characters are counted from 0. */
const paths: readonly [path: string, name: string, problem: string, position: number][] = [
  ['', 'a.json', 'Unexpected end of the JsonPath', 0],
  ['$.a?', 'a.json', 'Unexpected "?" in JsonPath', 3],
  ['$[?(@.a)]', 'a.json', 'Unexpected "?" in JsonPath', 2],
  ['$..a', 'a.json', 'Unexpected "." in JsonPath', 2],
  ['a', 'a.json', 'Unexpected "a" in JsonPath', 0],
  ['$a', 'a.json', 'Unexpected "a" in JsonPath', 1],
  ['$["a"]', 'a.json', 'Unexpected """ in JsonPath', 2],
  ["$['a'", 'a.json', 'Unexpected end of the JsonPath', 5],
  ["$['a", 'a.json', 'Unexpected end of the JsonPath', 4],
  ['$[', 'a.json', 'Unexpected end of the JsonPath', 2],
  ['$[]', 'a.json', 'Unexpected "]" in JsonPath', 2],
  ['$[1:2:3]', 'a.csv', 'Unexpected ":" in JsonPath', 5],
  ['$[0,1:2]', 'a.csv', 'Unexpected ":" in JsonPath', 5],
  ['$[1:2][1:2]', 'a.json', 'A second range', 6],
  ['$[-0]', 'a.csv', 'Unexpected "0" in JsonPath', 3],
  ['$[01]', 'a.csv', 'Unexpected "1" in JsonPath', 3],
  ['$[1.5]', 'a.csv', 'Unexpected "." in JsonPath', 3],
  ['$[0,0]', 'a.csv', '0 is listed twice', 4],
  ["$['é😀'?]", 'a.json', 'Unexpected "?" in JsonPath', 6],
  ['$.a.length()', 'a.json', 'Unexpected "(" in JsonPath', 10],
  ['$.a', 'a.csv', 'CSV has only columns, but there is a name', 1],
  ["$['a','b']", 'a.csv', 'CSV has only columns, but there is a name', 1],
  ['$[0][0]', 'a.csv', 'CSV has only columns, but there is a second step', 4],
  [long(64), 'a.json', 'It has 64 characters and becomes too long', 63],
];

async function refused(t: Parameters<typeof startModelServer>[0], name: string, args: readonly string[]) {
  const [box, server] = [new Sandbox(t), await startModelServer(t)];
  await box.write({ [`in/${name}`]: '[1]\n' });
  const run = await box.transform(server.url, args);
  assert.equal(run.status, 2, run.all);
  assert.equal(run.stdout, '');
  assert.deepEqual(server.paths, [], 'nothing was started');
  assert.deepEqual(await box.files('out'), []);
  assert.ok(run.stderr.startsWith('millrace: ') && run.stderr.endsWith('\n'), run.stderr);
  return run.stderr.slice('millrace: '.length, -1);
}

describe('what does not go together is refused before anything is started', { concurrency: 4 }, () => {
  for (const [what, name, args, message] of combinations) {
    test(what, async (t) => assert.match(await refused(t, name, args), message));
  }

  for (const [index, [path, name, problem, position]] of paths.entries()) {
    const filter = index % 2 === 0 ? 'OutputFilter' : 'InputFilter';
    test(`${filter} ${path} for ${name}`, async (t) => {
      const message = await refused(t, name, [filter === 'OutputFilter' ? '--output-filter' : '--input-filter', path]);
      const begin = `Invalid ${filter}: "${path}". ${problem}. It is at position ${position}. Supported are $, .name`;
      assert.equal(message.slice(0, begin.length), begin);
    });
  }
});

describe('what is legal is taken', { concurrency: 4 }, () => {
  for (const [path, name, body, sent] of [
    [long(63), 'a.jsonl', `{"${'a'.repeat(61)}":7}\n`, '7\n'],
    [' $ [ 1 : ] ', 'a.csv', 'a,b,c\n', 'b,c\n'],
    ['$[ -1 , 0 ]', 'a.csv', 'a,b,c\n', 'c,a\n'],
    ['$[*]', 'a.csv', 'a,b,c\n', 'a,b,c\n'],
    ['$[:-1]', 'a.csv', 'a,b,c\n', 'a,b\n'],
    ['$._my-ünicode_1', 'a.jsonl', '{"_my-ünicode_1":7}\n', '7\n'],
    ["$['?','a\\'b', '😀']", 'a.jsonl', '{"?":1,"a\'b":2,"😀":3}\n', '{"?":1,"a\'b":2,"😀":3}\n'],
    ['$.*', 'a.jsonl', '{"a":1,"b":[2]}\n', '[1,[2]]\n'],
    ['$.a[*].b', 'a.jsonl', '{"a":[{"b":1},{"b":2}]}\n', '[1,2]\n'],
    ['$[0,1]', 'a.jsonl', '[5,6,7]\n', '[5,6]\n'],
    ['$', 'a.csv', 'a,b\n', 'a,b\n'],
  ] as const) {
    test(path, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t)];
      await box.write({ [`in/${name}`]: body });
      const run = await box.transform(server.url, ['--input-filter', path]);
      assert.equal(run.status, 0, run.all);
      assert.equal(server.invocations[0]?.text, sent);
    });
  }
});
