import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DataSpec } from '../agent/agent.ts';
import { type ErrorCode, MillraceError } from '../core/errors.ts';
import { type DataDefaults, noDefaults } from './content-defaults.ts';
import { dataSpec } from './data-spec.ts';
import { storedWishes } from './job-wishes.ts';

type Wishes = Readonly<Record<string, string>>;
const START = Date.parse('2026-11-22T10:20:30.987Z');

function spec(wishes: Wishes, defaults: DataDefaults = noDefaults): DataSpec {
  return dataSpec(storedWishes(wishes), defaults, START);
}

const csv = { 'content-type': 'text/csv', 'split-type': 'Line' };
const json = { 'content-type': 'application/json' };
const lines = { 'content-type': 'application/jsonlines', 'split-type': 'Line' };

test('without wishes nothing is done to the data', () => {
  assert.deepEqual(spec({}), {
    contentType: undefined,
    accept: undefined,
    splitType: 'None',
    compressionType: 'None',
    assembleWith: 'None',
    inputFilter: undefined,
    joinSource: 'None',
    outputFilter: undefined,
    inferenceIds: undefined,
    csvHeader: undefined,
    quotedNewlines: false,
    maxRecordsPerMiniBatch: undefined,
    badRecords: undefined,
  });
});

test('wishes come before what the objects say', () => {
  const defaults = {
    contentType: 'text/csv',
    splitType: 'Line',
    assembleWith: 'Line',
    compressionType: 'Gzip',
  } as const;
  const assumed = spec({}, defaults);
  assert.deepEqual(
    [assumed.contentType, assumed.splitType, assumed.assembleWith, assumed.compressionType],
    ['text/csv', 'Line', 'Line', 'Gzip'],
  );
  const asked = spec({ ...json, 'split-type': 'None', 'compression-type': 'None' }, defaults);
  assert.deepEqual(
    [asked.contentType, asked.splitType, asked.assembleWith, asked.compressionType],
    ['application/json', 'None', 'None', 'None'],
  );
});

test('lines are put together as lines, and a join asks for the format of its input', () => {
  assert.equal(spec(csv).assembleWith, 'Line');
  assert.equal(spec({ ...csv, 'assemble-with': 'None' }).assembleWith, 'None');
  assert.equal(spec({ 'split-type': 'RecordIO' }).assembleWith, 'None');
  assert.equal(spec(csv).accept, undefined);
  assert.equal(spec({ ...csv, 'join-source': 'Input' }).accept, 'text/csv');
  const accept = 'text/csv; charset=utf-8';
  assert.equal(spec({ ...csv, 'join-source': 'Input', accept }).accept, accept);
});

test('inferences get identifiers of their own and the time of the job, in whole seconds', () => {
  const { inferenceIds } = spec({ ...csv, 'generate-inference-id': 'true' });
  assert.equal(inferenceIds?.time, '2026-11-22T10:20:30Z');
  assert.notEqual(inferenceIds?.next(), inferenceIds?.next());
});

test('a policy for bad records has a placeholder and maybe a limit', () => {
  const policy = (more: Wishes) => spec({ 'on-bad-record': 'placeholder', ...more }).badRecords;
  assert.deepEqual(policy({}), { placeholder: 'ERROR', limit: undefined });
  assert.deepEqual(policy({ 'bad-record-placeholder': '' }), { placeholder: '', limit: undefined });
  for (const [text, limit] of [
    ['0', { count: 0 }],
    ['12', { count: 12 }],
    ['0%', { percent: 0 }],
    ['2.5%', { percent: 2.5 }],
    ['100%', { percent: 100 }],
    ['100.0%', { percent: 100 }],
  ] as const) {
    assert.deepEqual(policy({ 'max-bad-records': text })?.limit, limit, text);
  }
  assert.equal(spec({ 'on-bad-record': 'fail' }).badRecords, undefined);
});

