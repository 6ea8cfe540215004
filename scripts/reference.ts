// Writes docs/reference from the tables that the code uses; `--check` says whether it is up to date (test/docs.test.ts does).
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandGroup } from '../src/cli/commands/command-group.ts';
import { jobs } from '../src/cli/commands/jobs.ts';
import { modelServeOptions } from '../src/cli/commands/model-serve.ts';
import { models } from '../src/cli/commands/models.ts';
import { type ServiceCommand, usageLine } from '../src/cli/commands/service-command.ts';
import { serviceOptions } from '../src/cli/commands/service-options.ts';
import { transformOptions } from '../src/cli/commands/transform-options.ts';
import { errorTable } from '../src/core/errors.ts';
import type { OptionTable } from '../src/core/option-table.ts';
import { endings } from '../src/jobs/content-defaults.ts';
import { jobSettings } from '../src/jobs/job-settings.ts';
import { type ServeSetting, serveSettings } from '../src/server/serve-settings.ts';

import { apiPage } from './api-reference.ts';

const folder = join(import.meta.dirname, '..', 'docs', 'reference');
const HEADER = '<!-- Written by `npm run docs` from the tables in src/; edit those. -->\n';
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function options(table: OptionTable): string {
  const rows = Object.entries(table).map(([name, spec]) => {
    const flag = `\`--${name}${spec.value === undefined ? '' : ` ${cell(spec.value)}`}\`${spec.repeatable ? ' (repeatable)' : ''}`;
    const range = spec.range === undefined ? '' : ` ${spec.range[0]} to ${spec.range[1].toLocaleString('en-US')}.`;
    return `| ${flag} | ${cell(spec.meaning)}${range} | ${cell(spec.default ?? '')} |`;
  });
  return ['| option | meaning | default |', '| --- | --- | --- |', ...rows].join('\n');
}

function settings(table: Readonly<Record<string, ServeSetting>>): string {
  const rows = Object.entries(table).map(([name, spec]) => {
    const value = spec.value === undefined ? '' : ` ${cell(spec.value)}`;
    const option = spec.secret ? `(\`${name}\`)` : `\`--${name}${value}\``;
    const variable = spec.variable === undefined ? '' : `\`${spec.variable}\``;
    const range = spec.range === undefined ? '' : spec.range.map((bound) => bound.toLocaleString('en-US')).join(' to ');
    const repeatable = spec.repeatable ? ' Repeatable.' : '';
    return `| ${option} | ${variable} | ${cell(spec.default ?? '')} | ${range} | ${cell(spec.meaning)}${repeatable} |`;
  });
  return ['| option | variable | default | range | meaning |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

/** A page of commands that talk to a service; what all of them have stands at its end. */
function commandGroup({ name, meaning, commands }: CommandGroup): string {
  const common: ReadonlySet<object> = new Set(Object.values(serviceOptions));
  const section = (command: ServiceCommand): string => {
    const own = Object.entries(command.options).filter(([, spec]) => !common.has(spec));
    return `## ${usageLine(command).replace(' [options]', '')}

${command.meaning}

\`\`\`
${command.examples.join('\n')}
\`\`\`

${own.length === 0 ? '' : `${options(Object.fromEntries(own))}\n\n`}Exit status: ${command.exit}; 2 wrong usage.
`;
  };
  return `${HEADER}
# millrace ${name}

Commands to ${meaning}: any \`millrace serve\`, or the original.

${commands.map(section).join('\n')}
## Options of all these commands

${options(serviceOptions)}
`;
}

/** The message with its parameters named in angle brackets. */
function template(message: (parameters: never) => string): string {
  const named = new Proxy(
    {},
    { get: (_, name) => (name === 'location' || typeof name === 'symbol' ? '<location>' : `<${name}>`) },
  );
  return message(named as never)
    .replaceAll('NaN', '<record>')
    .replace(/<record>1/g, '<record>');
}

export function pages(): ReadonlyMap<string, string> {
  const formats = [...endings].map(
    ([ending, { contentType, splitType, assembleWith }]) =>
      `| \`${ending}\` | ${contentType} | ${splitType} | ${assembleWith} |`,
  );
  const errors = Object.entries(errorTable).map(
    ([code, { fault, message }]) => `| \`${code}\` | ${fault} | ${cell(template(message))} |`,
  );
  return new Map([
    [
      'transform.md',
      `${HEADER}
# millrace transform

${options(transformOptions)}

## What the objects' ending decides

Where all objects share one of these endings, this is assumed of what the options do not say, and shown when the job starts. \`.gz\` behind it means \`Gzip\`.

| ending | content type | split | assemble |
| --- | --- | --- | --- |
${formats.join('\n')}

## Settings in the environment

These options may also be given as variables of the job (\`--environment NAME=VALUE\`), as clients do that can only send what the
original's API has. A switch is on with \`true\`. Other variables that begin with \`MILLRACE_\` are refused; none is passed on.

| variable | option |
| --- | --- |
${Object.entries(jobSettings)
  .map(([option, { variable }]) => `| \`${variable}\` | \`--${option}\` |`)
  .join('\n')}

## Exit status

| status | meaning |
| --- | --- |
| 0 | all objects are done |
| 1 | some objects failed, or the model server did; the results of the other objects are there |
| 2 | wrong usage or nothing to do, told before anything was started |
| 130 | interrupted with Ctrl-C (143: SIGTERM, 129: SIGHUP, 131: SIGQUIT); requests in flight were given five seconds, whole results are kept |
`,
    ],
    ['api.md', apiPage(HEADER)],
    [
      'config.md',
      `${HEADER}
# Settings of millrace serve

Every setting is an option, a variable of the environment, and a member of the JSON file that \`--config\` names: the first of these that
has it counts. A variable of a setting that may be repeated has one value on each line; the file has a list. Unknown settings are
refused. Access keys are never an option, because everybody on a machine can read the arguments of its processes.

${settings(serveSettings)}
`,
    ],
    ['model-serve.md', `${HEADER}\n# millrace model serve\n\n${options(modelServeOptions)}\n`],
    ['jobs.md', commandGroup(jobs)],
    ['models.md', commandGroup(models)],
    [
      'errors.md',
      `${HEADER}
# Errors

\`usage\` errors are told before anything is started (exit status 2). The others are an object's or the job's; \`client\`,
\`algorithm\`, \`internal\` and \`capacity\` become the prefixes \`ClientError:\`, \`AlgorithmError:\`, \`InternalServerError:\` and
\`CapacityError:\` of the failure reason; a command that talks to a service ends with status 1 for them. Records are counted from 1, bytes from 0.

| code | fault | message |
| --- | --- | --- |
${errors.join('\n')}
`,
    ],
  ]);
}

if (import.meta.main) {
  const check = process.argv.includes('--check');
  for (const [name, text] of pages()) {
    const path = join(folder, name);
    if (!check) await writeFile(path, text);
    else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
      process.stderr.write(`${path} is out of date: npm run docs\n`);
      process.exitCode = 1;
    }
  }
}
