import type { Inference } from '../invoker.ts';
import type { MiniBatch } from '../mini-batch.ts';
import type { Body } from './body-writer.ts';
import type { MemberIndex } from './member-index.ts';

/** What data processing remembers of one object from one mini-batch to the next. */
export interface ObjectRecords {
  readonly name: string;
  /** Its CSV header with the line end, where it has one. */
  readonly header: Buffer | undefined;
  /** Columns of its header, or of the first row that can be read. */
  columns: number | undefined;
  /** The header as it is sent, once it was made. */
  sentHeader: Buffer | undefined;
}

/** A request's body, made from a mini-batch. */
export interface RequestBody {
  readonly segments: readonly Buffer[];
  readonly bytes: number;
  /** What was found in its records, for `respond`. */
  readonly index?: MemberIndex | undefined;
  /** Gives back what was made for it. To be called once. */
  readonly release: () => void;
}

/**
 * Data processing of one format (behaviour 4): what is sent of each record, and what is written of it and its output. Errors name
 * the record; they are `InputNotParsed`, `OutputNotParsed`, `MismatchedCount`, `RaggedRow`, `IndexOutOfRange`,
 * `FilterSelectsNothing`, `DuplicateAttribute`.
 */
export interface Processing {
  /** @throws MillraceError */
  request(object: ObjectRecords, batch: MiniBatch): RequestBody;
  /**
   * The result of a mini-batch: one line for each record, or one document. It takes the response over, also when it throws.
   *
   * @param index of the request, where it was made from the same mini-batch
   * @throws MillraceError
   */
  respond(object: ObjectRecords, batch: MiniBatch, response: Inference, index?: MemberIndex): Processed;
  /**
   * The first line of an object's result, where it has a header.
   *
   * @param output what the first response says of the output's columns; `undefined` when there is none
   * @throws MillraceError `HeaderInvalid`
   */
  headerLine(object: ObjectRecords, output: OutputHeader | undefined): Buffer | undefined;
  /** A result that nothing can be done with but adding the identifiers. */
  identified(result: Buffer): Buffer;
}

/** What came of a response. */
export interface Processed extends Inference {
  /** True when it refers to the mini-batch's memory, which has to live as long then. */
  readonly refers: boolean;
  readonly header?: OutputHeader | undefined;
}

/** The header of the model's rows: what it put above them, or only how many columns there are. */
export interface OutputHeader {
  readonly columns: number;
  readonly row: Buffer | undefined;
}

/** Identifiers for records (behaviour 4, `GenerateInferenceId`). */
export interface InferenceIds {
  readonly next: () => string;
  /** The job's start, `2022-08-30T00:49:15Z`. */
  readonly time: string;
}

/** A response that became `body`. It is let go of at once, unless the body refers to it. */
export function resultOf(response: Inference, body: Body): Processed {
  const { segments: pieces, bytes, refers } = body;
  if (!refers) response.release();
  const release = (): void => {
    body.release();
    if (refers) response.release();
  };
  return { contentType: response.contentType, pieces, bytes, refers, release };
}
