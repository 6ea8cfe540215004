import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { lengths, serveLines } from './serve-command.ts';
import { linesOf, perLine, transformed } from './transformed.ts';

const FIRST = 'MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD';
const set = (...variables: string[]): string[] => variables.flatMap((variable) => ['--environment', variable]);

/** Runs a job whose model server keeps its environment in a file. */
async function served(t: Parameters<typeof transformed>[0], input: string, args: readonly string[]) {
  const box = new Sandbox(t);
  await box.write({ 'in/a.csv': input, 'model/x': '' });
  const run = await box.transform('model', ['--serve', serveLines('--log', 'log'), '--json', ...args]);
  const log = await box.read('log').catch(() => '{}');
  const env = (JSON.parse(linesOf(log)[0] ?? '{}').env ?? {}) as Record<string, string>;
  return { box, run, env };
}

describe('settings of the job as entries of its environment', { concurrency: 3 }, () => {
  test('they work as the options do, and the server never gets them', async (t) => {
    const variables = set('MILLRACE_CSV_HEADER=drop', 'MILLRACE_CSV_QUOTED_NEWLINES=true', 'MINE=1');
    const { box, run, env } = await served(t, 'id,"x\ny"\na,1\nbb,2\n', [
      ...variables,
      ...set(
        'MILLRACE_ON_BAD_RECORD=placeholder',
        'MILLRACE_BAD_RECORD_PLACEHOLDER=N/A',
        'MILLRACE_MAX_BAD_RECORDS=5%',
      ),
      ...set('MILLRACE_MAX_RECORDS_PER_MINI_BATCH=1'),
    ]);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.csv.out'), `id,"x\ny"\n${lengths('a,1\nbb,2\n')}`);
    assert.deepEqual(
      Object.keys(env).filter((name) => name.startsWith('MILLRACE_') && name !== 'MILLRACE_TEST'),
      [],
    );
    assert.equal(env['MINE'], '1');
    const { settings, requests } = JSON.parse(run.stdout);
    assert.equal(requests, 2);
    const { csvHeader, csvQuotedNewlines, onBadRecord, badRecordPlaceholder, maxBadRecords, maxRecordsPerMiniBatch } =
      settings;
    assert.deepEqual(
      { csvHeader, csvQuotedNewlines, onBadRecord, badRecordPlaceholder, maxBadRecords, maxRecordsPerMiniBatch },
      {
        csvHeader: 'drop',
        csvQuotedNewlines: true,
        onBadRecord: 'placeholder',
        badRecordPlaceholder: 'N/A',
        maxBadRecords: '5%',
        maxRecordsPerMiniBatch: 1,
      },
    );
  });

  for (const [what, variables, message] of [
    [
      'an unknown one that is like another',
      ['MILLRACE_CSV_HEADERS=drop'],
      /^millrace: --environment cannot be "MILLRACE_CSV_HEADERS=drop": .*Did you mean MILLRACE_CSV_HEADER\?/,
    ],
    [
      'an unknown one',
      ['MILLRACE_NOPE=1'],
      /^millrace: --environment cannot be "MILLRACE_NOPE=1": MILLRACE_… are settings/,
    ],
    ['a value that is none', ['MILLRACE_CSV_HEADER=keep'], /it is one of drop, repeat/],
    ['a number that is none', ['MILLRACE_MAX_RECORDS_PER_MINI_BATCH=many'], /whole number/],
    ['a switch that is off', ['MILLRACE_CSV_QUOTED_NEWLINES=no'], /its only value is true/],
    ['a limit alone', ['MILLRACE_MAX_BAD_RECORDS=3'], /do not go together: .*placeholder/],
    ['an empty value', ['MILLRACE_ON_BAD_RECORD='], /cannot be/],
  ] as const) {
    test(`${what} is refused before anything is started`, async (t) => {
      const { box, run, env } = await served(t, 'a\n', set(...variables));
      assert.equal(run.status, 2, run.all);
      assert.match(run.stderr, message);
      assert.deepEqual(env, {});
      assert.deepEqual(await box.files('out'), []);
    });
  }

  test('an option and a variable that differ are refused', async (t) => {
    const { run } = await served(t, 'a\n', ['--csv-header', 'drop', ...set('MILLRACE_CSV_HEADER=repeat')]);
    assert.equal(run.status, 2, run.all);
    assert.match(run.stderr, /--environment cannot be "MILLRACE_CSV_HEADER=repeat": --csv-header is given, too/);
  });

  test('a variable of our own environment is no setting: only --environment is', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'a\n', 'model/x': '' });
    const env = { MILLRACE_CSV_HEADER: 'drop' };
    const run = await box.transform('model', ['--serve', serveLines()], { env });
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.csv.out'), '1\n');
  });

  test('they can be set where the model server is already running: they are not for it', async (t) => {
    const { out } = await transformed(t, {
      objects: { 'a.csv': 'id\na\n' },
      args: set('MILLRACE_CSV_HEADER=drop'),
      invoke: perLine(() => '7'),
    });
    assert.deepEqual(out, { 'a.csv.out': 'id\n7\n' });
  });
});

