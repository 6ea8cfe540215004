import { MillraceError } from '../core/errors.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { type BadRecord, type BadRecordPolicy, brokenLimit, errorLine } from './bad-records.ts';
import { type AssembleWith, ObjectOutput } from './object-output.ts';
import type { ObjectHeads } from './pipeline.ts';
import type { Progress } from './progress.ts';
import type { ObjectRun } from './record-source.ts';
import type { Transformed, TransformedObject } from './transformer.ts';

/** What tells the records that could not be transformed is written beside the output under its key and this. */
export const ERRORS_SUFFIX = '.errors.jsonl';

export interface TaskRunOptions {
  readonly output: ObjectStore;
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly assembleWith: AssembleWith;
  readonly badRecords: BadRecordPolicy | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** An object from its first mini-batch to its report. */
export class TaskRun implements ObjectRun, TransformedObject {
  readonly task: { readonly inputKey: string; readonly outputKey: string; readonly name: string };
  readonly heads: ObjectHeads;
  readonly output: ObjectOutput;
  readonly #errors: ObjectOutput;
  readonly #options: TaskRunOptions;
  failure: MillraceError | undefined;
  header: Buffer | undefined;
  columns: number | undefined;
  sentHeader: Buffer | undefined;
  /** Records of the mini-batches that have ended, and those of them that could not be transformed. */
  records = 0;
  bad = 0;
  /** The one that comes first in the object. */
  #firstBad: BadRecord | undefined;

  constructor(task: TaskRun['task'], options: TaskRunOptions) {
    const { output: store, accept, contentType, assembleWith, signal } = options;
    const key = task.outputKey;
    this.task = task;
    this.#options = options;
    this.heads = { object: task.name, made: [] };
    this.output = new ObjectOutput({ store, key, contentType: accept ?? contentType, assembleWith, signal });
    this.#errors = new ObjectOutput({
      store,
      key: key + ERRORS_SUFFIX,
      contentType: 'application/jsonlines',
      assembleWith: 'None',
      signal,
    });
  }

  get inputKey(): string {
    return this.task.inputKey;
  }

  get name(): string {
    return this.task.name;
  }

  addBad(bad: BadRecord): void {
    this.bad += 1;
    this.#options.progress.badRecords += 1;
    if (bad.record < (this.#firstBad?.record ?? Number.POSITIVE_INFINITY)) this.#firstBad = bad;
    this.checkLimit(false);
  }

  /** Fails the object when it has too many bad records. @param complete whether all its records are known */
  checkLimit(complete: boolean): void {
    const { badRecords } = this.#options;
    const limit = badRecords && brokenLimit(badRecords, this.bad, this.records, complete);
    if (limit === undefined) return;
    const first = this.#firstBad?.failure.message ?? '';
    this.failure ??= new MillraceError('TooManyBadRecords', { object: this.name, bad: this.bad, limit, first });
  }

  /** Takes the results over in the order of the records. */
  async append(transformed: Transformed): Promise<void> {
    const lines = transformed.bad.map((one) => errorLine(this.name, one)).join('');
    await this.output.append(transformed);
    if (lines === '') return;
    const bytes = Buffer.from(lines);
    await this.#errors.append({
      contentType: undefined,
      pieces: [bytes],
      bytes: bytes.length,
      release: () => undefined,
    });
  }

  /** Makes the output appear, and what tells of the bad records before it; what an earlier run told of them goes. */
  async finish(): Promise<void> {
    const { badRecords, output: store, signal } = this.#options;
    const errorsKey = this.task.outputKey + ERRORS_SUFFIX;
    if (this.bad > 0) await this.#errors.finish();
    else if (badRecords !== undefined) await store.remove(errorsKey, signal);
    try {
      await this.output.finish();
    } catch (error) {
      if (this.bad > 0) await store.remove(errorsKey, signal).catch(() => undefined);
      throw error;
    }
  }

  /** Removes whatever was written. Never rejects. */
  async abort(): Promise<void> {
    await Promise.all([this.output.abort(), this.#errors.abort()]);
  }
}
