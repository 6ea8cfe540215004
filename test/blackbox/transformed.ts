import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type RunOptions, Sandbox } from './millrace.ts';
import {
  type Invocation,
  type ModelServer,
  type ModelServerOptions,
  type Reply,
  startModelServer,
} from './model-server.ts';
import type { Ended } from './program.ts';

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}:\[sagemaker logs\]: /;

/** What the tests of data processing look at in the `--json` summary. */
export interface Summary {
  readonly status: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly objects: { readonly total: number; readonly succeeded: number; readonly failed: number };
  readonly records: number;
  readonly badRecords: number;
  readonly requests: number;
  readonly failures: readonly {
    readonly object: string;
    readonly code: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  }[];
}

export interface Job {
  /** Files below `in`. */
  readonly objects: Readonly<Record<string, string | Buffer>>;
  readonly args?: readonly string[];
  readonly invoke?: ModelServerOptions['invoke'];
  /** The exit status; 0 when left out. */
  readonly status?: number;
  readonly options?: RunOptions;
}

export interface Transformed {
  readonly box: Sandbox;
  readonly server: ModelServer;
  readonly run: Ended;
  readonly summary: Summary;
  /** Every file below `out`. */
  readonly out: Readonly<Record<string, string>>;
  /** The lines of the data log, without their times. */
  readonly log: readonly string[];
  /** Bodies of the requests, in the order in which they came. */
  readonly bodies: readonly string[];
}

/** Runs a job of its own, with a model server of its own, to its end. */
export async function transformed(t: TestContext, job: Job): Promise<Transformed> {
  const { objects, args = [], invoke, status = 0, options } = job;
  const box = new Sandbox(t);
  const server = await startModelServer(t, invoke === undefined ? {} : { invoke });
  await box.write(Object.fromEntries(Object.entries(objects).map(([name, content]) => [`in/${name}`, content])));
  return { ...(await again(box, server, args, status, options)), box, server };
}

/** Runs the job in a folder once more. */
export async function again(
  box: Sandbox,
  server: ModelServer,
  args: readonly string[] = [],
  status = 0,
  options?: RunOptions,
): Promise<Omit<Transformed, 'box' | 'server'>> {
  const run = await box.transform(server.url, [...args, '--json'], options);
  assert.equal(run.status, status, run.all);
  const summary = (run.stdout === '' ? {} : JSON.parse(run.stdout)) as Summary;
  const log = run.stderr
    .split('\n')
    .filter((line) => STAMP.test(line))
    .map((line) => line.replace(STAMP, ''));
  return { run, summary, out: await box.tree('out'), log, bodies: server.invocations.map(({ text }) => text) };
}

/** A model that answers one line for each line. */
export function perLine(answer: (line: string, index: number) => string): (invocation: Invocation) => Reply {
  return ({ text }) =>
    linesOf(text)
      .map((line, index) => `${answer(line, index)}\n`)
      .join('');
}

/** The lines of a text without their ends. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.replace(/\r$/, ''));
}
