import type { Clock } from '../core/clock.ts';
import { MillraceError } from '../core/errors.ts';
import type { ChunkPool } from './chunk-pool.ts';
import { ExchangeError } from './http/connection.ts';
import type { HttpClient } from './http/http-client.ts';
import { Invoker } from './invoker.ts';
import { accepts } from './model-server.ts';
import { Pipeline } from './pipeline.ts';
import type { Progress } from './progress.ts';
import type { RecordRules } from './record-rules.ts';
import type { ResponseBudget } from './response-budget.ts';
import { Streamer } from './streamer.ts';

/** One response; beyond it a smaller mini-batch is the remedy. */
const MAX_RESPONSE_BYTES = 100 * 2 ** 20;
/** Pauses between the attempts to reach a server that refuses connections: it may be restarting. */
const GONE_PAUSES_MS = [500, 1000, 2000];

/** A model server of the instance; in a pipeline there are several, each with a name. */
export interface Container {
  readonly client: HttpClient;
  readonly name: string | undefined;
}

interface RequestOptions {
  readonly containers: readonly Container[];
  readonly contentType: string | undefined;
  /** Asked of the last container: only its answer is the result. */
  readonly accept: string | undefined;
  readonly invocationsTimeoutMs: number;
  readonly invocationsMaxRetries: number;
  readonly progress: Progress;
  readonly clock: Clock;
}

/** The containers as mini-batches are sent through them. */
export function containerPipeline(options: RequestOptions, budget: ResponseBudget): Pipeline {
  const { containers, progress, clock } = options;
  const invokers = containers.map(({ client, name }, stage) => {
    const invoker = {
      timeoutMs: options.invocationsTimeoutMs,
      maxRetries: options.invocationsMaxRetries,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      accept: stage === containers.length - 1 ? options.accept : undefined,
      container: name,
    };
    return new Invoker(client, budget, invoker, progress, clock);
  });
  return new Pipeline(invokers, options.contentType);
}

/** The containers as whole objects are streamed through them. */
export function containerStreamer(options: RequestOptions, rules: RecordRules, pool: ChunkPool): Streamer {
  const { containers, contentType, accept, progress, clock } = options;
  return new Streamer({
    containers: containers.map(({ client, name }) => ({ url: client.url, name })),
    contentType,
    accept,
    pool,
    rules,
    idleTimeoutMs: options.invocationsTimeoutMs,
    maxRetries: options.invocationsMaxRetries,
    progress,
    clock,
  });
}

/**
 * Finds out whether a server that refused a connection is gone for good: failing object after object against one that is would
 * take hours and say less. One attempt serves all requests that met the same.
 */
export class ServerFinder {
  readonly #containers: readonly Container[];
  readonly #clock: Clock;
  #found: Promise<HttpClient | undefined> | undefined;

  constructor(containers: readonly Container[], clock: Clock) {
    this.#containers = containers;
    this.#clock = clock;
  }

  /**
   * Resolves when `failure` is of another kind, or when all servers accept connections within some seconds.
   *
   * @throws MillraceError `ModelGone`
   */
  async find(failure: MillraceError, signal: AbortSignal): Promise<void> {
    if (!isRefused(failure)) return;
    this.#found ??= this.#missing(signal).finally(() => {
      this.#found = undefined;
    });
    const missing = await this.#found;
    if (missing === undefined) return;
    throw new MillraceError('ModelGone', { server: missing.host, cause: failure.message });
  }

  async #missing(signal: AbortSignal): Promise<HttpClient | undefined> {
    let missing: HttpClient | undefined;
    for (const pauseMs of GONE_PAUSES_MS) {
      await this.#clock.sleep(pauseMs, signal);
      missing = undefined;
      for (const { client } of this.#containers) if (!(await accepts(client))) missing ??= client;
      if (missing === undefined) return undefined;
    }
    return missing;
  }
}

/** True for failures to connect at all; anything else a server can get over, and its other objects go on. */
function isRefused({ cause }: MillraceError): boolean {
  return cause instanceof ExchangeError && cause.kind === 'connect';
}
