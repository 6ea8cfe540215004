import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { transformed } from './transformed.ts';

/** Three columns for each row. */
const three = ({ text }: { text: string }): string => text.replaceAll(/[^\n]+/g, 'p,q,r');
const JOIN = ['--csv-header', 'drop', '--join-source', 'Input'];

describe('--csv-header that does not fit', { concurrency: 4 }, () => {
  test('an object with only a header keeps it, whatever the filter needs, and the others go on', async (t) => {
    const { out, summary } = await transformed(t, {
      objects: { 'a.csv': 'a,b\n', 'b.csv': 'a,b\n1,2\n' },
      args: [...JOIN, '--output-filter', '$[0,4]'],
      invoke: three,
    });
    assert.equal(summary.status, 'Completed');
    assert.deepEqual(out, { 'a.csv.out': 'a,b,SageMakerOutput\n', 'b.csv.out': 'a,SageMakerOutput3\n1,r\n' });
  });

  for (const placeholder of [[], ['--on-bad-record', 'placeholder']]) {
    test(`a header that is no CSV fails its object alone ${placeholder.join(' ')}`, async (t) => {
      const { out, summary } = await transformed(t, {
        objects: { 'a.csv': '"a"x,b\n1,2\n', 'b.csv': 'a,b\n1,2\n', 'c.csv': '"a"x,b\n' },
        args: [...JOIN, '--output-filter', '$[0]', ...placeholder],
        invoke: three,
        status: 1,
      });
      assert.deepEqual(out, { 'b.csv.out': 'a\n1\n' });
      assert.deepEqual(
        summary.failures.map(({ object, code }) => [object, code]),
        [
          ['in/a.csv', 'HeaderInvalid'],
          ['in/c.csv', 'HeaderInvalid'],
        ],
      );
      assert.match(summary.failures[0]?.message ?? '', /The CSV header '"a"x,b' cannot be used: a closing quote/);
    });

    test(`a filter of requests that the header is too short for fails the object ${placeholder.join(' ')}`, async (t) => {
      const { summary, server } = await transformed(t, {
        objects: { 'a.csv': 'a,b\n1,2\n' },
        args: ['--csv-header', 'repeat', '--input-filter', '$[5]', ...placeholder],
        status: 1,
      });
      assert.equal(summary.failures[0]?.code, 'HeaderInvalid');
      assert.match(summary.failures[0]?.message ?? '', /a filter selects the column 5 of 2/);
      assert.equal(server.invocations.length, 0);
    });
  }

  test('a first mini-batch of bad records alone: the header stays whole, the others keep their results', async (t) => {
    const { out, summary } = await transformed(t, {
      objects: { 'a.csv': 'a,b\nbad,1\nbad,2\n3,4\n' },
      args: [
        ...JOIN,
        '--output-filter',
        '$[0,4]',
        '--max-records-per-mini-batch',
        '2',
        '--on-bad-record',
        'placeholder',
      ],
      invoke: (invocation) => (invocation.text.includes('bad') ? { status: 400, body: 'no' } : three(invocation)),
    });
    assert.equal(summary.badRecords, 2);
    assert.deepEqual(out['a.csv.out'], 'a,b,SageMakerOutput\nERROR\nERROR\n3,r\n');
  });

  test('a repeated header that leaves too little room says how much there is', async (t) => {
    const header = `${'h'.repeat(600_000)}\n`;
    const { summary } = await transformed(t, {
      objects: { 'a.csv': `${header}${'r'.repeat(600_000)}\n` },
      args: ['--csv-header', 'repeat', '--max-payload-in-mb', '1'],
      status: 1,
    });
    assert.match(summary.failures[0]?.message ?? '', /record 1 .* is larger than 448575 bytes/);
  });
});
