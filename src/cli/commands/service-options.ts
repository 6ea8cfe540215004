import type { OptionTable } from '../../core/option-table.ts';

/** What every command has that talks to a service. */
export const serviceOptions = {
  'endpoint-url': {
    value: 'URL',
    meaning:
      'The service: any millrace serve, or the original, as https://api.sagemaker.us-east-1.amazonaws.com. Requests are signed with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (on this machine with any key, if these are not set) for AWS_REGION or AWS_DEFAULT_REGION.',
    default: 'MILLRACE_ENDPOINT_URL, AWS_ENDPOINT_URL_SAGEMAKER or AWS_ENDPOINT_URL, otherwise http://127.0.0.1:9400',
  },
  json: { meaning: 'Print what the service answered, as one JSON document, and nothing else to standard output.' },
  help: { meaning: 'Print this page.' },
} as const satisfies OptionTable;

/** How lists can be asked for. */
export const listOptions = {
  'name-contains': { value: 'TEXT', meaning: 'Only those with this in their names: letters, digits and "-".' },
  'max-items': {
    value: 'N',
    range: [1, 10_000],
    meaning: 'How many are shown.',
    default: '20; with --json all of them',
  },
  'sort-order': {
    value: 'Ascending|Descending',
    oneOf: ['Ascending', 'Descending'],
    meaning: 'Which come first.',
    default: 'Descending',
  },
} as const satisfies OptionTable;

export const DEFAULT_ITEMS = 20;

export const inputOptions = {
  'cli-input-json': {
    value: 'FILE',
    meaning:
      'The request, as the AWS command line takes it: a file with its members as JSON (file://FILE is the same), - for standard input, or the JSON itself.',
  },
} as const satisfies OptionTable;
