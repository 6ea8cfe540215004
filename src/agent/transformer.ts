import { asMillraceError, type ErrorCode, MillraceError } from '../core/errors.ts';
import { type JobProcessing, placeholderText } from './associate/job-processing.ts';
import type { ObjectRecords, Processed, RequestBody } from './associate/processing.ts';
import { type BadRecord, type BadRecordPolicy, isolate, type Part } from './bad-records.ts';
import type { Inference } from './invoker.ts';
import type { LineCounter } from './line-count.ts';
import { halves, type MiniBatch } from './mini-batch.ts';
import type { ObjectHeads, Pipeline } from './pipeline.ts';
import type { Progress } from './progress.ts';
import type { RecordRules } from './record-rules.ts';

const NEWLINE = Buffer.from('\n');
const NONE: readonly BadRecord[] = [];
/** For bodies that are the mini-batch's own memory. */
const nothing = (): void => undefined;

/** What becomes of a mini-batch. */
export interface Transformed extends Processed {
  readonly bad: readonly BadRecord[];
}

/** An object as the transformer knows it. */
export interface TransformedObject extends ObjectRecords {
  readonly heads: ObjectHeads;
  /** Why nothing more of it is to be transformed. */
  readonly failure: MillraceError | undefined;
  /** Notes a bad record, and sets `failure` when there are too many. */
  addBad(bad: BadRecord): void;
}

export interface TransformerOptions {
  readonly pipeline: Pipeline;
  readonly rules: RecordRules;
  readonly processing: JobProcessing;
  readonly badRecords: BadRecordPolicy | undefined;
  /** Tells of responses that have a line per record; `undefined` when records are no lines. */
  readonly lineCounter: LineCounter | undefined;
  /** True when results have a line per record, whatever the model ends them with. */
  readonly linesOfResults: boolean;
  readonly progress: Progress;
  /** Waits for a server that refuses connections. @throws MillraceError `ModelGone` */
  readonly findServer: (failure: MillraceError, signal: AbortSignal) => Promise<void>;
}

/** Failures of a mini-batch that one of its records may have brought about. The others are the object's, or the server's. */
const OF_RECORDS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ModelRefused',
  'ModelFailed',
  'ModelUnreachable',
  'ModelTimeout',
  'ResponseTooLarge',
  'InputNotParsed',
  'OutputNotParsed',
  'MismatchedCount',
  'RaggedRow',
  'IndexOutOfRange',
  'FilterSelectsNothing',
  'DuplicateAttribute',
  'RecordTooLarge',
]);

/** Turns mini-batches into results: filter, model, join; and finds the records that cannot be transformed. */
export class Transformer {
  readonly #options: TransformerOptions;

  constructor(options: TransformerOptions) {
    this.#options = options;
  }

  /**
   * Rejects with the MillraceError that says what is wrong with the mini-batch, or the signal's reason when it is aborted. Every
   * request passes here, so what has nothing to add is no async function of its own.
   */
  transform(object: TransformedObject, batch: MiniBatch, sequence: number, signal: AbortSignal): Promise<Transformed> {
    const transformed =
      this.#options.badRecords === undefined
        ? this.#attempt(object, batch, sequence, undefined, signal)
        : this.#withPlaceholders(object, batch, sequence, this.#options.badRecords, signal);
    return object.header === undefined || batch.record > 0 ? transformed : this.#withHeader(object, transformed);
  }

