import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../core/errors.ts';
import { jobSettings } from './job-settings.ts';
import { inMemberNames } from './member-names.ts';

test('an option becomes the member, or the variable where the API has no member', () => {
  for (const [option, name] of [
    ['--split-type', 'SplitType'],
    ['--max-payload-in-mb', 'MaxPayloadInMB'],
    ['--max-concurrent-transforms', 'MaxConcurrentTransforms'],
    ['--input', 'S3Uri'],
    ['--input-filter', 'InputFilter'],
    ['--output', 'S3OutputPath'],
    ['--output-filter', 'OutputFilter'],
    ['--data-capture-destination', 'DestinationS3Uri'],
    ['--accept', 'Accept'],
    ['--environment', 'Environment'],
    ['--on-bad-record', 'MILLRACE_ON_BAD_RECORD'],
    ...Object.entries(jobSettings).map(([setting, { variable }]) => [`--${setting}`, variable] as const),
  ] as const) {
    assert.equal(inMemberNames(option), name);
    assert.equal(inMemberNames(`Raise ${option} (100 at the most).`), `Raise ${name} (100 at the most).`);
    assert.equal(
      inMemberNames(`3 allowed (${option}), ${option}: use ${option}.`),
      `3 allowed (${name}), ${name}: use ${name}.`,
    );
    assert.equal(inMemberNames(`a line\n${option} cannot be`), `a line\n${name} cannot be`);
  }
});

test('options of the service are not of a job', () => {
  const message = 'Start millrace serve with --allow-remote-servers, --image or --max-instances.';
  assert.equal(inMemberNames(message), message);
});

test('values stay as they are, whatever they look like', () => {
  for (const value of ['--accept', 'x --accept y', '--split-type: a', 'the --output.']) {
    const { message } = new MillraceError('InvalidOption', { option: '--content-type', value, rule: 'it is wrong.' });
    assert.equal(inMemberNames(message), `ContentType cannot be "${value}": it is wrong.`);
  }
});

test('keys stay as they are, also where a name of an option is in them', () => {
  for (const key of [
    'in/data--input/x.csv',
    'in/--input.csv',
    'in/x--model',
    '--accept/x',
    'a --input.csv',
    '--input=1',
  ])
    assert.equal(inMemberNames(`bucket/${key}: no such object ${key}/`), `bucket/${key}: no such object ${key}/`);
});

test('a quotation mark that stands alone hides nothing behind it', () => {
  const message = `Failed to parse line: 'a,"b' as CSV: it has no end, in record 1 at byte 0. Use --on-bad-record placeholder.`;
  assert.equal(inMemberNames(message), message.replace('--on-bad-record', 'MILLRACE_ON_BAD_RECORD'));
});

test('what a model server says stays as it is', () => {
  const output = 'usage: serve.py [-h] --model FILE\nserve.py: error: unrecognized arguments: --accept';
  const error = new MillraceError('ModelExited', { container: undefined, how: 'exited with code 2', output });
  assert.equal(inMemberNames(error.message, error), error.message);
  const other = new MillraceError('NothingToDo', { location: 'x' });
  assert.equal(inMemberNames('Choose another --output.', other), 'Choose another S3OutputPath.');
});
