import { randomUUID } from 'node:crypto';
import type { DataSpec } from '../agent/agent.ts';
import { type DataFormat, formatOf } from '../agent/associate/job-processing.ts';
import { type Filter, type JsonPath, parseJsonPath } from '../agent/associate/json-path.ts';
import type { BadRecordLimit, BadRecordPolicy } from '../agent/bad-records.ts';
import type { AssembleWith } from '../agent/object-output.ts';
import type { CompressionType, CsvHeader } from '../agent/record-rules.ts';
import { isRecordWise } from '../agent/settings.ts';
import type { SplitType } from '../agent/split/split.ts';
import { MillraceError } from '../core/errors.ts';
import type { DataDefaults } from './content-defaults.ts';
import type { JobWishes } from './job-wishes.ts';

const FORMATS = 'CSV (text/csv), JSON (application/json) and JSON Lines (application/jsonlines)';

/**
 * What is to be done to the data, by the options and, where they say nothing, by the objects' ending. What does not go together is
 * refused here, before anything is started (behaviour 4).
 *
 * @param startedAt of the job, in milliseconds since the epoch
 * @throws MillraceError `InvalidOption`, `InvalidCombination`, `InvalidJsonPath`
 */
export function dataSpec(wishes: JobWishes, defaults: DataDefaults, startedAt: number): DataSpec {
  const splitType = (wishes.text('split-type') as SplitType | undefined) ?? defaults.splitType;
  const assembleWith = wishes.text('assemble-with') as AssembleWith | undefined;
  const joinSource = (wishes.text('join-source') as 'Input' | 'None' | undefined) ?? 'None';
  const contentType = headerValue(wishes, 'content-type') ?? defaults.contentType;
  const accept = headerValue(wishes, 'accept') ?? (joinSource === 'Input' ? contentType : undefined);
  const [inputFormat, outputFormat] = [formatOf(contentType), formatOf(accept ?? contentType)];
  const time = `${new Date(startedAt).toISOString().slice(0, 19)}Z`;
  const spec: DataSpec = {
    contentType,
    accept,
    splitType,
    compressionType: (wishes.text('compression-type') as CompressionType | undefined) ?? defaults.compressionType,
    assembleWith: assembleWith ?? (splitType === 'Line' ? 'Line' : 'None'),
    inputFilter: filter(wishes, 'input-filter', 'InputFilter', inputFormat),
    joinSource,
    outputFilter: filter(wishes, 'output-filter', 'OutputFilter', outputFormat),
    inferenceIds: wishes.has('generate-inference-id') ? { next: randomUUID, time } : undefined,
    csvHeader: wishes.text('csv-header') as CsvHeader | undefined,
    quotedNewlines: wishes.has('csv-quoted-newlines'),
    maxRecordsPerMiniBatch: wishes.number('max-records-per-mini-batch'),
    badRecords: badRecordPolicy(wishes),
  };
  checkFormats(wishes, spec, inputFormat, outputFormat);
  checkStreaming(wishes, spec);
  return spec;
}

function filter(wishes: JobWishes, option: string, name: Filter, format: DataFormat | undefined): JsonPath | undefined {
  const text = wishes.text(option);
  return text === undefined ? undefined : parseJsonPath(name, text, { csv: format === 'csv' });
}

function badRecordPolicy(wishes: JobWishes): BadRecordPolicy | undefined {
  if (wishes.text('on-bad-record') === 'placeholder') {
    const placeholder = wishes.text('bad-record-placeholder') ?? 'ERROR';
    if (!/[\r\n]/.test(placeholder)) return { placeholder, limit: badRecordLimit(wishes) };
    const rule = 'it stands in place of one line, so it is one.';
    throw new MillraceError('InvalidOption', { option: '--bad-record-placeholder', value: placeholder, rule });
  }
  for (const option of ['bad-record-placeholder', 'max-bad-records']) {
    if (!wishes.has(option)) continue;
    const rule = 'without placeholders the first bad record fails its object. Add --on-bad-record placeholder.';
    throw new MillraceError('InvalidCombination', { options: `--${option} and --on-bad-record fail`, rule });
  }
  return undefined;
}