  async #withHeader(object: TransformedObject, awaited: Promise<Transformed>): Promise<Transformed> {
    const transformed = await awaited;
    try {
      const line = this.#options.processing.responses?.headerLine(object, transformed.header);
      if (line === undefined) return transformed;
      const { pieces, bytes } = transformed;
      return { ...transformed, pieces: [line, ...pieces], bytes: line.length + bytes };
    } catch (error) {
      transformed.release();
      throw error;
    }
  }

  async #withPlaceholders(
    object: TransformedObject,
    batch: MiniBatch,
    sequence: number,
    { placeholder }: BadRecordPolicy,
    signal: AbortSignal,
  ): Promise<Transformed> {
    const attempt = (part: MiniBatch, maxRetries?: number): Promise<Transformed | MillraceError> =>
      this.#attempt(object, part, sequence, maxRetries, signal).catch((error: unknown) =>
        this.#failureOfRecords(error, signal),
      );
    const outcome = await attempt(batch);
    if (!(outcome instanceof Error)) return outcome;
    const { rules } = this.#options;
    const parts: Part<Transformed>[] = [];
    const isolation = {
      attempt: (part: MiniBatch, last: boolean) => attempt(part, last ? undefined : 0),
      halves: (part: MiniBatch) => halves(part, rules.splitter(object.name, undefined)),
    };
    try {
      for await (const part of isolate(batch, outcome, isolation)) {
        parts.push(part);
        if ('failure' in part) object.addBad(badRecord(part));
        // Above the limit, or failed by another of its mini-batches: what is left need not be found.
        if (object.failure !== undefined) throw object.failure;
      }
    } catch (error) {
      for (const part of parts) if ('result' in part) part.result.release();
      throw error;
    }
    return this.#assembled(object, parts, placeholder);
  }

  async #attempt(
    object: TransformedObject,
    batch: MiniBatch,
    sequence: number,
    maxRetries: number | undefined,
    signal: AbortSignal,
  ): Promise<Transformed> {
    const { pipeline, processing, badRecords } = this.#options;
    const { record, offset } = batch;
    const place = { object: object.name, record, offset };
    const body = this.#body(object, batch);
    let response: Inference;
    try {
      const { segments, bytes } = body;
      response = await pipeline.invoke(object.heads, { place, segments, bytes, sequence, maxRetries }, signal);
    } finally {
      body.release();
    }
    if (processing.responses !== undefined) {
      return { ...processing.responses.respond(object, batch, response, body.index), bad: [] };
    }
    const lines = this.#options.lineCounter?.(response);
    if (lines !== undefined && lines !== batch.records) {
      if (badRecords !== undefined) {
        response.release();
        throw new MillraceError('MismatchedCount', { ...place, records: batch.records, lines });
      }
      const { progress } = this.#options;
      progress.miscounted += 1;
      progress.firstMiscounted ??= { object: object.name, record };
    }
    const { contentType, pieces, bytes, release } = response;
    return { contentType, pieces, bytes, release, refers: false, bad: NONE };
  }

  #body(object: TransformedObject, batch: MiniBatch): RequestBody {
    const { processing, rules } = this.#options;
    if (processing.requests === undefined) {
      const segments = rules.payload(batch.segments);
      const bytes = segments === batch.segments ? batch.bytes : segments.reduce((sum, { length }) => sum + length, 0);
      return { segments, bytes, release: nothing };
    }
    const body = processing.requests.request(object, batch);
    // A filter that selects an element from both ends makes more of a record than there was.
    if (body.bytes <= rules.maxPayloadBytes) return body;
    body.release();
    const { record, offset } = batch;
    throw new MillraceError('RecordTooLarge', {
      object: object.name,
      record,
      offset,
      limitBytes: rules.maxPayloadBytes,
    });
  }

  /** The error when a record may have brought it about; anything else is thrown. */
  async #failureOfRecords(error: unknown, signal: AbortSignal): Promise<MillraceError> {
    signal.throwIfAborted();
    const failure = asMillraceError(error);
    if (!OF_RECORDS.has(failure.code)) throw error;
    // A record may bring a server down that somebody starts again.
    if (failure.is('ModelUnreachable')) await this.#options.findServer(failure, signal);
    return failure;
  }

  /** Puts the parts together; a placeholder stands for each bad record. */
  #assembled(object: TransformedObject, parts: readonly Part<Transformed>[], placeholder: string): Transformed {
    const pieces: Buffer[] = [];
    const bad: BadRecord[] = [];
    const results: Transformed[] = [];
    let header: Processed['header'];
    for (const part of parts) {
      if ('failure' in part) bad.push(badRecord(part));
      const result = 'result' in part ? part.result : this.#placeholder(object, part.batch, placeholder);
      if ('result' in part) header ??= result.header;
      results.push(result);
      pieces.push(...result.pieces);
      const last = result.pieces.at(-1)?.at(-1);
      // An empty placeholder is a line, too; an empty result of other records may be what a model has for them.
      const isLine = last !== undefined || 'failure' in part;
      if (this.#options.linesOfResults && isLine && last !== NEWLINE[0]) pieces.push(NEWLINE);
    }
    return {
      contentType: undefined,
      pieces,
      bytes: pieces.reduce((sum, { length }) => sum + length, 0),
      refers: results.some(({ refers }) => refers),
      bad,
      header,
      release: () => {
        for (const { release } of results) release();
      },
    };
  }

  /** As if the model had answered it; by itself where the record is so broken that nothing can be joined with it. */
  #placeholder(object: TransformedObject, batch: MiniBatch, placeholder: string): Transformed {
    const { responses, outputFormat } = this.#options.processing;
    const answer = placeholderText(outputFormat, placeholder);
    if (responses === undefined) return asAnswered(answer);
    try {
      return { ...responses.respond(object, batch, asAnswered(answer)), bad: [] };
    } catch (error) {
      if (!(error instanceof MillraceError && OF_RECORDS.has(error.code))) throw error;
      return asAnswered(responses.identified(answer));
    }
  }
}

function badRecord({ batch, failure }: Extract<Part<Transformed>, { failure: MillraceError }>): BadRecord {
  const { record, offset, bytes } = batch;
  return { record, offset, bytes, failure };
}

function asAnswered(text: Buffer): Transformed {
  return {
    contentType: undefined,
    pieces: [text],
    bytes: text.length,
    refers: false,
    bad: [],
    release: () => undefined,
  };
}
