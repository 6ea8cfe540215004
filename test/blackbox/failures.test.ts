import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { type ModelServerOptions, predictions, RAW, type Reply, startModelServer } from './model-server.ts';

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}:\[sagemaker logs\]: /;

/** The lines of the data log, without their times. */
function dataLog(stderr: string): string[] {
  const lines = stderr.split('\n').filter((line) => STAMP.test(line));
  return lines.map((line) => line.replace(STAMP, ''));
}

interface Summary {
  readonly status: string;
  readonly failureReason: string | null;
  readonly objects: {
    readonly total: number;
    readonly succeeded: number;
    readonly failed: number;
    readonly notBegun: number;
  };
  readonly failures: readonly {
    readonly object: string;
    readonly output: string;
    readonly code: string;
    readonly fault: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  }[];
}

/** Refuses the record `bad` in its own way, answers the others. */
function refusing(reply: Reply): ModelServerOptions {
  return { invoke: ({ body, text }) => (text.includes('bad') ? reply : predictions(body)) };
}

// The bad record is the third of b.csv, at byte 5.
const objects = { 'in/a.csv': '1\n2\n', 'in/b.csv': '1\n22\nbad\n4\n', 'in/c.csv': '3\n' };
const others = { 'a.csv.out': predictions('1\n2\n'), 'c.csv.out': predictions('3\n') };
const single = ['--batch-strategy', 'SingleRecord', '--invocations-max-retries', '0'];

