import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Invocation, Reply } from './model-server.ts';
import { again, linesOf, transformed } from './transformed.ts';

const PLACEHOLDER = ['--on-bad-record', 'placeholder'];
const answered = (text: string): string =>
  linesOf(text)
    .map((line) => `[${line}]\n`)
    .join('');
const refusing = ({ text }: Invocation): Reply => (text.includes('bad') ? { status: 400, body: 'no' } : answered(text));
/** `count` records, of which so many are bad, spread over all of them. */
const withBad = (count: number, bad: number): string =>
  Array.from({ length: count }, (_, index) =>
    index % Math.floor(count / bad) === 0 && index / Math.floor(count / bad) < bad ? `bad${index}\n` : `ok${index}\n`,
  ).join('');

describe('--max-bad-records', { concurrency: 3 }, () => {
  for (const [limit, count, bad, broken] of [
    ['3', 40, 3, false],
    ['3', 40, 4, true],
    ['0', 40, 1, true],
    ['10%', 40, 4, false],
    ['10%', 40, 5, true],
    ['2.5%', 40, 1, false],
    ['2.5%', 40, 2, true],
    ['0%', 40, 1, true],
    ['100%', 4, 4, false],
    ['34%', 3, 1, false],
    ['33%', 3, 1, true],
  ] as const) {
    for (const batch of ['7', '1000']) {
      test(`${bad} of ${count} are bad, ${limit} may be, ${batch} in a request`, async (t) => {
        const text = withBad(count, bad);
        equal(text.match(/bad/g)?.length, bad);
        const { out, summary, box, log } = await transformed(t, {
          objects: { 'a.csv': 'ok\n', 'b.csv': text, 'c.csv': 'ok\n' },
          args: [...PLACEHOLDER, '--max-bad-records', limit, '--max-records-per-mini-batch', batch],
          invoke: refusing,
          status: broken ? 1 : 0,
        });
        equal(out['a.csv.out'], '[ok]\n');
        equal(out['c.csv.out'], '[ok]\n');
        if (!broken) {
          equal(out['b.csv.out'], answered(text).replaceAll(/\[bad\d+\]/g, 'ERROR'));
          equal(linesOf(out['b.csv.out.errors.jsonl'] ?? '').length, bad);
          return;
        }
        deepEqual(await box.files('out'), ['a.csv.out', 'c.csv.out']);
        const [failure] = summary.failures;
        equal(failure?.object, 'in/b.csv');
        equal(failure.code, 'TooManyBadRecords');
        match(
          failure.message,
          /^\d+ bad records?, .* allowed \(--max-bad-records\)\. The first: The model server answered 400 to the mini-batch that starts with record 1 at byte 0: no$/,
        );
        ok(failure.message.includes(`, ${limit}`), failure.message);
        ok(log.some((line) => line.startsWith('in/b.csv: ') && line.includes('--max-bad-records')));
      });
    }
  }

  test('the limit is for each object', async (t) => {
    const { summary } = await transformed(t, {
      objects: { 'a.csv': 'bad\nok\n', 'b.csv': 'bad\nok\n', 'c.csv': 'bad\nbad\n' },
      args: [...PLACEHOLDER, '--max-bad-records', '1'],
      invoke: refusing,
      status: 1,
    });
    deepEqual(
      summary.failures.map(({ object }) => object),
      ['in/c.csv'],
    );
  });
});

describe('<output>.errors.jsonl', { concurrency: 3 }, () => {
  test('goes when there are no bad records any more, and is replaced when there are others', async (t) => {
    const first = await transformed(t, {
      objects: { 'a.csv': 'bad1\nok\n', 'b.csv': 'bad1\nok\n', 'c.csv': 'ok\n' },
      args: PLACEHOLDER,
      invoke: refusing,
    });
    const { box, server } = first;
    deepEqual(Object.keys(first.out), [
      ...['a.csv.out', 'a.csv.out.errors.jsonl', 'b.csv.out', 'b.csv.out.errors.jsonl', 'c.csv.out'],
    ]);
    await box.write({ 'in/a.csv': 'ok1\nok\n', 'in/b.csv': 'ok\nok\nbad2\n' });
    const second = await again(box, server, PLACEHOLDER);
    deepEqual(Object.keys(second.out), ['a.csv.out', 'b.csv.out', 'b.csv.out.errors.jsonl', 'c.csv.out']);
    equal(JSON.parse(second.out['b.csv.out.errors.jsonl'] ?? '').record, 3);
  });

  test('an object that fails leaves what an earlier run wrote: output and errors belong together', async (t) => {
    const first = await transformed(t, { objects: { 'a.csv': 'bad1\nok\n' }, args: PLACEHOLDER, invoke: refusing });
    const { box, server } = first;
    await box.write({ 'in/a.csv': 'bad1\nbad2\n' });
    const second = await again(box, server, [...PLACEHOLDER, '--max-bad-records', '1'], 1);
    deepEqual(second.out, first.out);
  });

  for (const output of ['in', 'in/results']) {
    test(`with the output in ${output} it is not taken as input`, async (t) => {
      const args = [...PLACEHOLDER, '--output', output];
      const { box, server } = await transformed(t, { objects: { 'a.csv': 'bad\nok\n' }, args, invoke: refusing });
      const before = await box.tree('in');
      equal(Object.keys(before).length, 3);
      const asked = server.invocations.length;
      const second = await again(box, server, args);
      deepEqual(await box.tree('in'), before);
      equal(second.summary.objects.total, 1);
      equal(server.invocations.length, 2 * asked);
    });
  }

  test('has a line of JSON for each bad record with these members', async (t) => {
    const body = `line 1\nline "2" \u2028 é${'x'.repeat(3000)}`;
    const { out, summary, run } = await transformed(t, {
      objects: { 'größe 日本.csv': 'ok\r\nbad,1\r\nok\r\n' },
      args: PLACEHOLDER,
      invoke: ({ text }) => (text.includes('bad') ? { status: 418, body } : answered(text.replaceAll('\r', ''))),
    });
    const [line = '', ...more] = linesOf(out['größe 日本.csv.out.errors.jsonl'] ?? '');
    deepEqual(more, []);
    const error = JSON.parse(line);
    deepEqual(Object.keys(error), ['object', 'record', 'offset', 'bytes', 'code', 'status', 'body', 'message']);
    deepEqual(
      [error.object, error.record, error.offset, error.bytes, error.code, error.status],
      ['in/größe 日本.csv', 2, 4, 7, 'ModelRefused', 418],
    );
    ok(body.startsWith(error.body) && error.body.length > 20, 'the body, cut where it is long');
    equal(summary.badRecords, 1);
    equal(run.status, 0);
  });

  test('the summary for people warns of bad records', async (t) => {
    const { box, server } = await transformed(t, {
      objects: { 'a.csv': 'bad\nok\nbad\n' },
      args: PLACEHOLDER,
      invoke: refusing,
    });
    const run = await box.transform(server.url, PLACEHOLDER);
    equal(run.status, 0, run.all);
    match(run.stdout, /^Completed: 1 object, 3 records/m);
    match(run.stdout, /^Warning: 2 bad records have the placeholder "ERROR" in place of a result; .*errors\.jsonl/m);
  });
});