function badRecordLimit(wishes: JobWishes): BadRecordLimit | undefined {
  const text = wishes.text('max-bad-records');
  if (text === undefined) return undefined;
  const [, number = '', percent] = /^(\d{1,15}(?:\.\d{1,9})?)(%?)$/.exec(text) ?? [];
  if (number !== '' && percent === '%' && Number(number) <= 100) return { percent: Number(number) };
  if (number !== '' && percent === '' && !number.includes('.')) return { count: Number(number) };
  const rule = 'it is a whole number, or a share from 0% to 100%.';
  throw new MillraceError('InvalidOption', { option: '--max-bad-records', value: text, rule });
}

function checkFormats(
  wishes: JobWishes,
  { splitType, assembleWith, contentType, accept, joinSource, csvHeader, quotedNewlines }: DataSpec,
  inputFormat: DataFormat | undefined,
  outputFormat: DataFormat | undefined,
): void {
  const refuse = (what: string, rule: string): never => {
    throw new MillraceError('InvalidCombination', { options: what, rule });
  };
  const type = contentType === undefined ? 'no --content-type' : `--content-type ${contentType}`;
  const result = accept === undefined ? type : `--accept ${accept}`;
  for (const option of ['input-filter', 'join-source', 'output-filter', 'generate-inference-id']) {
    if (!wishes.has(option) || (option === 'join-source' && joinSource === 'None')) continue;
    if (splitType === 'RecordIO' || splitType === 'TFRecord')
      refuse(`--${option} and --split-type ${splitType}`, `only ${FORMATS} can be looked into.`);
    if (option !== 'output-filter' && option !== 'generate-inference-id' && inputFormat === undefined)
      refuse(`--${option} and ${type}`, `only ${FORMATS} can be looked into.`);
    if (option !== 'input-filter' && outputFormat === undefined)
      refuse(`--${option} and ${result}`, `only ${FORMATS} can be looked into.`);
  }
  if (joinSource === 'Input') {
    if (inputFormat !== outputFormat) {
      const rule = 'with --join-source Input the output has the format of the input (Accept equals ContentType).';
      refuse(`${type} and ${result}`, rule);
    }
    if (assembleWith !== splitType) {
      const rule =
        'with --join-source Input results are put together as the input is split (AssembleWith equals SplitType).';
      refuse(`--split-type ${splitType} and --assemble-with ${assembleWith}`, rule);
    }
  }
  for (const [option, asked] of [
    ['csv-header', csvHeader !== undefined],
    ['csv-quoted-newlines', quotedNewlines],
  ] as const) {
    if (asked && inputFormat !== 'csv') refuse(`--${option} and ${type}`, 'it is about CSV (text/csv).');
    if (asked && splitType !== 'Line')
      refuse(`--${option} and --split-type ${splitType}`, 'it is about objects that are cut into lines.');
  }
}

/** Whoever looks at records cannot stream: the whole of an object would have to be kept until its response is there. */
function checkStreaming(wishes: JobWishes, spec: DataSpec): void {
  if (wishes.number('max-payload-in-mb') !== 0) return;
  const refuse = (what: string, rule: string): never => {
    throw new MillraceError('InvalidCombination', { options: what, rule });
  };
  if (wishes.text('batch-strategy') === 'SingleRecord')
    refuse('--max-payload-in-mb 0 and --batch-strategy SingleRecord', 'a streamed object is one request as a whole.');
  if (!isRecordWise(spec)) return;
  const rule =
    'a streamed object is one request as a whole, its records are not looked at. Filters, joins, identifiers, headers, placeholders and limits on records need --max-payload-in-mb from 1 to 100.';
  refuse('--max-payload-in-mb 0 and options about records', rule);
}

/** A header of every request: printable ASCII, 256 characters at the most (API: `ContentType`, `Accept`). */
function headerValue(wishes: JobWishes, name: 'content-type' | 'accept'): string | undefined {
  const value = wishes.text(name);
  if (value === undefined || /^[\x20-\x7e]{1,256}$/.test(value)) return value;
  const rule = 'it is 1 to 256 characters of printable ASCII.';
  throw new MillraceError('InvalidOption', { option: `--${name}`, value, rule });
}
