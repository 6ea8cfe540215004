import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { causeOf, MillraceError } from '../../core/errors.ts';
import { describeOptions } from '../../core/option-table.ts';
import { readServeSettings, serveOptions } from '../../server/serve-settings.ts';
import { startService } from '../../server/service.ts';
import { type ServiceConfig, serviceConfig } from '../../server/service-config.ts';
import { printable } from '../printable.ts';
import type { Surroundings } from '../surroundings.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

function help(columns: number): string {
  return `millrace serve: the API of the original, on this machine

Usage
  millrace serve [options]
      Answers the programs that are written for Amazon SageMaker Batch Transform: models and transform jobs, their logs, and an
      S3 for their data, all on one port. Ctrl-C ends it; the next start goes on where it was.

Examples
    millrace serve
    millrace serve --image '*xgboost*=python serve.py' --max-instances 4
    export AWS_ENDPOINT_URL=http://127.0.0.1:9400 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1
    aws s3 mb s3://data && aws s3 cp input1.csv s3://data/in/

Options
${describeOptions(serveOptions, Math.min(columns, 100))}

Every option is also a variable, MILLRACE_PORT for --port, and a member of the file that --config names.
MILLRACE_ACCESS_KEYS=ID:SECRET,… are the keys that may sign requests; without any, every request is answered.
`;
}

/** `millrace serve`: serves until it is told to stop; 0 then, as a server that did what it was asked to. */
export async function serve(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { cwd, environment, stdout, target } = surroundings;
  const settings = await readServeSettings(args, environment, readConfig);
  if (settings.has('help')) {
    stdout.write(help(stdout.columns || 100));
    return 0;
  }
  const config = serviceConfig(settings, cwd);
  const stop = new AbortController();
  const stopped = once(stop.signal, 'abort');
  const onSignal = (): void => {
    // A second signal does not wait: what is cut off now is gone on with by the next start.
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  const say = (line: string): void => void target.write(`${printable(line)}\n`);
  const service = await startService(config, { environment, cwd, say });
  if (!settings.has('quiet')) stdout.write(greeting(service.url, config, cwd));
  if (!stop.signal.aborted) await stopped;
  if (!settings.has('quiet')) say('Stopping: what is under way is given a moment. Once more ends at once.');
  await service.close();
  for (const name of SIGNALS) process.off(name, onSignal);
  return 0;
}

function greeting(url: string, { dataDir, region, accessKeys, s3 }: ServiceConfig, cwd: string): string {
  const [id] = accessKeys?.keys() ?? [];
  const near = relative(cwd, dataDir);
  const keys =
    id === undefined
      ? ['AWS_ACCESS_KEY_ID=millrace', 'AWS_SECRET_ACCESS_KEY=millrace']
      : [`AWS_ACCESS_KEY_ID=${id}`, 'AWS_SECRET_ACCESS_KEY=…'];
  const variables = [`AWS_ENDPOINT_URL=${url}`, ...keys, `AWS_DEFAULT_REGION=${region}`];
  const objects =
    s3 === undefined
      ? 'in its folder s3, as plain files'
      : `at ${s3.endpointUrl ?? 'Amazon S3'}; give clients AWS_ENDPOINT_URL_SAGEMAKER instead`;
  return `millrace serves at ${url}

For every AWS program and SDK:
${variables.map((variable) => `  export ${variable}`).join('\n')}

State in ${near === '' || near.startsWith('..') ? dataDir : near}; objects ${objects}. Ctrl-C ends it.
`;
}

async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const rule = `${causeOf(error)}.`;
    throw new MillraceError('InvalidOption', { option: '--config', value: file, rule });
  }
}
