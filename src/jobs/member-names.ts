import type { ErrorCode, MillraceError } from '../core/errors.ts';
import { jobSettings } from './job-settings.ts';

/** The members of the original's API that are named otherwise than the option which says the same. */
const members: Readonly<Record<string, string>> = {
  model: 'ModelName',
  input: 'S3Uri',
  output: 'S3OutputPath',
  's3-data-type': 'S3DataType',
  'data-capture-destination': 'DestinationS3Uri',
  'max-payload-in-mb': 'MaxPayloadInMB',
  'container-name': 'ContainerHostname',
  // The service has images where the command has --serve.
  serve: 'millrace serve --image',
};

/** Options whose name is the member's in kebab-case. */
const alike = [
  'content-type',
  'accept',
  'compression-type',
  'split-type',
  'batch-strategy',
  'max-concurrent-transforms',
  'assemble-with',
  'input-filter',
  'join-source',
  'output-filter',
  'generate-inference-id',
  'invocations-timeout-in-seconds',
  'invocations-max-retries',
  'environment',
];

const names: ReadonlyMap<string, string> = new Map([
  ...Object.entries(members),
  ...alike.map((option) => [option, camel(option)] as const),
  ...Object.entries(jobSettings).map(([option, { variable }]) => [option, variable] as const),
]);

function camel(option: string): string {
  return option.replace(/(^|-)(.)/g, (_, _dash, letter: string) => letter.toUpperCase());
}

/** What stands between quotation marks is the user's, as is `--input` within a key: only a word of a sentence is an option. */
const QUOTE_OR_OPTION = /"[^"]*"|(?<![^\s(])--([a-z][a-z0-9-]*)(?=$|[\s,:;)]|\.(?:\s|$))/g;

/** Errors that end with a model server's own words and name no option of ours. */
const QUOTING: ReadonlySet<ErrorCode> = new Set(['ModelRefused', 'ModelFailed', 'ModelExited']);

/**
 * A message in the words of the API: `--split-type` becomes `SplitType`, or the variable where the API has no member.
 *
 * @param error that the message is of; what some of them quote of a model server's output stays as it is
 */
export function inMemberNames(message: string, error?: MillraceError): string {
  if (error !== undefined && QUOTING.has(error.code)) return message;
  return message.replace(QUOTE_OR_OPTION, (text, name?: string) => (name && names.get(name)) ?? text);
}
