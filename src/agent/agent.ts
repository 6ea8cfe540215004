import type { Clock } from '../core/clock.ts';
import { asMillraceError, MillraceError } from '../core/errors.ts';
import { orderedMap } from '../core/ordered-map.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { Background } from './background.ts';
import type { ChunkPool } from './chunk-pool.ts';
import { ExchangeError } from './http/connection.ts';
import type { HttpClient } from './http/http-client.ts';
import { inputMemory } from './input-memory.ts';
import { type Inference, Invoker } from './invoker.ts';
import { lineCounter } from './line-count.ts';
import type { MiniBatch } from './mini-batch.ts';
import { accepts } from './model-server.ts';
import { type AssembleWith, ObjectOutput } from './object-output.ts';
import type { Progress } from './progress.ts';
import { type ObjectRun, RecordSource, release, type Work } from './record-source.ts';
import { ResponseBudget } from './response-budget.ts';
import type { Settings } from './settings.ts';
import type { SplitType } from './split/split.ts';

const MIB = 2 ** 20;
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
export function runAgent(tasks: AsyncIterable<AgentTask>, options: AgentOptions): Promise<void> {
  return new Agent(options).run(tasks);
}

class Agent {
  readonly #options: AgentOptions;
  readonly #maxPayloadBytes: number;
  readonly #pool: ChunkPool;
  readonly #budget = new ResponseBudget(MAX_WAITING_RESPONSE_BYTES);
  readonly #invoker: Invoker;
  readonly #hasLinePerRecord = lineCounter();
  readonly #finishing = new Background(FINISHING, MAX_FINISHING_BYTES);
  /** Objects that are begun and not reported. */
  readonly #open = new Set<Run>();
  /** Of the last mini-batch that was sent. */
  #sequence = -1;
  /** The attempt under way to find a server again that refused a connection. */
  #found: Promise<boolean> | undefined;

  constructor(options: AgentOptions) {
    const { settings, client, progress, clock } = options;
    this.#options = options;
    this.#maxPayloadBytes = options.maxPayloadBytes ?? settings.maxPayloadInMB * MIB;
    this.#pool = inputMemory(this.#maxPayloadBytes, settings.maxConcurrentTransforms);
    const invoker = {
      timeoutMs: options.invocationsTimeoutMs,
      maxRetries: options.invocationsMaxRetries,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      contentType: options.contentType,
      accept: options.accept,
    };
    this.#invoker = new Invoker(client, this.#budget, invoker, progress, clock);
  }

