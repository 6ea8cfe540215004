import type { Clock } from '../core/clock.ts';
import { causeOf, MillraceError } from '../core/errors.ts';
import { ExchangeError, type HttpResponse } from './http/connection.ts';
import type { HttpClient } from './http/http-client.ts';
import type { BatchStrategy } from './mini-batch.ts';

/** Limit of one ping and of the question for execution parameters (behaviour 3). */
const ANSWER_MS = 2000;
/** Pings come about once a second (behaviour 3); the first ones sooner, since a small model is up in a tenth of that. */
const FIRST_PAUSE_MS = 25;
const MAX_PAUSE_MS = 1000;
/** A last ping with less time than this says nothing of the server, and would hide what it said before. */
const LEAST_ANSWER_MS = 100;
const MAX_ANSWER_BYTES = 64 * 1024;

const NOTHING = 'nothing was asked';

/** What a model server says of itself at `GET /execution-parameters`; each only where it says so in a valid way. */
export interface ExecutionParameters {
  readonly maxConcurrentTransforms?: number;
  readonly batchStrategy?: BatchStrategy;
  readonly maxPayloadInMB?: number;
}

/** `GET /ping` until it is answered with 200. Other answers and refused connections are tolerated until the time is over. */
export async function awaitReady(
  client: HttpClient,
  options: {
    readonly timeoutMs: number;
    /** Its name in a pipeline, for messages. */
    readonly container: string | undefined;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { timeoutMs, container, clock, signal } = options;
  const deadline = clock.now() + timeoutMs;
  let last = NOTHING;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    const left = deadline - clock.now();
    if (left <= 0 || (last !== NOTHING && left < LEAST_ANSWER_MS)) {
      throw new MillraceError('ModelStartTimeout', { server: client.host, container, seconds: timeoutMs / 1000, last });
    }
    last = await ping(client, Math.min(ANSWER_MS, left));
    if (last === '200') return;
    signal.throwIfAborted();
    await clock.sleep(Math.min(pauseMs, Math.max(0, deadline - clock.now())), signal);
  }
}

/** One `GET /ping`: its status, or why there is none. */
async function ping(client: HttpClient, timeoutMs: number): Promise<string> {
  try {
    const { head } = await get(client, '/ping', timeoutMs);
    return String(head.status);
  } catch (error) {
    return causeOf(error);
  }
}

/** Whether the server takes a connection, whatever it then answers, and be it too late. */
export async function accepts(client: HttpClient): Promise<boolean> {
  try {
    await get(client, '/ping', ANSWER_MS);
    return true;
  } catch (error) {
    return !(error instanceof ExchangeError && error.kind === 'connect');
  }
}

/** Anything but a 200 with a JSON object means that the server has none (behaviour 3). */
export async function executionParameters(client: HttpClient): Promise<ExecutionParameters> {
  let answer: unknown;
  try {
    const { head, body } = await get(client, '/execution-parameters', ANSWER_MS);
    if (head.status !== 200) return {};
    answer = JSON.parse(Buffer.concat(body).toString());
  } catch {
    return {};
  }
  if (typeof answer !== 'object' || answer === null) return {};
  const {
    MaxConcurrentTransforms: concurrent,
    BatchStrategy: strategy,
    MaxPayloadInMB: payload,
  } = answer as Record<string, unknown>;
  const batchStrategy = STRATEGIES.get(String(strategy));
  return {
    ...(isCount(concurrent) ? { maxConcurrentTransforms: concurrent } : {}),
    ...(batchStrategy === undefined ? {} : { batchStrategy }),
    // 0 is no limit: objects are streamed (behaviour 2).
    ...(isCount(payload) || payload === 0 ? { maxPayloadInMB: payload } : {}),
  };
}

const STRATEGIES: ReadonlyMap<string, BatchStrategy> = new Map([
  ['MULTI_RECORD', 'MultiRecord'],
  ['SINGLE_RECORD', 'SingleRecord'],
  ['MultiRecord', 'MultiRecord'],
  ['SingleRecord', 'SingleRecord'],
]);

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1;
}

function get(client: HttpClient, path: string, timeoutMs: number): Promise<HttpResponse> {
  const head = `GET ${path} HTTP/1.1\r\nHost: ${client.host}\r\nUser-Agent: millrace\r\nAccept: */*\r\n\r\n`;
  return client.send({ head, segments: [], bytes: 0, timeoutMs, maxResponseBytes: MAX_ANSWER_BYTES });
}
