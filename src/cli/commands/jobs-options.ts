import type { OptionTable } from '../../core/option-table.ts';
import { inputOptions, listOptions, serviceOptions } from './service-options.ts';

/** The options of `millrace jobs …`, by the last word of the command. */
export const jobsOptions = {
  list: {
    status: {
      value: 'S',
      oneOf: ['InProgress', 'Completed', 'Failed', 'Stopping', 'Stopped'],
      meaning: 'Only jobs of this status: InProgress, Completed, Failed, Stopping or Stopped.',
    },
    ...listOptions,
    'sort-by': {
      value: 'Name|CreationTime|Status',
      oneOf: ['Name', 'CreationTime', 'Status'],
      meaning: 'What they are sorted by.',
      default: 'CreationTime',
    },
    ...serviceOptions,
  },
  describe: serviceOptions,
  watch: {
    'interval-in-seconds': {
      value: 'N',
      range: [1, 3600],
      meaning: 'How often the service is asked.',
      default: '1 for a service on this machine, otherwise 5',
    },
    ...serviceOptions,
  },
  stop: { wait: { meaning: 'Return when the job has ended.' }, ...serviceOptions },
  delete: serviceOptions,
  logs: {
    follow: { meaning: 'Go on with new lines until the job has ended. Ctrl-C leaves the job running.' },
    stream: {
      value: 'NAME',
      meaning:
        'Only this stream: data-log (what became of objects), model (what the model server says), the name of a container in a pipeline, or a stream as the service calls it.',
      default: 'all of them, by time',
    },
    ...serviceOptions,
    json: { meaning: 'Print each line as a JSON object: logStreamName, timestamp in milliseconds, message.' },
  },
  create: { ...inputOptions, ...serviceOptions },
} as const satisfies Readonly<Record<string, OptionTable>>;
