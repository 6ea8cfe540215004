/**
 * Settings of a job that the original's API has no member for: on the command line an option, in a job's `Environment` a
 * variable, so that any client can send them. Such variables are never passed on to the model server.
 */
export const jobSettings = {
  'csv-header': 'MILLRACE_CSV_HEADER',
  'csv-quoted-newlines': 'MILLRACE_CSV_QUOTED_NEWLINES',
  'on-bad-record': 'MILLRACE_ON_BAD_RECORD',
  'bad-record-placeholder': 'MILLRACE_BAD_RECORD_PLACEHOLDER',
  'max-bad-records': 'MILLRACE_MAX_BAD_RECORDS',
  'max-records-per-mini-batch': 'MILLRACE_MAX_RECORDS_PER_MINI_BATCH',
} as const satisfies Readonly<Record<string, `MILLRACE_${string}`>>;

/** What all of them begin with; no other variable of a job may. */
export const JOB_SETTING_PREFIX = 'MILLRACE_';
