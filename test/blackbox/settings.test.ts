import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { predictions, type Reply, startModelServer } from './model-server.ts';

/** The values in force, as the data log has them. */
function inForce(stderr: string): string | undefined {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}:\[sagemaker logs\]: (MaxConcurrentTransforms=.*)$/m.exec(stderr)?.[1];
}

interface Row {
  readonly what: string;
  readonly offered?: unknown;
  readonly args?: readonly string[];
  readonly expected: string;
}

const offered = { MaxConcurrentTransforms: 5, BatchStrategy: 'SINGLE_RECORD', MaxPayloadInMB: 2 };
const offeredInForce = 'MaxConcurrentTransforms=5, MaxPayloadInMB=2, BatchStrategy=SINGLE_RECORD';
const defaults = 'MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD';
const rows: readonly Row[] = [
  { what: 'defaults', expected: defaults },
  { what: 'execution parameters', offered, expected: offeredInForce },
  {
    what: 'the request before execution parameters',
    offered,
    args: ['--max-concurrent-transforms', '3', '--max-payload-in-mb', '4', '--batch-strategy', 'MultiRecord'],
    expected: 'MaxConcurrentTransforms=3, MaxPayloadInMB=4, BatchStrategy=MULTI_RECORD',
  },
  {
    what: 'each value for itself',
    offered: { MaxConcurrentTransforms: 5 },
    args: ['--max-payload-in-mb', '4'],
    expected: 'MaxConcurrentTransforms=5, MaxPayloadInMB=4, BatchStrategy=MULTI_RECORD',
  },
  { what: '0 counts as unset', offered, args: ['--max-concurrent-transforms', '0'], expected: offeredInForce },
  {
    what: '0 counts as unset where nothing is offered',
    args: ['--max-concurrent-transforms', '0'],
    expected: defaults,
  },
  {
    what: 'the strategy may be written as in the API',
    offered: { BatchStrategy: 'SingleRecord' },
    expected: 'MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=SINGLE_RECORD',
  },
  {
    what: 'invalid values are as good as none',
    offered: { MaxConcurrentTransforms: 'many', BatchStrategy: 'BOTH', MaxPayloadInMB: -1 },
    expected: defaults,
  },
  { what: 'what is no JSON is as good as none', offered: '{"MaxConcurrentTransforms": 5', expected: defaults },
  { what: 'nor what is no object', offered: 'null', expected: defaults },
  {
    what: 'the payload gives way where the product would pass 100 MB',
    args: ['--max-concurrent-transforms', '20'],
    expected: 'MaxConcurrentTransforms=20, MaxPayloadInMB=5, BatchStrategy=MULTI_RECORD',
  },
  {
    what: 'a server that offers more than 100 requests at once gets 100',
    offered: { MaxConcurrentTransforms: 5000 },
    expected: 'MaxConcurrentTransforms=100, MaxPayloadInMB=1, BatchStrategy=MULTI_RECORD',
  },
  {
    what: 'the concurrency gives way to a payload that was asked for',
    offered,
    args: ['--max-payload-in-mb', '50'],
    expected: 'MaxConcurrentTransforms=2, MaxPayloadInMB=50, BatchStrategy=SINGLE_RECORD',
  },
];

describe('settings: the request, then execution parameters, then defaults (behaviour 3)', { concurrency: 4 }, () => {
  for (const { what, offered: executionParameters, args = [], expected } of rows) {
    test(what, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t, { executionParameters })];
      await box.write({ 'in/a.csv': '1\n2\n3\n' });
      const run = await box.transform(server.url, [...args, '--json']);
      assert.equal(run.status, 0, run.all);
      assert.equal(inForce(run.stderr), expected);
      const { settings } = JSON.parse(run.stdout);
      const strategy = settings.batchStrategy === 'MultiRecord' ? 'MULTI_RECORD' : 'SINGLE_RECORD';
      assert.equal(
        `MaxConcurrentTransforms=${settings.maxConcurrentTransforms}, MaxPayloadInMB=${settings.maxPayloadInMB}, BatchStrategy=${strategy}`,
        expected,
      );
      assert.equal(server.invocations.length, expected.endsWith('SINGLE_RECORD') ? 3 : 1);
    });
  }

  for (const concurrent of [1, 3, 16]) {
    test(`${concurrent} requests are open at once, never more`, async (t) => {
      const total = 100;
      const held: (() => void)[] = [];
      let answered = 0;
      let arrived = 0;
      const server = await startModelServer(t, {
        executionParameters: { MaxConcurrentTransforms: concurrent, BatchStrategy: 'SINGLE_RECORD' },
        // Answered in rounds, when as many are open as may be: were one too few sent, nothing would be answered. That none is
        // sent too many can only be seen by waiting for it, which the first round does.
        invoke: ({ body }) =>
          new Promise<Reply>((resolve) => {
            arrived += 1;
            held.push(() => resolve(predictions(body)));
            if (held.length < concurrent && arrived < total) return;
            setTimeout(answerAll, answered === 0 ? 200 : 0);
          }),
      });
      const answerAll = (): void => {
        answered += held.length;
        for (const answer of held.splice(0)) answer();
      };
      const box = new Sandbox(t);
      // Over several objects: the limit is the instance's, not an object's.
      for (let object = 0; object < 10; object++) await box.write({ [`in/${object}.csv`]: `${object}\n`.repeat(10) });
      const run = await box.transform(server.url);
      assert.equal(run.status, 0, run.all);
      assert.equal(server.mostOpen, concurrent);
      assert.equal(answered, total);
    });
  }
});
