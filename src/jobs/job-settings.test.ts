import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../core/errors.ts';
import { settingsAmong } from './job-settings.ts';

function settings(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(settingsAmong(Object.entries(variables)));
}

test('settings are found among the variables of a job', () => {
  const variables = {
    HOME: '/root',
    MILLRACE_CSV_HEADER: 'drop',
    MILLRACE_CSV_QUOTED_NEWLINES: 'true',
    MILLRACE_ON_BAD_RECORD: 'placeholder',
    MILLRACE_BAD_RECORD_PLACEHOLDER: '',
    MILLRACE_MAX_BAD_RECORDS: '5%',
    MILLRACE_MAX_RECORDS_PER_MINI_BATCH: '999999999',
    MY_MILLRACE_CSV_HEADER: 'no setting',
    millrace_csv_header: 'nor this',
  };
  assert.deepEqual(settings(variables), {
    'csv-header': 'drop',
    'csv-quoted-newlines': 'true',
    'on-bad-record': 'placeholder',
    'bad-record-placeholder': '',
    'max-bad-records': '5%',
    'max-records-per-mini-batch': '999999999',
  });
  assert.deepEqual(settings({}), {});
});

for (const [name, value, rule] of [
  ['MILLRACE_CSV_HEADERS', 'drop', / Did you mean MILLRACE_CSV_HEADER\?$/],
  ['MILLRACE_', '1', /settings of the job\.$/],
  ['MILLRACE_toString', '1', /settings of the job\.$/],
  ['MILLRACE_CSV_HEADER', 'dropp', /it is one of drop, repeat\. Did you mean drop\?$/],
  ['MILLRACE_CSV_HEADER', '', /it is one of drop, repeat\.$/],
  ['MILLRACE_CSV_QUOTED_NEWLINES', 'false', /its only value is true\.$/],
  ['MILLRACE_CSV_QUOTED_NEWLINES', '1', /its only value is true\.$/],
  ['MILLRACE_MAX_RECORDS_PER_MINI_BATCH', '0', /a whole number from 1 to 999999999\.$/],
  ['MILLRACE_MAX_RECORDS_PER_MINI_BATCH', '1000000000', /a whole number from 1 to 999999999\.$/],
  ['MILLRACE_MAX_RECORDS_PER_MINI_BATCH', '1.5', /a whole number/],
  ['MILLRACE_MAX_RECORDS_PER_MINI_BATCH', '-1', /a whole number/],
  ['MILLRACE_MAX_RECORDS_PER_MINI_BATCH', '', /a whole number/],
] as const) {
  test(`${name}=${value} is refused`, () => {
    assert.throws(
      () => settings({ OTHER: 'x', [name]: value }),
      (error) => {
        assert(error instanceof MillraceError && error.is('InvalidOption'));
        assert.equal(error.details.option, '--environment');
        assert.equal(error.details.value, `${name}=${value}`);
        assert.match(error.message, rule);
        return true;
      },
    );
  });
}
