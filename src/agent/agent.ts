import type { Clock } from '../core/clock.ts';
import { asMillraceError, MillraceError } from '../core/errors.ts';
import { orderedMap } from '../core/ordered-map.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { Background } from './background.ts';
import { ChunkPool } from './chunk-pool.ts';
import { ExchangeError } from './http/connection.ts';
import type { HttpClient } from './http/http-client.ts';
import { type Inference, Invoker } from './invoker.ts';
import type { MiniBatch } from './mini-batch.ts';
import { accepts } from './model-server.ts';
import { type AssembleWith, ObjectOutput } from './object-output.ts';
import type { Progress } from './progress.ts';
import { type ObjectRun, RecordSource, release, type Work } from './record-source.ts';
import { ResponseBudget } from './response-budget.ts';
import type { Settings } from './settings.ts';
import type { SplitType } from './split/split.ts';

const MIB = 2 ** 20;
/**
 * Input is read in pieces of about a mini-batch, within these bounds. A piece arrives once per turn of the event loop, and
 * a turn that sends 6 MB takes a millisecond or more: with 1 MiB at a time, reading was what a job of large requests waited for.
 */
const MIN_CHUNK_BYTES = MIB;
const MAX_CHUNK_BYTES = 4 * MIB;
/** Memory for input, but for a record or two of the largest size: 100 MB of open requests and what is read ahead. */
const MAX_INPUT_BYTES = 112 * MIB;
/** Memory for responses that wait for their turn or for the store; the oldest request's may come on top. */
const MAX_WAITING_RESPONSE_BYTES = 40 * MIB;
/** One response; beyond it a smaller mini-batch is the remedy. */
const MAX_RESPONSE_BYTES = 100 * MIB;
/** Results that may wait for an older one: a request that is tried again must not idle the others at once. */
const LOOK_AHEAD = 1000;
/** Outputs that are being finished at once, which hides the latency of the store's last answer. */
const FINISHING = 16;
/** An output that goes to S3 keeps up to this much in parts until it is finished, and all of them together this much. */
const MAX_OUTPUT_BYTES = 24 * MIB;
const MAX_FINISHING_BYTES = 64 * MIB;
/** Pauses between the attempts to reach a server that refuses connections: it may be restarting. */
const GONE_PAUSES_MS = [500, 1000, 2000];

export interface AgentTask {
  readonly inputKey: string;
  readonly outputKey: string;
  readonly name: string;
}

/** How one object ended. */
export interface AgentReport {
  readonly task: AgentTask;
  /** `undefined` when its output is there, whole. */
  readonly failure: MillraceError | undefined;
}

export interface AgentOptions {
  readonly input: ObjectStore;
  readonly output: ObjectStore;
  readonly client: HttpClient;
  readonly settings: Settings;
  /** Only for measurements of small mini-batches; otherwise `settings.maxPayloadInMB` decides. */
  readonly maxPayloadBytes?: number;
  readonly splitType: SplitType;
  readonly assembleWith: AssembleWith;
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly invocationsTimeoutMs: number;
  readonly invocationsMaxRetries: number;
  readonly progress: Progress;
  readonly clock: Clock;
  /** Aborted to end early but well: nothing new is started, requests in flight are answered, what is whole then is kept. */
  readonly drain: AbortSignal;
  /** Aborted to end now. */
  readonly signal: AbortSignal;
  /** Called once per object, in whatever order the objects end. */
  readonly onReport: (report: AgentReport) => void;
}

/** An object from its first mini-batch to its report. */
interface Run extends ObjectRun {
  readonly task: AgentTask;
  readonly head: string;
  readonly output: ObjectOutput;
}

interface Result {
  readonly run: Run;
  /** Of the mini-batch, or of the last one before the end of an object. */
  readonly sequence: number;
  /** `undefined` when the object has failed, and at its end. */
  readonly inference: Inference | undefined;
  readonly end: boolean;
}

/**
 * The agent of one instance: one inference per record, in order. Objects are read one after the other into mini-batches,
 * `maxConcurrentTransforms` of these are at the model server at once, whatever object they belong to, and the answers are put
 * back in order and written. A failure is its object's own; the others go on.
 *
 * @throws MillraceError `ModelGone` when the server stops answering at all; the signal's reason when it is aborted. Objects
 *   that were under way then are reported as failed, with nothing left of their outputs; ones that were not begun are not.
 */
