import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Clock } from '../core/clock.ts';
import { causeOf, type MillraceError, type Place } from '../core/errors.ts';
import { noAnswer, refusal } from './exchange-failure.ts';
import { ExchangeError, type HttpResponse } from './http/connection.ts';
import type { HttpClient } from './http/http-client.ts';
import { countRequest, type Progress } from './progress.ts';
import type { ResponseBudget } from './response-budget.ts';
import { type Failure, parseRetryAfter, pauseBeforeRetry } from './retry-policy.ts';

const decompress = promisify(gunzip);

export interface InvokerOptions {
  readonly timeoutMs: number;
  readonly maxRetries: number;
  readonly maxResponseBytes: number;
  readonly accept: string | undefined;
  /** The container's name in a pipeline, for messages. */
  readonly container: string | undefined;
}

/** What is sent: a mini-batch, or in a pipeline what the container before made of it. */
export interface Invocation {
  /** Where in the input it comes from, for messages. */
  readonly place: Place;
  /** From `headFor`. */
  readonly head: string;
  readonly segments: readonly Buffer[];
  readonly bytes: number;
  /** The mini-batch's place among all of this agent, for the response budget. */
  readonly sequence: number;
  /** Further tries after the first; the option's number when left out. */
  readonly maxRetries: number | undefined;
}

/** The model's answer to one mini-batch. Its memory is accounted in the response budget until its owner releases it, once. */
export interface Inference {
  /** As the response says; `undefined` when it does not. */
  readonly contentType: string | undefined;
  readonly pieces: readonly Buffer[];
  readonly bytes: number;
  /** True when more of the same response follows, as of one that is written while it arrives. */
  readonly unfinished?: boolean;
  release(): void;
}

/** Sends mini-batches to the model server until each has its answer or its retries are used up (behaviour 3). */
export class Invoker {
  readonly #client: HttpClient;
  readonly #budget: ResponseBudget;
  readonly #options: InvokerOptions;
  readonly #progress: Progress;
  readonly #clock: Clock;
  /** Set while a response is decoded. */
  #decoding: Promise<void> | undefined;

  constructor(client: HttpClient, budget: ResponseBudget, options: InvokerOptions, progress: Progress, clock: Clock) {
    this.#client = client;
    this.#budget = budget;
    this.#options = options;
    this.#progress = progress;
    this.#clock = clock;
  }

