// The page docs/reference/api.md, from the tables that requests are checked against.
import type { Shape, StructureShape } from '../src/api/constraints/shape.ts';
import { logOperations } from '../src/api/logs/log-operations.ts';
import { operationTable } from '../src/api/operation-table.ts';
import { bucketRoutes, objectRoutes } from '../src/api/s3/operation-table.ts';

/** Members that are checked, kept and shown, and change nothing here. */
const WITHOUT_MEANING = [
  'ExecutionRoleArn',
  'VpcConfig',
  'EnableNetworkIsolation',
  'ImageConfig',
  'InferenceSpecificationName',
  'MultiModelConfig',
  'AdditionalModelDataSources',
  'ExperimentConfig',
  'TransformResources.InstanceType',
  'TransformResources.InstanceCount',
  'TransformResources.VolumeKmsKeyId',
  'TransformResources.TransformAmiVersion',
];

interface Row {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly rules: readonly string[];
}

function* rowsOf(shape: Shape, path: string, required: boolean): Iterable<Row> {
  const rules = 'rules' in shape ? shape.rules.map(({ text }) => text.replace(/^Member must /, '')) : [];
  if (path !== '') yield { path, type: shape.kind === 'document' ? 'structure' : shape.kind, required, rules };
  if (shape.kind === 'list') yield* rowsOf(shape.item, `${path}[]`, false);
  if (shape.kind === 'map') {
    yield* rowsOf(shape.key, `${path} keys`, false);
    yield* rowsOf(shape.value, `${path} values`, false);
  }
  if (shape.kind !== 'structure') return;
  for (const [name, member] of Object.entries(shape.members)) {
    const inner = member.kind === 'required' ? member.shape : member;
    yield* rowsOf(inner, path === '' ? name : `${path}.${name}`, member.kind === 'required');
  }
}

function table(input: StructureShape): string {
  const rows = [...rowsOf(input, '', false)].map(
    ({ path, type, required, rules }) =>
      `| \`${path}\` | ${type} | ${required ? 'yes' : ''} | ${rules.map(code).join('; ')} |`,
  );
  return ['| member | type | required | it must |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** A long list of values is in the API's own reference; the pattern keeps its bars. */
function code(rule: string): string {
  const values = /^satisfy enum value set: \[(.*)\]$/s.exec(rule)?.[1]?.split(', ');
  if (values !== undefined && values.length > 12) return `be one of the original's ${values.length} values`;
  const [, before, pattern] = /^(satisfy regular expression pattern: )(.*)$/s.exec(rule) ?? [];
  const text = pattern === undefined ? rule : `${before}\`${pattern}\``;
  return text.replaceAll('|', '\\|');
}

function s3Operations(): string[] {
  const names = [...bucketRoutes, ...objectRoutes]
    .map(({ run }) => run.name)
    .filter((name) => /^(abort|complete|copy|create|delete|get|head|list|put|upload)[A-Z]/.test(name));
  const known = ['listBuckets', 'createBucket', ...names].map((name) => name[0]?.toUpperCase() + name.slice(1));
  return [...new Set(known)].sort();
}

export function apiPage(header: string): string {
  const operations = Object.entries(operationTable).map(
    ([name, { input }]) =>
      `## ${name}\n\n${name === 'DeleteTransformJob' ? 'Not in the original: removes a job that has ended, with its tags and logs. Its results stay.\n\n' : ''}${table(input)}\n`,
  );
  return `${header}
# The API of millrace serve

Every operation that is answered, and every constraint that its input is held against: \`npm test\` breaks each of them once and expects the
original's message (\`src/api/constraints/tables/tables.test.ts\`), and drives each operation with the SDK (\`test/blackbox/serve-*\`), the
AWS command line and boto3 (\`test/clients\`).

| service | operations |
| --- | --- |
| SageMaker (\`X-Amz-Target: SageMaker.…\`) | ${Object.keys(operationTable).join(', ')} |
| CloudWatch Logs (\`Logs_20140328.…\`) | ${Object.keys(logOperations).join(', ')} |
| STS | GetCallerIdentity |
| S3 | ${s3Operations().join(', ')} |
| without a signature | \`GET /healthz\`, \`GET /readyz\`, \`GET /metrics\` |

Any other operation is refused with an error that says so. Members that are not in these tables are passed over, as in the original.

Checked, kept and shown, but without a meaning here: ${WITHOUT_MEANING.map((name) => `\`${name}\``).join(', ')}.
\`KmsKeyId\` encrypts outputs on a store that does so, and is refused on the one that comes with millrace. \`DescribeTransformJob\` has one
member more, \`TransformProgress\`, with counts of objects, records, bytes, requests and retries.

${operations.join('\n')}`;
}
