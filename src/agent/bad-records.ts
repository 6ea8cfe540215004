import type { MillraceError } from '../core/errors.ts';
import type { MiniBatch } from './mini-batch.ts';

/** What is done about a record that cannot be transformed (`--on-bad-record placeholder`). */
export interface BadRecordPolicy {
  /** Stands in the place of its result. */
  readonly placeholder: string;
  /** How many an object may have, as a number or in percent of its records; any number when left out. */
  readonly limit: BadRecordLimit | undefined;
}

export type BadRecordLimit = { readonly count: number } | { readonly percent: number };

/** As the user writes it. */
export function limitText(limit: BadRecordLimit): string {
  return 'count' in limit ? String(limit.count) : `${limit.percent}%`;
}

/** A record that cannot be transformed, and what came of it. */
export interface BadRecord {
  /** From 0. */
  readonly record: number;
  readonly offset: number;
  readonly bytes: number;
  readonly failure: MillraceError;
}

/** A part of a mini-batch after its bad records were found: what the model answered, or one record that is bad. */
export type Part<R> =
  | { readonly batch: MiniBatch; readonly result: R }
  | { readonly batch: MiniBatch; readonly failure: MillraceError };

export interface Isolation<R> {
  /** Tries a part; a single record (`last`) with all the retries there are. */
  readonly attempt: (batch: MiniBatch, last: boolean) => Promise<R | MillraceError>;
  readonly halves: (batch: MiniBatch) => readonly [MiniBatch, MiniBatch];
}

/**
 * Finds the bad records of a mini-batch that has failed, by halving it: about 2·log2(n) requests for one bad record among n. A
 * record counts as bad only after it has failed by itself. The parts come in order, each as soon as it is known.
 */
export async function* isolate<R>(
  batch: MiniBatch,
  failure: MillraceError,
  isolation: Isolation<R>,
): AsyncGenerator<Part<R>, void, undefined> {
  if (batch.records === 1) {
    yield { batch, failure };
    return;
  }
  const [first, second] = isolation.halves(batch);
  let good = true;
  for await (const part of tried(first, isolation)) {
    if ('failure' in part) good = false;
    yield part;
  }
  // The fault must be in the second half when the first is good, which saves a request; unless it is a single record.
  if (good && second.records > 1) yield* isolate(second, failure, isolation);
  else yield* tried(second, isolation);
}

async function* tried<R>(batch: MiniBatch, isolation: Isolation<R>): AsyncGenerator<Part<R>, void, undefined> {
  const outcome = await isolation.attempt(batch, batch.records === 1);
  if (outcome instanceof Error) yield* isolate(batch, outcome, isolation);
  else yield { batch, result: outcome as R };
}

/** A line of `<output>.errors.jsonl`. Records are counted from 1, as in messages; bytes from 0. */
export function errorLine(object: string, { record, offset, bytes, failure }: BadRecord): string {
  const status = failure.is('ModelRefused') || failure.is('ModelFailed') ? failure.details.status : null;
  const body = failure.is('ModelRefused') || failure.is('ModelFailed') ? failure.details.body : null;
  const { code, message } = failure;
  return `${JSON.stringify({ object, record: record + 1, offset, bytes, code, status, body, message })}\n`;
}

/** The limit in words when so many bad records are above it. `records` is what is known of the object; all of it at its end. */
export function brokenLimit(
  { limit }: BadRecordPolicy,
  bad: number,
  records: number,
  complete: boolean,
): string | undefined {
  if (limit === undefined) return undefined;
  if ('count' in limit) return bad > limit.count ? limitText(limit) : undefined;
  return complete && bad * 100 > limit.percent * records ? `${limitText(limit)} of ${records}` : undefined;
}
