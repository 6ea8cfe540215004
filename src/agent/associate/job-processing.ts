import type { BlockPool } from '../http/block-pool.ts';
import type { CsvHeader } from '../record-rules.ts';
import type { SplitType } from '../split/split.ts';
import { CsvProcessing } from './csv-processing.ts';
import type { JsonPath } from './json-path.ts';
import { JsonProcessing } from './json-processing.ts';
import type { InferenceIds, Processing } from './processing.ts';

/** Formats whose records can be looked into (behaviour 4). */
export type DataFormat = 'csv' | 'json' | 'json-lines';

export interface DataProcessingSpec {
  readonly inputFilter: JsonPath | undefined;
  readonly joinSource: 'Input' | 'None';
  readonly outputFilter: JsonPath | undefined;
  readonly inferenceIds: InferenceIds | undefined;
}

export interface JobProcessingOptions extends DataProcessingSpec {
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly splitType: SplitType;
  /** True when each record is a request of its own. */
  readonly single: boolean;
  readonly csvHeader: CsvHeader | undefined;
  readonly quotedNewlines: boolean;
  readonly pool: BlockPool;
}

/** The data processing of a job: what is done to requests and to responses, each only where something is. */
export interface JobProcessing {
  readonly requests: Pick<Processing, 'request'> | undefined;
  readonly responses: Pick<Processing, 'respond' | 'headerLine' | 'identified'> | undefined;
  readonly outputFormat: DataFormat | undefined;
}

const FORMATS: readonly (readonly [RegExp, DataFormat])[] = [
  [/^text\/csv$/, 'csv'],
  [/^application\/json$/, 'json'],
  [/^application\/(x-)?(jsonlines|jsonl|ndjson)$/, 'json-lines'],
];

/** The format that a content type names; parameters such as `charset` are ignored (behaviour 4). */
export function formatOf(contentType: string | undefined): DataFormat | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  return FORMATS.find(([pattern]) => pattern.test(type))?.[1];
}

/** Compiled once per job; what does not go together was refused before. */
export function jobProcessing(options: JobProcessingOptions): JobProcessing {
  const inputFormat = formatOf(options.contentType);
  const outputFormat = formatOf(options.accept ?? options.contentType);
  const { inputFilter, outputFilter, inferenceIds, csvHeader } = options;
  const joined = options.joinSource === 'Input';
  const filtersInput = selects(inputFilter) || csvHeader === 'repeat' || (joined && inputFormat === 'csv');
  const input = inputFormat === undefined ? undefined : processingOf(inputFormat, options);
  const output =
    outputFormat === inputFormat || outputFormat === undefined ? input : processingOf(outputFormat, options);
  const keepsHeader = csvHeader !== undefined && outputFormat === 'csv';
  const writes = joined || selects(outputFilter) || inferenceIds !== undefined || keepsHeader;
  return {
    requests: filtersInput ? input : undefined,
    responses: writes ? output : undefined,
    outputFormat,
  };
}

function selects(path: JsonPath | undefined): boolean {
  return path !== undefined && path.steps.length > 0;
}

function processingOf(format: DataFormat, options: JobProcessingOptions): Processing {
  const { inputFilter, outputFilter, inferenceIds, quotedNewlines, pool, splitType, single } = options;
  const common = { inputFilter, outputFilter, inferenceIds, join: options.joinSource === 'Input', pool };
  const splitByLine = splitType === 'Line';
  if (format === 'csv') {
    return new CsvProcessing({
      ...common,
      quotedNewlines,
      splitByLine,
      repeatsHeader: options.csvHeader === 'repeat',
    });
  }
  const document = format === 'json' && (single || !splitByLine);
  return new JsonProcessing({
    ...common,
    format: document ? 'json' : 'json-lines',
    oneLine: document && splitByLine,
    splitByLine,
  });
}

/** What the model would have answered to one record, had it answered `placeholder`. */
export function placeholderText(format: DataFormat | undefined, placeholder: string): Buffer {
  if (format === undefined) return Buffer.from(placeholder);
  if (format === 'csv') {
    const quoted = placeholder === '' || placeholder.includes('"') || placeholder.includes(',');
    return Buffer.from(quoted ? `"${placeholder.replaceAll('"', '""')}"` : placeholder);
  }
  try {
    JSON.parse(placeholder);
    return Buffer.from(placeholder);
  } catch {
    return Buffer.from(JSON.stringify(placeholder));
  }
}
