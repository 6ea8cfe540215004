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

/** A message in the words of the API: `--split-type` becomes `SplitType`, or the variable where the API has no member. */
export function inMemberNames(message: string): string {
  return message.replace(/--([a-z][a-z0-9-]*)/g, (option, name: string) => names.get(name) ?? option);
}