interface Case {
  readonly name: string;
  readonly server: ModelServerOptions;
  readonly log: readonly (string | RegExp)[];
  readonly reason: string;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const place = { object: 'in/b.csv', record: 2, offset: 5 };
const cases: readonly Case[] = [
  {
    name: 'a refusal',
    server: refusing({ status: 400, body: 'column 2: "bad" is not a number\r\nsecond line\n' }),
    log: [
      'in/b.csv: ClientError: 400',
      'in/b.csv: ',
      'in/b.csv: Message:',
      'in/b.csv: column 2: "bad" is not a number',
      'in/b.csv: second line',
      'in/b.csv: (the mini-batch starts with record 3 at byte 5)',
    ],
    reason: 'ClientError: 1 of 3 objects failed. in/b.csv: The model server answered 400',
    code: 'ModelRefused',
    details: { ...place, status: 400, body: 'column 2: "bad" is not a number\r\nsecond line' },
  },
  {
    name: 'a refusal without a word',
    server: refusing({ status: 415 }),
    log: [
      'in/b.csv: ClientError: 415',
      'in/b.csv: ',
      'in/b.csv: Message:',
      'in/b.csv: ',
      'in/b.csv: (the mini-batch starts with record 3 at byte 5)',
    ],
    reason: 'ClientError: 1 of 3 objects failed.',
    code: 'ModelRefused',
    details: { ...place, status: 415, body: '' },
  },
  {
    name: 'an error of the server',
    server: refusing({ status: 500, body: 'Traceback: boom' }),
    log: [
      'in/b.csv: Bad HTTP status received from algorithm: 500',
      /^in\/b\.csv: Bad HTTP status received from algorithm: 500, at the only try, for the mini-batch that starts with record 3 at byte 5: Traceback: boom$/,
    ],
    reason: 'AlgorithmError: 1 of 3 objects failed. in/b.csv: Bad HTTP status received from algorithm: 500',
    code: 'ModelFailed',
    details: { ...place, status: 500, body: 'Traceback: boom', attempts: 1 },
  },
  {
    name: 'no answer',
    server: {
      invoke: ({ body, text, socket }) => {
        if (!text.includes('bad')) return predictions(body);
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
        return RAW;
      },
    },
    log: [
      'in/b.csv: Unable to get response from algorithm',
      /^in\/b\.csv: Unable to get response from algorithm, at the only try, for the mini-batch that starts with record 3 at byte 5: it closed the connection in the middle of a response, after 4 bytes of 9$/,
    ],
    reason: 'AlgorithmError: 1 of 3 objects failed. in/b.csv: Unable to get response from algorithm',
    code: 'ModelUnreachable',
    details: {
      ...place,
      attempts: 1,
      cause: 'it closed the connection in the middle of a response, after 4 bytes of 9',
    },
  },
];

describe('what is told of failed objects (behaviour 6 and 7)', { concurrency: 4 }, () => {
  for (const { name, server: options, log, reason, code, details } of cases) {
    test(`${name}: the data log and the summary`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t, options)];
      await box.write(objects);
      const run = await box.transform(server.url, [...single, '--json']);
      assert.equal(run.status, 1, run.all);
      assert.deepEqual(await box.tree('out'), others);
      const [settings, ...lines] = dataLog(run.stderr);
      assert.equal(settings, 'MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=SINGLE_RECORD');
      assert.equal(lines.length, log.length, run.stderr);
      for (const [index, expected] of log.entries()) {
        if (typeof expected === 'string') assert.equal(lines[index], expected);
        else assert.match(lines[index] ?? '', expected);
      }
      const summary = JSON.parse(run.stdout) as Summary;
      assert.equal(summary.status, 'Failed');
      assert.ok(summary.failureReason?.startsWith(reason), summary.failureReason ?? '');
      assert.deepEqual(summary.objects, { total: 3, succeeded: 2, failed: 1, notBegun: 0 });
      const [failure] = summary.failures;
      assert.equal(summary.failures.length, 1);
      assert.equal(failure?.object, 'in/b.csv');
      assert.equal(failure.output, 'out/b.csv.out');
      assert.equal(failure.code, code);
      assert.equal(failure.fault, reason.startsWith('ClientError') ? 'client' : 'algorithm');
      assert.deepEqual(failure.details, details);
    });
  }

  test('a refused mini-batch is named by its first record', async (t) => {
    const MIB = 2 ** 20;
    const [box, server] = [new Sandbox(t), await startModelServer(t, refusing({ status: 400, body: 'no' }))];
    const line = `${'x'.repeat(1023)}\n`;
    // 1,024 lines fill a request; the bad one is in the third.
    await box.write({ 'in/a.csv': `${line.repeat(2500)}bad\n${line.repeat(3000)}` });
    const run = await box.transform(server.url, ['--max-payload-in-mb', '1']);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, new RegExp(`in/a\\.csv: \\(the mini-batch starts with record 2049 at byte ${2 * MIB}\\)`));
    assert.deepEqual(await box.files('out'), []);
    assert.equal(server.invocations.length, 3, 'what is left of the object is not sent');
  });

  test('a long answer to a refusal is cut', async (t) => {
    const body = Array.from({ length: 50 }, (_, index) => `line ${index + 1}`).join('\n');
    const [box, server] = [new Sandbox(t), await startModelServer(t, refusing({ status: 400, body }))];
    await box.write(objects);
    const run = await box.transform(server.url, single);
    assert.equal(run.status, 1, run.all);
    const lines = dataLog(run.stderr);
    assert.ok(lines.includes('in/b.csv: line 20'), run.stderr);
    assert.ok(!lines.includes('in/b.csv: line 21'), run.stderr);
    assert.ok(lines.includes('in/b.csv: (30 more lines)'), run.stderr);
  });

  test('the summary for people: what was done, what failed and why, where the results are', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, refusing({ status: 400, body: 'bad number' }))];
    await box.write(objects);
    const run = await box.transform(server.url, single);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stdout, /^Failed: 2 of 3 objects done, 5 records, 11 bytes in .* s \(\S+ records\/s\)$/m);
    assert.match(run.stdout, /^Results: out \(\d+ bytes\)$/m);
    assert.match(
      run.stdout,
      /^1 object without a new result \(one of an earlier run is left as it was\):\n {2}in\/b\.csv: The model server answered 400 to the mini-batch that starts with record 3 at byte 5: bad number$/m,
    );
  });

  test('every object fails: no output at all, ten are named, --json lists a hundred', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: () => ({ status: 400, body: 'bad' }) })];
    for (let object = 100; object < 230; object++) await box.write({ [`in/${object}.csv`]: '1\n' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 1, run.all);
    assert.deepEqual(await box.files('out'), []);
    assert.match(
      run.stdout,
      /130 objects without a new result \(.*\):\n( {2}in\/\d+\.csv: .*\n){10} {2}… and 120 more \(--json lists 100\)/,
    );
    const json = await box.transform(server.url, ['--json']);
    const summary = JSON.parse(json.stdout) as Summary;
    assert.equal(summary.failures.length, 100);
    assert.equal(summary.objects.failed, 130);
    assert.ok((summary.failureReason ?? '').length <= 1024);
    assert.match(summary.failureReason ?? '', /^ClientError: 130 of 130 objects failed\. .* \(and 127 more\)$/s);
  });

  test('the summary for programs has these fields', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n2\n' });
    const args = ['--accept', 'text/plain', '--max-payload-in-mb', '2', '--json'];
    const run = await box.transform(server.url, args);
    assert.equal(run.status, 0, run.all);
    assert.match(run.stdout, /^\{.*\}\n$/, 'one JSON on one line and nothing else');
    const { seconds, startupSeconds, recordsPerSecond, ...summary } = JSON.parse(run.stdout);
    assert.equal(typeof seconds, 'number');
    assert.equal(typeof startupSeconds, 'number');
    assert.equal(typeof recordsPerSecond, 'number');
    assert.deepEqual(summary, {
      status: 'Completed',
      failureReason: null,
      model: server.url,
      containers: [{ name: null, model: server.url }],
      input: 'in',
      output: 'out',
      settings: {
        contentType: 'text/csv',
        accept: 'text/plain',
        splitType: 'Line',
        assembleWith: 'Line',
        batchStrategy: 'MultiRecord',
        maxPayloadInMB: 2,
        maxConcurrentTransforms: 1,
        compressionType: 'None',
        inputFilter: null,
        joinSource: 'None',
        outputFilter: null,
        generateInferenceId: false,
        csvHeader: null,
        csvQuotedNewlines: false,
        maxRecordsPerMiniBatch: null,
        onBadRecord: 'fail',
        badRecordPlaceholder: null,
        maxBadRecords: null,
      },
      objects: { total: 1, succeeded: 1, failed: 0, notBegun: 0 },
      records: 2,
      badRecords: 0,
      inputBytes: 4,
      outputBytes: predictions('1\n2\n').length,
      requests: 1,
      retries: 0,
      miscountedResponses: 0,
      dataCapture: null,
      failures: [],
    });
  });
});

test('a response with fewer lines than records completes with a warning that says where', async (t) => {
  const box = new Sandbox(t);
  await box.write({ 'in/a.csv': '1\n2\n3\n' });
  const server = await startModelServer(t, {
    invoke: () => ({ headers: { 'Content-Type': 'text/csv' }, body: '1\n2\n' }),
  });
  const run = await box.transform(server.url);
  assert.equal(run.status, 0, run.all);
  assert.match(
    run.stdout,
    /^Warning: 1 response had more or fewer lines than records were sent, first in in\/a\.csv at record 1\./m,
  );
});
