import type { Clock } from '../core/clock.ts';
import { asMillraceError, MillraceError } from '../core/errors.ts';
import { orderedMap } from '../core/ordered-map.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { type DataProcessingSpec, type JobProcessing, jobProcessing } from './associate/job-processing.ts';
import { Background } from './background.ts';
import type { BadRecordPolicy } from './bad-records.ts';
import type { ChunkPool } from './chunk-pool.ts';
import { type Container, containerPipeline, containerStreamer, ServerFinder } from './containers.ts';
import { BlockPool } from './http/block-pool.ts';
import { inputMemory, streamMemory } from './input-memory.ts';
import type { Inference } from './invoker.ts';
import { isLineFormat, lineCounter } from './line-count.ts';
import { type MiniBatch, release } from './mini-batch.ts';
import type { AssembleWith } from './object-output.ts';
import type { Progress } from './progress.ts';
import { type CompressionType, type CsvHeader, RecordRules } from './record-rules.ts';
import { openObject, type RecordReader, RecordSource, type Work } from './record-source.ts';
import { ResponseBudget } from './response-budget.ts';
import type { Settings } from './settings.ts';
import type { SplitType } from './split/split.ts';
import type { Streamer } from './streamer.ts';
import { TaskRun } from './task-run.ts';
import { type Transformed, Transformer } from './transformer.ts';

const MIB = 2 ** 20;
/** Memory for responses that wait for their turn or for the store; the oldest request's may come on top. */
const MAX_WAITING_RESPONSE_BYTES = 40 * MIB;
/** Results that may wait for an older one: a request that is tried again must not idle the others at once. */
const LOOK_AHEAD = 1000;
/** Outputs that are being finished at once, which hides the latency of the store's last answer. */
const FINISHING = 16;
/** An output that goes to S3 keeps up to this much in parts until it is finished, and all of them together this much. */
const MAX_OUTPUT_BYTES = 24 * MIB;
const MAX_FINISHING_BYTES = 64 * MIB;

export interface AgentTask {
  readonly inputKey: string;
  readonly outputKey: string;
  readonly name: string;
}

/** How one object ended. */
export interface AgentReport {
  readonly task: AgentTask;
  /** Of an output that is there: the records in it, unless the object was streamed, and its size in bytes. */
  readonly records: number;
  readonly outputBytes: number;
  /** `undefined` when its output is there, whole. */
  readonly failure: MillraceError | undefined;
}

/** What is done to the data, as the user asked for it. */
export interface DataSpec extends DataProcessingSpec {
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly splitType: SplitType;
  readonly compressionType: CompressionType;
  readonly assembleWith: AssembleWith;
  readonly csvHeader: CsvHeader | undefined;
  readonly quotedNewlines: boolean;
  readonly maxRecordsPerMiniBatch: number | undefined;
  /** `undefined`: a record that cannot be transformed fails its object. */
  readonly badRecords: BadRecordPolicy | undefined;
}

export interface AgentOptions extends DataSpec {
  readonly input: ObjectStore;
  readonly output: ObjectStore;
  /** One, or those of an inference pipeline in order. */
  readonly containers: readonly Container[];
  readonly settings: Settings;
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

interface Result {
  readonly run: TaskRun;
  /** Of the mini-batch, or of the last one before the end of an object. */
  readonly sequence: number;
  /** `undefined` when the object has failed or was streamed, and at its end. */
  readonly transformed: Transformed | undefined;
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
  readonly #rules: RecordRules;
  readonly #pool: ChunkPool;
  readonly #budget = new ResponseBudget(MAX_WAITING_RESPONSE_BYTES);
  readonly #processing: JobProcessing;
  readonly #transformer: Transformer;
  readonly #streamer: Streamer;
  readonly #finder: ServerFinder;
  readonly #finishing = new Background(FINISHING, MAX_FINISHING_BYTES);
  /** Objects that are begun and not reported. */
  readonly #open = new Set<TaskRun>();
  /** Of the last mini-batch that was sent. */
  #sequence = -1;