const longest = 'a'.repeat(256);
const refusals: readonly (readonly [wishes: Wishes, code: ErrorCode, message: RegExp])[] = [
  [{ 'content-type': `${longest}a` }, 'InvalidOption', /^--content-type .* 1 to 256 characters of printable ASCII/],
  [{ 'content-type': '' }, 'InvalidOption', /^--content-type/],
  [{ accept: 'text/csv\r\nX: y' }, 'InvalidOption', /^--accept/],
  [{ accept: 'text/é' }, 'InvalidOption', /^--accept/],
  [{ 'on-bad-record': 'placeholder', 'bad-record-placeholder': 'a\nb' }, 'InvalidOption', /it is one\.$/],
  [{ 'on-bad-record': 'placeholder', 'bad-record-placeholder': 'a\r' }, 'InvalidOption', /it is one\.$/],
  ...['', '-1', '1.5', '101%', '100.1%', '5 %', '%', '1e3', '1234567890123456'].map(
    (limit) =>
      [{ 'on-bad-record': 'placeholder', 'max-bad-records': limit }, 'InvalidOption', /^--max-bad-records/] as const,
  ),
  [{ 'bad-record-placeholder': 'X' }, 'InvalidCombination', /^--bad-record-placeholder and --on-bad-record fail/],
  [{ 'on-bad-record': 'fail', 'max-bad-records': '1' }, 'InvalidCombination', /^--max-bad-records and/],

  [{ 'input-filter': '$[0]' }, 'InvalidCombination', /^--input-filter and no --content-type/],
  [
    { 'content-type': 'image/png', 'output-filter': '$[0]' },
    'InvalidCombination',
    /^--output-filter and --content-type/,
  ],
  [{ ...csv, accept: 'image/png', 'output-filter': '$[0]' }, 'InvalidCombination', /and --accept image\/png/],
  [{ 'content-type': 'image/png', 'generate-inference-id': 'true' }, 'InvalidCombination', /^--generate-inference-id/],
  [{ ...csv, 'split-type': 'RecordIO', 'input-filter': '$[0]' }, 'InvalidCombination', /and --split-type RecordIO/],
  [{ ...csv, 'split-type': 'TFRecord', 'join-source': 'Input' }, 'InvalidCombination', /and --split-type TFRecord/],
  [{ ...csv, 'input-filter': '$.name' }, 'InvalidJsonPath', /CSV has only columns/],
  [{ ...csv, 'output-filter': '$[' }, 'InvalidJsonPath', /OutputFilter/],
  [{ ...json, 'input-filter': '' }, 'InvalidJsonPath', /InputFilter/],
  [{ ...csv, accept: 'application/json', 'join-source': 'Input' }, 'InvalidCombination', /Accept equals ContentType/],
  [{ ...csv, 'assemble-with': 'None', 'join-source': 'Input' }, 'InvalidCombination', /AssembleWith equals SplitType/],

  [{ ...lines, 'csv-header': 'drop' }, 'InvalidCombination', /it is about CSV/],
  [{ 'csv-header': 'drop', 'split-type': 'Line' }, 'InvalidCombination', /it is about CSV/],
  [{ 'content-type': 'text/csv', 'csv-header': 'repeat' }, 'InvalidCombination', /cut into lines/],
  [{ 'content-type': 'text/csv', 'csv-quoted-newlines': 'true' }, 'InvalidCombination', /cut into lines/],

  [{ 'max-payload-in-mb': '0', 'batch-strategy': 'SingleRecord' }, 'InvalidCombination', /as a whole/],
  ...[
    { 'input-filter': '$[0]' },
    { 'output-filter': '$[0]' },
    { 'join-source': 'Input' },
    { 'generate-inference-id': 'true' },
    { 'csv-header': 'drop' },
    { 'on-bad-record': 'placeholder' },
    { 'max-records-per-mini-batch': '5' },
  ].map(
    (wish) =>
      [{ ...csv, 'max-payload-in-mb': '0', ...wish } as Wishes, 'InvalidCombination', /need --max-payload/] as const,
  ),
];

describe('what does not go together is refused', () => {
  for (const [wishes, code, message] of refusals) {
    const name = Object.entries(wishes)
      .map((one) => one.join(' ').slice(0, 60))
      .join(', ');
    test(name, () => {
      assert.throws(
        () => spec(wishes),
        (error) => {
          assert(error instanceof MillraceError, String(error));
          assert.equal(error.code, code);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});

describe('what looks alike and goes together is taken', () => {
  for (const wishes of [
    { 'content-type': longest },
    { ...csv, 'input-filter': '$[0]', 'join-source': 'None' },
    { 'content-type': 'image/png', 'join-source': 'None', 'split-type': 'TFRecord' },
    { 'content-type': 'image/png', accept: 'application/json', 'output-filter': '$.a' },
    { 'content-type': 'image/png', accept: 'text/csv', 'generate-inference-id': 'true' },
    { ...json, 'join-source': 'Input', 'input-filter': "$['a']" },
    { 'content-type': 'TEXT/CSV ; charset=utf-8', 'split-type': 'Line', 'csv-header': 'drop' },
    { ...csv, 'max-payload-in-mb': '0', 'join-source': 'None', 'on-bad-record': 'fail' },
    { ...csv, 'max-payload-in-mb': '1', 'join-source': 'Input' },
  ] as const satisfies readonly Wishes[]) {
    test(JSON.stringify(wishes).slice(0, 90), () => {
      assert.doesNotThrow(() => spec(wishes));
    });
  }
});
