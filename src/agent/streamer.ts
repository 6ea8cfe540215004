import type { Clock } from '../core/clock.ts';
import type { MillraceError, Place } from '../core/errors.ts';
import type { ChunkPool } from './chunk-pool.ts';
import { MAX_BODY_TEXT_BYTES, noAnswer, type RequestPlace, refusal } from './exchange-failure.ts';
import { ExchangeError } from './http/connection.ts';
import { requestHeaders } from './invoker.ts';
import type { ObjectOutput } from './object-output.ts';
import { countRequest, type Progress } from './progress.ts';
import type { RecordRules } from './record-rules.ts';
import type { RecordReader } from './record-source.ts';
import { parseRetryAfter, pauseBeforeRetry } from './retry-policy.ts';
import { type StreamedResponse, streamedRequest } from './streamed-request.ts';

/** A container that objects are streamed through. */
export interface StreamedContainer {
  readonly url: URL;
  /** Its name in a pipeline, for messages. */
  readonly name: string | undefined;
}

export interface StreamerOptions {
  readonly containers: readonly StreamedContainer[];
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly pool: ChunkPool;
  readonly rules: RecordRules;
  readonly idleTimeoutMs: number;
  readonly maxRetries: number;
  readonly progress: Progress;
  readonly clock: Clock;
}

/** Sends whole objects while they are read, and writes the responses while they arrive (`MaxPayloadInMB=0`, behaviour 2). */
export class Streamer {
  readonly #options: StreamerOptions;

  constructor(options: StreamerOptions) {
    this.#options = options;
  }