  constructor(options: AgentOptions) {
    const { settings, splitType, accept, contentType, progress, badRecords, clock } = options;
    const maxPayloadBytes = settings.maxPayloadInMB === 0 ? Number.POSITIVE_INFINITY : settings.maxPayloadInMB * MIB;
    const single = settings.batchStrategy === 'SingleRecord';
    this.#options = options;
    this.#processing = jobProcessing({ ...options, single, pool: new BlockPool() });
    this.#rules = new RecordRules({
      ...options,
      batchStrategy: settings.batchStrategy,
      maxPayloadBytes,
      maxRecords: options.maxRecordsPerMiniBatch,
      processed: this.#processing.requests !== undefined || this.#processing.responses !== undefined,
    });
    const { maxConcurrentTransforms } = settings;
    this.#pool = this.#rules.streamed
      ? streamMemory(maxConcurrentTransforms)
      : inputMemory(this.#rules.limits.maxBytes, maxConcurrentTransforms);
    this.#finder = new ServerFinder(options.containers, clock);
    this.#transformer = new Transformer({
      pipeline: containerPipeline(options, this.#budget),
      rules: this.#rules,
      processing: this.#processing,
      badRecords,
      lineCounter: splitType === 'Line' ? lineCounter(accept ?? contentType, options.quotedNewlines) : undefined,
      linesOfResults: options.assembleWith === 'Line' || (splitType === 'Line' && isLineFormat(accept ?? contentType)),
      progress,
      findServer: (failure, signal) => this.#finder.find(failure, signal),
    });
    this.#streamer = containerStreamer(options, this.#rules, this.#pool);
  }

  async run(tasks: AsyncIterable<AgentTask>): Promise<void> {
    const { settings, signal } = this.#options;
    const results = orderedMap(
      (sourceSignal) => this.#source(sourceSignal).read(this.#runs(tasks)),
      (work, callSignal) => this.#call(work, callSignal),
      {
        concurrency: settings.maxConcurrentTransforms,
        lookAhead: settings.maxConcurrentTransforms + LOOK_AHEAD,
        weigh: ({ transformed }: Result) => transformed?.bytes ?? 0,
        maxWeight: MAX_WAITING_RESPONSE_BYTES / 2,
        signal,
      },
    );
    try {
      for await (const result of results) await this.#take(result);
    } catch (error) {
      await this.#finishing.done();
      const reason = signal.aborted ? interrupted(signal) : asMillraceError(error);
      await Promise.all([...this.#open].map((run) => run.abort()));
      for (const run of [...this.#open]) this.#report(run, run.failure ?? reason);
      throw error;
    }
    await this.#finishing.done();
  }

  #source(signal: AbortSignal): RecordSource {
    const { input: store, drain } = this.#options;
    return new RecordSource({ store, pool: this.#pool, rules: this.#rules, openAhead: FINISHING, drain, signal });
  }

  async *#runs(tasks: AsyncIterable<AgentTask>): AsyncGenerator<TaskRun, void, undefined> {
    for await (const task of tasks) yield new TaskRun(task, this.#options);
  }

  #call(work: Work<TaskRun>, signal: AbortSignal): Promise<Result> | Result {
    const { run } = work;
    this.#open.add(run);
    if (work.kind === 'end') return { run, sequence: this.#sequence, transformed: undefined, end: true };
    this.#sequence += 1;
    return work.kind === 'stream'
      ? this.#stream(work, this.#sequence, signal)
      : this.#invoke(work, this.#sequence, signal);
  }

  async #invoke(
    { run, batch, sourceBytes }: Extract<Work<TaskRun>, { kind: 'batch' }>,
    sequence: number,
    signal: AbortSignal,
  ): Promise<Result> {
    const { progress } = this.#options;
    let transformed: Transformed | undefined;
    try {
      if (run.failure === undefined) {
        transformed = await this.#transformer.transform(run, batch, sequence, signal);
        progress.records += batch.records;
        progress.bytes += sourceBytes;
      }
    } catch (error) {
      signal.throwIfAborted();
      run.failure ??= asMillraceError(error);
      await this.#finder.find(run.failure, signal);
    } finally {
      if (!transformed?.refers) release(this.#pool, batch);
    }
    run.records += batch.records;
    if (transformed?.refers) transformed = this.#keeping(transformed, batch);
    return { run, sequence, transformed, end: false };
  }

  /** A result that refers to its mini-batch lets it go when it is written. */
  #keeping(transformed: Transformed, batch: MiniBatch): Transformed {
    const released = (): void => {
      transformed.release();
      release(this.#pool, batch);
    };
    return { ...transformed, release: released };
  }

  async #stream(
    { run, take }: Extract<Work<TaskRun>, { kind: 'stream' }>,
    sequence: number,
    signal: AbortSignal,
  ): Promise<Result> {
    const { input: store } = this.#options;
    let opened: RecordReader | undefined = take();
    const open = async (): Promise<RecordReader> => {
      const reader = opened ?? (await openObject({ store, rules: this.#rules, signal }, run));
      opened = undefined;
      return reader;
    };
    try {
      if (run.failure === undefined) await this.#streamer.transform(run.name, open, run.output, signal);
    } catch (error) {
      signal.throwIfAborted();
      run.failure ??= asMillraceError(error);
      await this.#finder.find(run.failure, signal);
    } finally {
      await opened?.close();
    }
    return { run, sequence, transformed: undefined, end: false };
  }

  /** Takes the results over in the order of the input. */
  async #take({ run, sequence, transformed, end }: Result): Promise<void> {
    this.#budget.advance(sequence + 1);
    if (end) {
      this.#addHeader(run);
      return this.#finishing.add(Math.min(run.output.appended, MAX_OUTPUT_BYTES), () => this.#finish(run));
    }
    if (transformed === undefined) return;
    if (run.failure === undefined) await run.append(transformed);
    else transformed.release();
    if (run.output.failure !== undefined) run.failure ??= asMillraceError(run.output.failure.error);
  }

  /** An object that has a header and no record is a result with a header. */
  #addHeader(run: TaskRun): void {
    if (run.failure !== undefined || run.header === undefined || run.records > 0) return;
    try {
      const header = this.#processing.responses?.headerLine(run, undefined);
      if (header !== undefined) void run.output.append(written(header));
    } catch (error) {
      run.failure = asMillraceError(error);
    }
  }

  async #finish(run: TaskRun): Promise<void> {
    const { progress, signal } = this.#options;
    try {
      run.checkLimit(true);
      if (run.failure === undefined) {
        await run.finish();
        progress.outputBytes += run.output.bytes;
        this.#report(run, undefined);
        return;
      }
    } catch (error) {
      run.failure ??= signal.aborted ? interrupted(signal) : asMillraceError(error);
    }
    await run.abort();
    this.#report(run, run.failure);
  }

  /** Reports an object once; afterwards nothing of it is left but its output, if it has one. */
  #report(run: TaskRun, failure: MillraceError | undefined): void {
    if (!this.#open.delete(run)) return;
    const { progress, onReport } = this.#options;
    if (failure === undefined) progress.objectsDone += 1;
    else {
      progress.objectsFailed += 1;
      progress.badRecords -= run.bad; // nothing of its output is there, and so no placeholder
    }
    const [records, outputBytes] = failure === undefined ? [run.records, run.output.bytes] : [0, 0];
    onReport({ task: run.task, records, outputBytes, failure });
  }
}

function interrupted(signal: AbortSignal): MillraceError {
  return signal.reason instanceof MillraceError
    ? signal.reason
    : new MillraceError('Interrupted', { cause: 'the job was interrupted' });
}

function written(text: Buffer): Inference {
  return { contentType: undefined, pieces: [text], bytes: text.length, release: () => undefined };
}