describe('settings in force are told', { concurrency: 3 }, () => {
  test('the data log: first the original line, then those that are on, under their names in the API', async (t) => {
    const { log, summary } = await transformed(t, {
      objects: { 'a.csv': 'id,x\na,1\n' },
      args: [
        ...[
          '--input-filter',
          '$[1:]',
          '--join-source',
          'Input',
          '--output-filter',
          '$[0,-1]',
          '--csv-header',
          'repeat',
        ],
        ...['--csv-quoted-newlines', '--max-records-per-mini-batch', '64', '--generate-inference-id'],
        ...['--on-bad-record', 'placeholder', '--max-bad-records', '1%', '--compression-type', 'None'],
      ],
      invoke: () => '7\n',
    });
    assert.deepEqual(log, [
      FIRST,
      'InputFilter=$[1:], JoinSource=Input, OutputFilter=$[0,-1], GenerateInferenceId=true, CsvHeader=repeat, CsvQuotedNewlines=true, MaxRecordsPerMiniBatch=64, OnBadRecord=placeholder, BadRecordPlaceholder="ERROR", MaxBadRecords=1%',
    ]);
    assert.deepEqual(summary.settings, {
      contentType: 'text/csv',
      accept: 'text/csv',
      splitType: 'Line',
      assembleWith: 'Line',
      batchStrategy: 'MultiRecord',
      maxPayloadInMB: 6,
      maxConcurrentTransforms: 1,
      compressionType: 'None',
      inputFilter: '$[1:]',
      joinSource: 'Input',
      outputFilter: '$[0,-1]',
      generateInferenceId: true,
      csvHeader: 'repeat',
      csvQuotedNewlines: true,
      maxRecordsPerMiniBatch: 64,
      onBadRecord: 'placeholder',
      badRecordPlaceholder: 'ERROR',
      maxBadRecords: '1%',
    });
  });

  test('what is off is not in the data log', async (t) => {
    const { log, summary } = await transformed(t, { objects: { 'a.csv': 'a\n' } });
    assert.deepEqual(log, [FIRST]);
    const { inputFilter, joinSource, outputFilter, csvHeader, onBadRecord } = summary.settings;
    assert.deepEqual(
      { inputFilter, outputFilter, csvHeader },
      { inputFilter: null, outputFilter: null, csvHeader: null },
    );
    assert.ok(joinSource === 'None' || joinSource === null, String(joinSource));
    assert.ok(onBadRecord === 'fail' || onBadRecord === null, String(onBadRecord));
  });

  test('--max-records-per-mini-batch bounds requests by count, beside their size', async (t) => {
    const { bodies, summary } = await transformed(t, {
      objects: { 'a.csv': '1\n2\n3\n4\n5\n', 'b.csv': '6\n' },
      args: ['--max-records-per-mini-batch', '2'],
    });
    assert.deepEqual(bodies, ['1\n2\n', '3\n4\n', '5\n', '6\n']);
    assert.equal(summary.requests, 4);
  });
});