export async function runAgent(tasks: AsyncIterable<AgentTask>, options: AgentOptions): Promise<void> {
  const { settings, progress, client, clock, signal, onReport } = options;
  const maxPayloadBytes = options.maxPayloadBytes ?? settings.maxPayloadInMB * MIB;
  const concurrency = settings.maxConcurrentTransforms;
  const pool = inputMemory(maxPayloadBytes, concurrency);
  const budget = new ResponseBudget(MAX_WAITING_RESPONSE_BYTES);
  const invoker = new Invoker(
    client,
    budget,
    {
      timeoutMs: options.invocationsTimeoutMs,
      maxRetries: options.invocationsMaxRetries,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      contentType: options.contentType,
      accept: options.accept,
    },
    progress,
    clock,
  );
  /** Objects that are begun and not reported. */
  const open = new Set<Run>();
  let sequence = -1;
  let stillThere: Promise<boolean> | undefined;

  async function* runs(): AsyncGenerator<Run, void, undefined> {
    for await (const task of tasks) {
      const output = new ObjectOutput({
        store: options.output,
        key: task.outputKey,
        contentType: options.accept ?? options.contentType,
        assembleWith: options.assembleWith,
        signal,
      });
      yield { ...task, task, head: invoker.headFor(task.name), output, failure: undefined };
    }
  }

  const call = (work: Work<Run>, callSignal: AbortSignal): Promise<Result> | Result => {
    const { run } = work;
    open.add(run);
    if (work.kind === 'end') return { run, sequence, inference: undefined, end: true };
    sequence += 1;
    return invoke(run, work.batch, sequence, callSignal);
  };

  const invoke = async (run: Run, batch: MiniBatch, number: number, callSignal: AbortSignal): Promise<Result> => {
    let inference: Inference | undefined;
    try {
      if (run.failure === undefined) {
        inference = await invoker.invoke(run.name, run.head, batch, number, callSignal);
        progress.records += batch.records;
        progress.bytes += batch.bytes;
      }
    } catch (error) {
      callSignal.throwIfAborted();
      run.failure ??= asMillraceError(error);
      if (isRefused(run.failure)) {
        // One attempt to find the server again serves all requests that met the same.
        stillThere ??= findAgain(client, clock, callSignal).finally(() => {
          stillThere = undefined;
        });
        if (!(await stillThere))
          throw new MillraceError('ModelGone', { server: client.host, cause: run.failure.message });
      }
    } finally {
      release(pool, batch);
    }
    return { run, sequence: number, inference, end: false };
  };

  /** Reports an object once; afterwards nothing of it is left but its output, if it has one. */
  const report = (run: Run, failure: MillraceError | undefined): void => {
    if (!open.delete(run)) return;
    if (failure === undefined) progress.objectsDone += 1;
    else progress.objectsFailed += 1;
    onReport({ task: run.task, failure });
  };

  const finish = async (run: Run): Promise<void> => {
    try {
      if (run.failure === undefined) {
        await run.output.finish();
        progress.outputBytes += run.output.bytes;
        return report(run, undefined);
      }
    } catch (error) {
      run.failure ??= signal.aborted ? interrupted(signal) : asMillraceError(error);
    }
    await run.output.abort();
    report(run, run.failure);
  };

  const finishing = new Background(FINISHING, MAX_FINISHING_BYTES);
  const source = (sourceSignal: AbortSignal) =>
    new RecordSource({
      store: options.input,
      pool,
      splitType: options.splitType,
      strategy: settings.batchStrategy,
      maxPayloadBytes,
      openAhead: FINISHING,
      drain: options.drain,
      signal: sourceSignal,
    }).read(runs());

  try {
    for await (const { run, inference, end, sequence: number } of orderedMap(source, call, {
      concurrency,
      lookAhead: concurrency + LOOK_AHEAD,
      weigh: ({ inference: waiting }) => waiting?.bytes ?? 0,
      maxWeight: MAX_WAITING_RESPONSE_BYTES / 2,
      signal,
    })) {
      budget.advance(number + 1);
      if (end) {
        await finishing.add(Math.min(run.output.appended, MAX_OUTPUT_BYTES), () => finish(run));
      } else if (inference !== undefined) {
        if (run.failure === undefined) await run.output.append(inference);
        else inference.release();
        if (run.output.failure !== undefined) run.failure ??= asMillraceError(run.output.failure.error);
      }
    }
  } catch (error) {
    await finishing.done();
    const reason = signal.aborted ? interrupted(signal) : asMillraceError(error);
    await Promise.all([...open].map((run) => run.output.abort()));
    for (const run of [...open]) report(run, run.failure ?? reason);
    throw error;
  }
  await finishing.done();
}

/**
 * Enough chunks for the open requests and as much again read ahead, within the bound; but always for one mini-batch that
 * straddles its chunks, the rest of another, and the read ahead, without which nothing would move.
 */
function inputMemory(maxPayloadBytes: number, concurrency: number): ChunkPool {
  const chunkBytes = Math.min(Math.max(2 ** Math.ceil(Math.log2(maxPayloadBytes)), MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
  const least = Math.ceil(maxPayloadBytes / chunkBytes) + 3;
  const wanted = Math.ceil((maxPayloadBytes * (concurrency + 1)) / chunkBytes) + 3;
  return new ChunkPool(chunkBytes, Math.max(least, Math.min(wanted, MAX_INPUT_BYTES / chunkBytes)));
}

/** True for failures to connect at all; anything else a server can get over, and its other objects go on. */
function isRefused({ cause }: MillraceError): boolean {
  return cause instanceof ExchangeError && cause.kind === 'connect';
}

/**
 * Whether a server that refused a connection accepts one within some seconds. Failing object after object against one that
 * has gone would take hours and say less.
 */
async function findAgain(client: HttpClient, clock: Clock, signal: AbortSignal): Promise<boolean> {
  for (const pauseMs of GONE_PAUSES_MS) {
    await clock.sleep(pauseMs, signal);
    if (await accepts(client)) return true;
  }
  return false;
}

function interrupted(signal: AbortSignal): MillraceError {
  return signal.reason instanceof MillraceError
    ? signal.reason
    : new MillraceError('Interrupted', { cause: 'the job was interrupted' });
}
