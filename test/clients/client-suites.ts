import { after, describe, test } from 'node:test';
import { AwsCommand } from './aws-command.ts';
import { findAws, findPython } from './client-program.ts';
import { ClientService, type ServiceOptions } from './client-service.ts';
import { PythonScript } from './python-script.ts';

/** Client programs take most of the time, and one core each. */
const CONCURRENCY = 2;

/** Tests with the AWS command line and a service of their own; one test that is skipped where there is no command line. */
export async function awsSuite(
  title: string,
  define: (aws: AwsCommand) => void,
  options?: ServiceOptions,
): Promise<void> {
  const program = findAws();
  if ('missing' in program) {
    test(title, { skip: program.missing });
    return;
  }
  const service = await ClientService.start(options);
  after(() => service.close());
  const aws = new AwsCommand(program, service);
  describe(`${title}, aws-cli ${program.version}`, { concurrency: CONCURRENCY }, () => define(aws));
}

/** As `awsSuite`, with Python and boto3. */
export async function pythonSuite(
  title: string,
  define: (python: PythonScript) => void,
  options?: ServiceOptions,
): Promise<void> {
  const program = findPython();
  if ('missing' in program) {
    test(title, { skip: program.missing });
    return;
  }
  const service = await ClientService.start(options);
  after(() => service.close());
  const python = new PythonScript(program, service);
  describe(`${title}, boto3 ${program.version}`, { concurrency: CONCURRENCY }, () => define(python));
}
