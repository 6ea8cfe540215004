import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

/** A program of other people, as it is installed here. */
export interface ClientProgram {
  readonly file: string;
  /** Of the program or, for Python, of boto3: `2.9.19`. */
  readonly version: string;
  /** It asks `AWS_ENDPOINT_URL` for the endpoint; older ones have to be told otherwise. */
  readonly readsEndpointUrl: boolean;
}

/** Why there is none. */
export interface MissingProgram {
  readonly missing: string;
}

/** The AWS command line: `MILLRACE_TEST_AWS`, or the first `aws` of PATH. */
export function findAws(): ClientProgram | MissingProgram {
  const found = firstOf('MILLRACE_TEST_AWS', ['aws'], (file) => {
    const version = /^aws-cli\/(\d+\.\d+\.\d+)/.exec(answer(file, '--version') ?? '')?.[1];
    // Since 1.29 and 2.13.
    const since = version?.startsWith('1.') ? [1, 29] : [2, 13];
    return version === undefined ? undefined : { file, version, readsEndpointUrl: atLeast(version, since) };
  });
  return found ?? { missing: 'no AWS command line here: apt-get install awscli, or set MILLRACE_TEST_AWS' };
}

/** A Python that has boto3: `MILLRACE_TEST_PYTHON`, the first `python3` of PATH, or Debian's, for which boto3 is a package. */
export function findPython(): ClientProgram | MissingProgram {
  const found = firstOf('MILLRACE_TEST_PYTHON', ['python3', '/usr/bin/python3'], (file) => {
    const version = answer(file, '-c', 'import boto3; print(boto3.__version__)')?.trim();
    return version ? { file, version, readsEndpointUrl: atLeast(version, [1, 28]) } : undefined;
  });
  return found ?? { missing: 'no Python with boto3 here: apt-get install python3-boto3, or set MILLRACE_TEST_PYTHON' };
}

/** A program that was asked for by name and is not what it should be is a fault, no reason to skip. */
function firstOf(
  variable: string,
  usual: readonly string[],
  examine: (file: string) => ClientProgram | undefined,
): ClientProgram | undefined {
  const given = process.env[variable];
  for (const file of given ? [given] : usual) {
    const program = examine(file);
    if (program !== undefined) return program;
  }
  assert(!given, `${variable}=${given} does not answer as it should`);
  return undefined;
}

function answer(file: string, ...args: string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 30_000 });
  return status === 0 ? stdout || stderr : undefined;
}

function atLeast(version: string, [major = 0, minor = 0]: readonly number[]): boolean {
  const [ours = 0, theirs = 0] = version.split('.').map(Number);
  return ours > major || (ours === major && theirs >= minor);
}
