import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { transformed } from './transformed.ts';

const PLACEHOLDER = ['--on-bad-record', 'placeholder'];
const refusing = ({ text }: { text: string }) =>
  text.includes('bad') ? { status: 400, body: 'no' } : text.replaceAll(/[^\n]+/g, (line) => `p${line[0]}`);

describe('placeholders at the edges', { concurrency: 4 }, () => {
  test('an empty one is a line, too', async (t) => {
    const objects = { 'a.csv': '1\n2\nbad\n4\n' };
    const args = [...PLACEHOLDER, '--bad-record-placeholder', ''];
    const plain = await transformed(t, { objects, args, invoke: refusing });
    assert.deepEqual(plain.out['a.csv.out'], 'p1\np2\n""\np4\n');
    const joined = await transformed(t, { objects, args: [...args, '--join-source', 'Input'], invoke: refusing });
    assert.deepEqual(joined.out['a.csv.out'], '1,p1\n2,p2\nbad,""\n4,p4\n');
    const text = { 'a.txt': '1\n2\nbad\n4\n' };
    assert.deepEqual(
      (await transformed(t, { objects: text, args, invoke: refusing })).out['a.txt.out'],
      'p1\np2\n\np4\n',
    );
  });

  test('one of several lines is refused', async (t) => {
    const args = [...PLACEHOLDER, '--bad-record-placeholder', 'a\nb'];
    const { box, server } = await transformed(t, { objects: { 'a.csv': '1\n' } });
    const run = await box.transform(server.url, args);
    assert.equal(run.status, 2, run.all);
    assert.match(run.stderr, /--bad-record-placeholder cannot be .*: it stands in place of one line/s);
  });

  test('a limit ends the search for more of them at once', async (t) => {
    const { summary, out } = await transformed(t, {
      objects: { 'a.csv': 'bad\n'.repeat(3000) },
      args: [...PLACEHOLDER, '--max-bad-records', '1'],
      invoke: refusing,
      status: 1,
    });
    assert.equal(summary.failures[0]?.code, 'TooManyBadRecords');
    assert.deepEqual(out, {});
    assert(summary.requests < 40, `${summary.requests} requests`);
  });

  test('line ends in quotes are no further lines of a response', async (t) => {
    const objects = { 'a.csv': '"x\ny",1\nz,2\n' };
    const args = ['--csv-quoted-newlines'];
    const invoke = ({ text }: { text: string }) => text;
    const { out, summary } = await transformed(t, { objects, args: [...args, ...PLACEHOLDER], invoke });
    assert.deepEqual(out, { 'a.csv.out': objects['a.csv'] });
    assert.equal(summary.badRecords, 0);
    const warned = await transformed(t, { objects, args, invoke });
    assert.doesNotMatch(warned.run.all, /Warning/);
  });

  for (const concurrency of [1, 4]) {
    test(`columns are those of the first row that can be read, with ${concurrency} at once`, async (t) => {
      const rows = ['"x"y,1', ...Array.from({ length: 39 }, (_, i) => (i === 9 ? 'ragged,1,2' : `r,${i}`))];
      const { summary } = await transformed(t, {
        objects: { 'a.csv': `${rows.join('\n')}\n` },
        args: [
          ...[...PLACEHOLDER, '--input-filter', '$[0]', '--max-records-per-mini-batch', '10'],
          ...['--max-concurrent-transforms', String(concurrency)],
        ],
        invoke: async ({ text }) => text,
      });
      assert.equal(summary.badRecords, 2);
    });
  }

  test('too few lines are told as such, whatever the records hold', async (t) => {
    const { summary } = await transformed(t, {
      objects: { 'a.jsonl': '{"id":1,"SageMakerOutput":0}\n'.repeat(3) },
      args: ['--join-source', 'Input', '--output-filter', "$['id','SageMakerOutput']"],
      invoke: () => '1\n',
      status: 1,
    });
    assert.equal(summary.failures[0]?.code, 'MismatchedCount');
    assert.match(summary.failures[0]?.message ?? '', /3 sent, 1 answered/);
  });

  test('a request of exactly the limit stays within it when it is filtered', async (t) => {
    const line = `${'x'.repeat(1023)}\n`;
    const { summary } = await transformed(t, {
      objects: { 'a.csv': `${line.repeat(1024).slice(0, -1)}y` },
      args: ['--input-filter', '$[0:]', '--max-payload-in-mb', '1'],
      invoke: ({ text }) => text,
    });
    assert.deepEqual([summary.status, summary.requests], ['Completed', 1]);
  });

  test('identifiers are added to a placeholder by itself', async (t) => {
    const { out } = await transformed(t, {
      objects: { 'a.jsonl': '"bad"\n{"id":2}\n' },
      args: [...PLACEHOLDER, '--output-filter', '$.id', '--generate-inference-id'],
      invoke: ({ text }) => (text.includes('bad') ? { status: 400, body: 'no' } : text),
    });
    const [bad = '', good = ''] = (out['a.jsonl.out'] ?? '').split('\n');
    assert.equal(JSON.parse(bad).SageMakerOutput, 'ERROR');
    assert.match(JSON.parse(bad).SageMakerInferenceId, /^[0-9a-f-]{36}$/);
    assert.equal(JSON.parse(good).SageMakerOutput, 2);
  });
});
