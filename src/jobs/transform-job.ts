import { randomUUID } from 'node:crypto';
import { type AgentReport, type AgentTask, type DataSpec, runAgent } from '../agent/agent.ts';
import type { Progress } from '../agent/progress.ts';
import { isRecordWise, type RequestedSettings, type Settings, settle } from '../agent/settings.ts';
import type { Clock } from '../core/clock.ts';
import { asMillraceError, type MillraceError } from '../core/errors.ts';
import type { InstanceDriver } from '../instances/instance.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { type DataCaptureLocations, writeDataCapture } from './data-capture.ts';
import { failureLines, settingsLines } from './data-log.ts';
import { jobFailureReason, objectsFailureReason } from './failure-reason.ts';
import { ModelServers } from './model-servers.ts';
import type { Place, Plan } from './planner.ts';

/** Failed objects whose details are kept; the others are counted. */
const MAX_FAILURES_KEPT = 100;

/** What a job is told to do; never changed once it runs. */
export interface TransformJobSpec {
  /** As the user wrote it, for messages; the objects are in the plan. */
  readonly input: { readonly store: ObjectStore; readonly key: string; readonly text: string };
  readonly output: Place;
  readonly data: DataSpec;
  readonly requested: RequestedSettings;
  /** Where data capture writes its manifests, if it does. */
  readonly capture: Place | undefined;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
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
  /** Where data capture has written what was transformed. */
  readonly capture: DataCaptureLocations | undefined;
  /** Objects that were not begun. */
  readonly notBegun: number;
  /** From the launch of the model server to its readiness, or to the end of the job when it never was. */
  readonly startupMs: number;
  /** From then to the last result; the end of the model server is not in it. */
  readonly transformMs: number;
}

/** What happens while a job runs. */
export interface JobListener {
  /** A line for the data log; of a failed object with its failure, of the values in force without. */
  dataLog(line: string, failure: MillraceError | undefined): void;
  /** An object has ended, one way or the other. */
  reported?(report: AgentReport): void;
  /** The model server is ready: the transform begins. */
  begun(): void;
  /** The last result is there; what remains is to end the model server. */
  ended(): void;
}

/** Where a model server comes from. */
export interface JobContainer {
  readonly driver: InstanceDriver;
  /** Its name in a pipeline; `undefined` when it is the only one. */
  readonly name: string | undefined;
}

export interface TransformJobOptions {
  /** One, or those of an inference pipeline in order. */
  readonly containers: readonly JobContainer[];
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
  const { listener, progress, clock, drain, signal, hurry } = options;
  const launched = clock.now();
  let begun: number | undefined;
  progress.objectsTotal = plan.objects.length;
  progress.bytesTotal = plan.bytes;
  const failures: FailedObject[] = [];
  let settings: Settings | undefined;
  let jobFailure: MillraceError | undefined;
  // Ends the work when a server ends, whoever waits for what at that moment.
  const gone = new AbortController();
  const stop = AbortSignal.any([signal, gone.signal]);
  const servers = new ModelServers(options.containers, gone);

  const succeeded = new Set<AgentTask>();

  const onReport = (report: AgentReport): void => {
    const { task, failure } = report;
    listener.reported?.(report);
    if (failure === undefined) {
      if (spec.capture !== undefined) succeeded.add(task);
      return;
    }
    if (failures.length >= MAX_FAILURES_KEPT) return;
    for (const line of failureLines(task.name, failure, clock.now())) listener.dataLog(line, failure);
    failures.push({ object: task.name, output: spec.output.store.locate(task.outputKey), failure });
  };

  try {
    const containers = await servers.launch(stop);
    // Requests that wait for an answer do not look at signals: closing their connections ends them.
    signal.addEventListener('abort', () => servers.disconnect('the job was stopped'), { once: true });
    const ready = { timeoutMs: spec.startupTimeoutMs, clock, signal: AbortSignal.any([stop, drain]) };
    settings = settle(spec.requested, await servers.offered(ready), isRecordWise(spec.data));
    for (const line of settingsLines(settings, spec.data, clock.now())) listener.dataLog(line, undefined);
    begun = clock.now();
    listener.begun();
    await runAgent(tasksOf(plan), {
      input: spec.input.store,
      output: spec.output.store,
      containers,
      settings,
      ...spec.data,
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
  let capture: DataCaptureLocations | undefined;
  try {
    capture = await captured(spec, plan, succeeded, hurry);
  } catch (error) {
    jobFailure ??= asMillraceError(error);
  }
  servers.disconnect();
  await servers.stop(hurry);

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
    capture,
    notBegun: objectsTotal - objectsDone - objectsFailed,
    startupMs: (begun ?? ended) - launched,
    transformMs: begun === undefined ? 0 : ended - begun,
  };
}

/** Data capture, of the objects that were transformed in the order of the plan (behaviour 4). */
async function captured(
  { capture: destination, startedAt, input, output }: TransformJobSpec,
  plan: Plan,
  succeeded: ReadonlySet<AgentTask>,
  signal: AbortSignal,
): Promise<DataCaptureLocations | undefined> {
  if (destination === undefined) return undefined;
  const objects = plan.objects.filter((object) => succeeded.has(object));
  return writeDataCapture({ destination, uuid: randomUUID(), startedAt, input, output, objects, signal });
}

function reasonOf(
  jobFailure: MillraceError | undefined,
  failures: readonly FailedObject[],
  progress: Progress,
): string {
  if (jobFailure !== undefined) return jobFailureReason(jobFailure);
  const first = failures.map(({ object, failure: { fault, message } }) => ({ object, fault, message }));
  return objectsFailureReason(first, progress.objectsFailed, progress.objectsTotal);
}

async function* tasksOf(plan: Plan): AsyncGenerator<AgentTask, void, undefined> {
  yield* plan.objects;
}
