import { localTime } from '../local-time.ts';
import { type Column, textTable } from '../text-table.ts';
import { jsonList, listPages, listQuery, MORE, wantedItems } from './list-pages.ts';
import { modelsOptions } from './models-options.ts';
import type { CommandCall, ServiceCommand } from './service-command.ts';

const LISTING = { operation: 'ListModels', member: 'Models' } as const;
const COLUMNS: readonly Column[] = [{ title: 'NAME' }, { title: 'CREATED' }, { title: 'ARN', expendable: 1 }];

interface ModelSummary {
  readonly ModelName?: string;
  readonly ModelArn?: string;
  readonly CreationTime?: number;
}

export const modelsList: ServiceCommand = {
  name: 'models list',
  meaning: 'The models of a service, the newest first.',
  examples: ['millrace models list --name-contains diamonds'],
  options: modelsOptions.list,
  exit: '0 also when there are none; 1 the service refused or did not answer',
  run: list,
};

async function list({ options, service, output, surroundings }: CommandCall): Promise<number> {
  const query = listQuery(options);
  const pages = listPages(service, { ...LISTING, query }, wantedItems(options));
  if (options.has('json')) {
    for await (const text of jsonList(pages, LISTING.member)) {
      await output.write(text);
      if (output.gone.aborted) break;
    }
    return 0;
  }
  const rows: string[][] = [];
  let more: unknown;
  for await (const page of pages) {
    for (const { ModelName = '', ModelArn = '', CreationTime } of page.items as readonly ModelSummary[])
      rows.push([ModelName, CreationTime === undefined ? '' : localTime(CreationTime * 1000), ModelArn]);
    more = page.nextToken;
  }
  const { target } = surroundings;
  if (rows.length === 0) target.write(`No models${Object.keys(query).length > 0 ? ' fit' : ''}.\n`);
  else await output.write(textTable(COLUMNS, rows, output.columns));
  if (more !== undefined) target.write(MORE);
  return 0;
}