  /**
   * Transforms one object. Its response is handed to `output` as it comes; a try that fails is forgotten there.
   *
   * @param open opens the object from its start, for every try; the reader is closed here
   * @throws MillraceError as for a mini-batch; the signal's reason when it is aborted
   */
  async transform(
    name: string,
    open: () => Promise<RecordReader>,
    output: ObjectOutput,
    signal: AbortSignal,
  ): Promise<void> {
    const { progress, maxRetries, idleTimeoutMs, clock } = this.#options;
    const place = { object: name, record: 0, offset: 0 };
    for (let tries = 1; ; tries++) {
      const counted = { records: 0, bytes: 0 };
      const reader = await open();
      progress.requestsInFlight += 1;
      let failed: Failed;
      try {
        await this.#try(name, place, reader, output, counted, tries, signal);
        progress.records += counted.records;
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Failed)) throw error;
        failed = error;
        progress.bytes -= counted.bytes;
      } finally {
        progress.requestsInFlight -= 1;
        await reader.close();
      }
      const limits = { maxRetries, maxPauseMs: idleTimeoutMs };
      const pauseMs = pauseBeforeRetry(failed.failure, tries, limits, Math.random());
      if (pauseMs === undefined) throw failed.error;
      progress.retries += 1;
      await output.restart();
      await clock.sleep(pauseMs, signal);
    }
  }

  async #try(
    name: string,
    place: Place,
    reader: RecordReader,
    output: ObjectOutput,
    counted: Counted,
    tries: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { containers, accept, idleTimeoutMs, progress } = this.#options;
    let { contentType } = this.#options;
    let sent = 0;
    const source = this.#read(name, reader, counted, signal);
    // Whatever ends the try ends the requests of all containers.
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    try {
      const first = await source.next();
      if (first.done) return; // an empty object has an empty result, and nobody is asked (behaviour 1)
      // In a pipeline the requests of all containers flow at the same time: they count as one.
      progress.requests += 1;
      sent = performance.now();
      let body: AsyncIterable<Buffer> = startingWith(first.value, source);
      for (const [stage, { url, name: container }] of containers.entries()) {
        const headers = requestHeaders(name, contentType, stage === containers.length - 1 ? accept : undefined);
        const request = { url, headers, body, idleTimeoutMs, signal: either };
        const response = await ofContainer(container, () => streamedRequest(request));
        if (response.status < 200 || response.status >= 300) {
          countRequest(progress, response.status, performance.now() - sent);
          throw await this.#refused(response, { ...place, container }, tries);
        }
        ({ contentType } = response);
        body = bodyOfContainer(container, response.body);
      }
      for await (const bytes of body) {
        await output.append({ contentType, pieces: [bytes], bytes: bytes.length, unfinished: true, release });
        if (output.failure !== undefined) throw output.failure.error;
      }
      countRequest(progress, 200, performance.now() - sent);
      await output.append({ contentType, pieces: [], bytes: 0, release });
    } catch (error) {
      if (!(error instanceof ContainerError)) throw error;
      if (!signal.aborted) countRequest(progress, 0, performance.now() - sent);
      throw this.#broken(error.exchange, { ...place, container: error.container }, tries);
    } finally {
      over.abort(new ExchangeError('aborted', 'the try is over'));
      // The reader is closed next, and what was counted is taken back: nobody may read any more.
      await source.return();
    }
  }

  /** The object's bytes, counted, and its records where they can be told. */
  async *#read(
    name: string,
    reader: RecordReader,
    counted: Counted,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer, void, undefined> {
    const { pool, rules, progress } = this.#options;
    const splitter = rules.splitter(name, reader.size);
    let chunk = await pool.acquire(signal);
    let ahead = await pool.acquire(signal);
    let next = reader.read(chunk.buffer);
    let rest = 0;
    try {
      for (let count = await next; count > 0; count = await next) {
        // The next piece is read while this one is sent.
        next = reader.read(ahead.buffer);
        next.catch(() => undefined); // met in the next turn, or of no interest any more
        splitter.scan(chunk.buffer, 0, count, Number.POSITIVE_INFINITY);
        counted.records += splitter.boundary === -1 ? 0 : splitter.records;
        rest = splitter.boundary === -1 ? rest + count : count - splitter.boundary;
        counted.bytes += count;
        progress.bytes += count;
        yield chunk.buffer.subarray(0, count);
        [chunk, ahead] = [ahead, chunk];
      }
      splitter.end();
      if (rest > 0) counted.records += 1;
    } finally {
      await next.catch(() => undefined);
      pool.release(chunk);
      pool.release(ahead);
    }
  }

  async #refused({ status, retryAfter, body }: StreamedResponse, at: RequestPlace, attempts: number): Promise<Failed> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const piece of body) {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes >= MAX_BODY_TEXT_BYTES) break;
      }
    } catch (error) {
      // The status has come, which decides; of the words there are as many as have come.
      if (!(error instanceof ExchangeError)) throw error;
    }
    const retryAfterMs = parseRetryAfter(retryAfter, this.#options.clock.now());
    return new Failed({ kind: 'status', status, retryAfterMs }, refusal(at, status, pieces, attempts));
  }

  #broken(error: ExchangeError, at: RequestPlace, attempts: number): Failed {
    const kind = error.kind === 'aborted' ? 'connection' : error.kind;
    const limits = { timeoutMs: this.#options.idleTimeoutMs, maxResponseBytes: Number.POSITIVE_INFINITY };
    return new Failed({ kind }, noAnswer(at, error, limits, attempts));
  }
}

/** An exchange that broke off, with the container that it was with: through the bodies it reaches whoever reads the last one. */
class ContainerError extends Error {
  readonly exchange: ExchangeError;
  readonly container: string | undefined;

  constructor(exchange: ExchangeError, container: string | undefined) {
    super(exchange.message);
    this.exchange = exchange;
    this.container = container;
  }
}

async function ofContainer<T>(container: string | undefined, exchange: () => Promise<T>): Promise<T> {
  try {
    return await exchange();
  } catch (error) {
    throw error instanceof ExchangeError ? new ContainerError(error, container) : error;
  }
}

async function* bodyOfContainer(
  container: string | undefined,
  body: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    throw error instanceof ExchangeError ? new ContainerError(error, container) : error;
  }
}

async function* startingWith(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield first;
  yield* rest;
}

interface Counted {
  records: number;
  bytes: number;
}

/** A try that has failed: what the retry policy has to know, and what is said when it was the last. */
class Failed extends Error {
  readonly failure: Parameters<typeof pauseBeforeRetry>[0];
  readonly error: MillraceError;

  constructor(failure: Parameters<typeof pauseBeforeRetry>[0], error: MillraceError) {
    super(error.message);
    this.failure = failure;
    this.error = error;
  }
}

function release(): void {}
