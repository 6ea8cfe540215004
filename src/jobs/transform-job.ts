import { type AgentReport, type AgentTask, runAgent } from '../agent/agent.ts';
import { HttpClient } from '../agent/http/http-client.ts';
import { awaitReady, executionParameters } from '../agent/model-server.ts';
import type { AssembleWith } from '../agent/object-output.ts';
import type { Progress } from '../agent/progress.ts';
import { type RequestedSettings, type Settings, settle } from '../agent/settings.ts';
import type { SplitType } from '../agent/split/split.ts';
import type { Clock } from '../core/clock.ts';
import { asMillraceError, MillraceError } from '../core/errors.ts';
import type { Instance, InstanceDriver } from '../instances/instance.ts';
import { failureLines, settingsLine } from './data-log.ts';
import { jobFailureReason, objectsFailureReason } from './failure-reason.ts';
import type { Place, Plan } from './planner.ts';

/** Failed objects whose details are kept; the others are counted. */
const MAX_FAILURES_KEPT = 100;

/** What a job is told to do; never changed once it runs. */
export interface TransformJobSpec {
  readonly input: Place;
  readonly output: Place;
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly splitType: SplitType;
  readonly assembleWith: AssembleWith;
  readonly requested: RequestedSettings;
  readonly invocationsTimeoutMs: number;
  readonly invocationsMaxRetries: number;
  readonly startupTimeoutMs: number;
}

export interface FailedObject {
  readonly object: string;
  readonly output: string;
  readonly failure: MillraceError;
}

/** How a job ended. */
export interface JobOutcome {
  readonly status: 'Completed' | 'Failed' | 'Stopped';
  readonly failureReason: string | undefined;
  /** What ended the job as a whole, when it was not its objects. */
  readonly jobFailure: MillraceError | undefined;
  /** `undefined` when the model server never got as far as being asked. */
  readonly settings: Settings | undefined;
  /** The first failed objects, at most 100. */
  readonly failures: readonly FailedObject[];
  /** Objects that were not begun. */
  readonly notBegun: number;
  /** From the launch of the model server to its readiness, or to the end of the job when it never was. */
  readonly startupMs: number;
  /** From then to the last result; the end of the model server is not in it. */
  readonly transformMs: number;
}

/** What happens while a job runs. */
export interface JobListener {
  /** A line for the data log; `failure` tells those of a failed object from the values in force. */
  dataLog(line: string, failure: boolean): void;
  /** The model server is ready: the transform begins. */
  begun(): void;
  /** The last result is there; what remains is to end the model server. */
  ended(): void;
}

export interface TransformJobOptions {
  readonly driver: InstanceDriver;
  readonly listener: JobListener;
  /** Counted up by the job, to be read at any time. */
  readonly progress: Progress;
  readonly clock: Clock;
  /** Aborted to end early but well: requests in flight are answered, whole outputs are kept. */
  readonly drain: AbortSignal;
  /** Aborted to end now. */
  readonly signal: AbortSignal;
  /** Aborted when not even the model server's own end is to be waited for. */
  readonly hurry: AbortSignal;
}

/** Runs a planned job to its end on one instance. Everything that it starts is gone when it resolves; it does not reject. */
export async function runTransformJob(
  spec: TransformJobSpec,
  plan: Plan,
  options: TransformJobOptions,
): Promise<JobOutcome> {
  const { driver, listener, progress, clock, drain, signal } = options;
  const launched = clock.now();
  let begun: number | undefined;
  progress.objectsTotal = plan.objects.length;
  progress.bytesTotal = plan.bytes;
  const failures: FailedObject[] = [];
  let settings: Settings | undefined;
  let jobFailure: MillraceError | undefined;
  let instance: Instance | undefined;
  // Ends the work when the server does, whoever waits for what at that moment.
  const gone = new AbortController();
  const stop = AbortSignal.any([signal, gone.signal]);
  let client: HttpClient | undefined;

  const onReport = ({ task, failure }: AgentReport): void => {
    if (failure === undefined) return;
    if (failures.length >= MAX_FAILURES_KEPT) return;
    for (const line of failureLines(task.name, failure, clock.now())) listener.dataLog(line, true);
    failures.push({ object: task.name, output: spec.output.store.locate(task.outputKey), failure });
  };

  try {
    instance = await driver.launch(stop);
    const { url, exited, lastWords } = instance;
    const server = new HttpClient(url);
    client = server;
    void exited.then((how) => {
      gone.abort(new MillraceError('ModelExited', { how, output: lastWords() }));
      server.close('the model server ended');
    });
    // Requests that wait for an answer do not look at signals: closing their connections ends them.
    signal.addEventListener('abort', () => server.close('the job was stopped'), { once: true });
    await awaitReady(server, { timeoutMs: spec.startupTimeoutMs, clock, signal: AbortSignal.any([stop, drain]) });
    settings = settle(spec.requested, await executionParameters(server));
    listener.dataLog(settingsLine(settings, clock.now()), false);
    begun = clock.now();
    listener.begun();
    await runAgent(tasksOf(plan), {
      input: spec.input.store,
      output: spec.output.store,
      client: server,
      settings,
      splitType: spec.splitType,
      assembleWith: spec.assembleWith,
      contentType: spec.contentType,
      accept: spec.accept,
      invocationsTimeoutMs: spec.invocationsTimeoutMs,
      invocationsMaxRetries: spec.invocationsMaxRetries,
      progress,
      clock,
      drain,
      signal: stop,
      onReport,
    });
  } catch (error) {
    const wanted = signal.aborted || drain.aborted;
    if (!wanted) jobFailure = asMillraceError(gone.signal.aborted ? gone.signal.reason : error);
  }
  const ended = clock.now();
  listener.ended();
  client?.close();
  await instance?.stop(options.hurry);

  const { objectsDone, objectsFailed, objectsTotal } = progress;
  const interrupted = signal.aborted || drain.aborted;
  const status =
    objectsDone === objectsTotal && jobFailure === undefined ? 'Completed' : interrupted ? 'Stopped' : 'Failed';
  return {
    status,
    failureReason: status === 'Failed' ? reasonOf(jobFailure, failures, progress) : undefined,
    jobFailure,
    settings,
    failures,
    notBegun: objectsTotal - objectsDone - objectsFailed,
    startupMs: (begun ?? ended) - launched,
    transformMs: begun === undefined ? 0 : ended - begun,
  };
}

function reasonOf(
  jobFailure: MillraceError | undefined,
  failures: readonly FailedObject[],
  progress: Progress,
): string {
  if (jobFailure !== undefined) return jobFailureReason(jobFailure);
  return objectsFailureReason(failures, progress.objectsFailed, progress.objectsTotal);
}

async function* tasksOf(plan: Plan): AsyncGenerator<AgentTask, void, undefined> {
  yield* plan.objects;
}