  /** Everything of a request's head that does not change from one mini-batch of the object to the next. */
  headFor(object: string, contentType: string | undefined): string {
    const headers = requestHeaders(object, contentType, this.#options.accept);
    return [
      'POST /invocations HTTP/1.1',
      `Host: ${this.#client.host}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      'Content-Length: ',
    ].join('\r\n');
  }

  /**
   * @throws MillraceError `ModelRefused`, `ModelFailed`, `ModelUnreachable`, `ModelTimeout`, `ResponseTooLarge`; the
   *   signal's reason when it is aborted
   */
  async invoke(invocation: Invocation, signal: AbortSignal): Promise<Inference> {
    const { head, segments, bytes, sequence, maxRetries = this.#options.maxRetries } = invocation;
    const progress = this.#progress;
    for (let tries = 1; ; tries++) {
      let taken = 0;
      progress.requestsInFlight += 1;
      progress.requests += 1;
      // Not the wall clock, which may be set while a request is under way, and has no fractions of milliseconds.
      const sent = performance.now();
      let attempt: { failure: Failure; error: MillraceError };
      try {
        const response = await this.#client.send({
          head: `${head}${bytes}\r\n\r\n`,
          segments,
          bytes,
          timeoutMs: this.#options.timeoutMs,
          maxResponseBytes: this.#options.maxResponseBytes,
          flow: {
            received: (count, resume) => {
              taken += count;
              return this.#budget.take(sequence, count, resume);
            },
          },
        });
        const { status } = response.head;
        // Without `await` where there is nothing to wait for: this is passed by every request.
        const encoding = response.head.headers.get('content-encoding');
        const inference =
          encoding === undefined ? this.#plain(response) : await this.#decode(encoding, response, sequence, signal);
        countRequest(progress, status, performance.now() - sent);
        if (status >= 200 && status < 300) {
          this.#budget.forget(sequence);
          return inference;
        }
        attempt = this.#badStatus(response, inference, invocation.place, tries);
        inference.release();
      } catch (error) {
        this.#budget.forget(sequence);
        this.#budget.release(taken);
        signal.throwIfAborted();
        if (!(error instanceof ExchangeError)) throw error;
        countRequest(progress, 0, performance.now() - sent);
        attempt = this.#noResponse(error, invocation.place, tries);
      } finally {
        progress.requestsInFlight -= 1;
      }
      const limits = { maxRetries, maxPauseMs: this.#options.timeoutMs };
      const pauseMs = pauseBeforeRetry(attempt.failure, tries, limits, Math.random());
      if (pauseMs === undefined) throw attempt.error;
      progress.retries += 1;
      await this.#clock.sleep(pauseMs, signal);
    }
  }

  #plain({ head, body, bytes, release }: HttpResponse): Inference {
    return {
      contentType: head.headers.get('content-type'),
      pieces: body,
      bytes,
      release: () => {
        release();
        this.#budget.release(bytes);
      },
    };
  }

  /**
   * Only gzip was offered, so only gzip is taken; what it grows to is held against the same limit. What a response grows to is
   * not known before, so one is decoded at a time, when there is room.
   */
  async #decode(header: string, response: HttpResponse, sequence: number, signal: AbortSignal): Promise<Inference> {
    const { body, bytes } = response;
    const encoding = header.toLowerCase();
    if (encoding === 'identity' || bytes === 0) return this.#plain(response);
    if (encoding !== 'gzip' && encoding !== 'x-gzip') {
      throw new ExchangeError('connection', `it sent Content-Encoding "${encoding}" although only gzip was offered`);
    }
    for (;;) {
      await this.#budget.room(sequence, signal);
      if (this.#decoding === undefined) break;
      await this.#decoding;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#decoding = promise;
    try {
      const plain = await decompress(Buffer.concat(body), { maxOutputLength: this.#options.maxResponseBytes });
      // Taken up at once: whoever looks for room next must see it.
      this.#budget.take(sequence, plain.length - bytes, () => undefined);
      this.#budget.forget(sequence);
      const contentType = response.head.headers.get('content-type');
      return { contentType, pieces: [plain], bytes: plain.length, release: () => this.#budget.release(plain.length) };
    } catch (error) {
      const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
      throw new ExchangeError(tooLarge ? 'too-large' : 'connection', `its gzip body is broken: ${causeOf(error)}`);
    } finally {
      response.release();
      this.#decoding = undefined;
      resolve();
    }
  }

  #badStatus(response: HttpResponse, { pieces }: Inference, place: Place, attempts: number) {
    const { status, headers } = response.head;
    const retryAfterMs = parseRetryAfter(headers.get('retry-after'), this.#clock.now());
    const error = refusal({ ...place, container: this.#options.container }, status, pieces, attempts);
    return { failure: { kind: 'status' as const, status, retryAfterMs }, error };
  }

  #noResponse(error: ExchangeError, place: Place, attempts: number) {
    const kind = error.kind === 'aborted' ? 'connection' : error.kind;
    const at = { ...place, container: this.#options.container };
    return { failure: { kind }, error: noAnswer(at, error, this.#options, attempts) };
  }
}

/** The headers of a request for an object (behaviour 3). */
export function requestHeaders(
  object: string,
  contentType: string | undefined,
  accept: string | undefined,
): Record<string, string> {
  return {
    'User-Agent': 'millrace',
    ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
    ...(accept === undefined ? {} : { Accept: accept }),
    'Accept-Encoding': 'gzip',
    'X-Amzn-Sagemaker-Input-Object': headerText(object),
    'X-Amzn-Sagemaker-Input-Object-Base64': Buffer.from(object).toString('base64'),
  };
}

/** Header values are printable ASCII: anything else in a key is percent-encoded, so that no key can add a header. The -Base64 twin has it exactly. */
function headerText(object: string): string {
  return object.replace(/[^\x20-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}
