import type { OptionTable } from '../../core/option-table.ts';
import { inputOptions, listOptions, serviceOptions } from './service-options.ts';

/** The options of `millrace models …`, by the last word of the command. */
export const modelsOptions = {
  list: {
    ...listOptions,
    'sort-by': {
      value: 'Name|CreationTime',
      oneOf: ['Name', 'CreationTime'],
      meaning: 'What they are sorted by.',
      default: 'CreationTime',
    },
    ...serviceOptions,
  },
  describe: serviceOptions,
  delete: serviceOptions,
  create: { ...inputOptions, ...serviceOptions },
} as const satisfies Readonly<Record<string, OptionTable>>;