  async run(tasks: AsyncIterable<AgentTask>): Promise<void> {
    const { settings, signal } = this.#options;
    const results = orderedMap(
      (sourceSignal) => this.#source(sourceSignal).read(this.#runs(tasks)),
      (work, callSignal) => this.#call(work, callSignal),
      {
        concurrency: settings.maxConcurrentTransforms,
        lookAhead: settings.maxConcurrentTransforms + LOOK_AHEAD,
        weigh: ({ inference }: Result) => inference?.bytes ?? 0,
        maxWeight: MAX_WAITING_RESPONSE_BYTES / 2,
        signal,
      },
    );
    try {
      for await (const result of results) await this.#take(result);
    } catch (error) {
      await this.#finishing.done();
      const reason = signal.aborted ? interrupted(signal) : asMillraceError(error);
      await Promise.all([...this.#open].map((run) => run.output.abort()));
      for (const run of [...this.#open]) this.#report(run, run.failure ?? reason);
      throw error;
    }
    await this.#finishing.done();
  }

  #source(signal: AbortSignal): RecordSource {
    const { input, splitType, settings, drain } = this.#options;
    return new RecordSource({
      store: input,
      pool: this.#pool,
      splitType,
      strategy: settings.batchStrategy,
      maxPayloadBytes: this.#maxPayloadBytes,
      openAhead: FINISHING,
      drain,
      signal,
    });
  }

  async *#runs(tasks: AsyncIterable<AgentTask>): AsyncGenerator<Run, void, undefined> {
    const { output: store, accept, contentType, assembleWith, signal } = this.#options;
    for await (const task of tasks) {
      const key = task.outputKey;
      const output = new ObjectOutput({ store, key, contentType: accept ?? contentType, assembleWith, signal });
      yield { ...task, task, head: this.#invoker.headFor(task.name), output, failure: undefined };
    }
  }

  #call(work: Work<Run>, signal: AbortSignal): Promise<Result> | Result {
    const { run } = work;
    this.#open.add(run);
    if (work.kind === 'end') return { run, sequence: this.#sequence, inference: undefined, end: true };
    this.#sequence += 1;
    return this.#invoke(run, work.batch, this.#sequence, signal);
  }

  async #invoke(run: Run, batch: MiniBatch, sequence: number, signal: AbortSignal): Promise<Result> {
    const { progress } = this.#options;
    let inference: Inference | undefined;
    try {
      if (run.failure === undefined) {
        inference = await this.#invoker.invoke(run.name, run.head, batch, sequence, signal);
        progress.records += batch.records;
        progress.bytes += batch.bytes;
        this.#checkCount(run, batch, inference);
      }
    } catch (error) {
      signal.throwIfAborted();
      run.failure ??= asMillraceError(error);
      if (isRefused(run.failure)) await this.#findServer(run.failure, signal);
    } finally {
      release(this.#pool, batch);
    }
    return { run, sequence, inference, end: false };
  }

  #checkCount(run: Run, { records, record }: MiniBatch, inference: Inference): void {
    const { splitType, accept, contentType, progress } = this.#options;
    if (splitType !== 'Line' || this.#hasLinePerRecord(inference, records, accept ?? contentType)) return;
    progress.miscounted += 1;
    progress.firstMiscounted ??= { object: run.name, record };
  }

  /**
   * Throws `ModelGone` unless a server that refused a connection accepts one within some seconds: failing object after object
   * against one that has gone would take hours and say less. One attempt serves all requests that met the same.
   */
  async #findServer(failure: MillraceError, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    this.#found ??= findAgain(client, clock, signal).finally(() => {
      this.#found = undefined;
    });
    if (await this.#found) return;
    throw new MillraceError('ModelGone', { server: client.host, cause: failure.message });
  }

  /** Takes the results over in the order of the input. */
  async #take({ run, sequence, inference, end }: Result): Promise<void> {
    this.#budget.advance(sequence + 1);
    if (end) return this.#finishing.add(Math.min(run.output.appended, MAX_OUTPUT_BYTES), () => this.#finish(run));
    if (inference === undefined) return;
    if (run.failure === undefined) await run.output.append(inference);
    else inference.release();
    if (run.output.failure !== undefined) run.failure ??= asMillraceError(run.output.failure.error);
  }

  async #finish(run: Run): Promise<void> {
    const { progress, signal } = this.#options;
    try {
      if (run.failure === undefined) {
        await run.output.finish();
        progress.outputBytes += run.output.bytes;
        this.#report(run, undefined);
        return;
      }
    } catch (error) {
      run.failure ??= signal.aborted ? interrupted(signal) : asMillraceError(error);
    }
    await run.output.abort();
    this.#report(run, run.failure);
  }

  /** Reports an object once; afterwards nothing of it is left but its output, if it has one. */
  #report(run: Run, failure: MillraceError | undefined): void {
    if (!this.#open.delete(run)) return;
    const { progress, onReport } = this.#options;
    if (failure === undefined) progress.objectsDone += 1;
    else progress.objectsFailed += 1;
    onReport({ task: run.task, failure });
  }
}

/** True for failures to connect at all; anything else a server can get over, and its other objects go on. */
function isRefused({ cause }: MillraceError): boolean {
  return cause instanceof ExchangeError && cause.kind === 'connect';
}

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
