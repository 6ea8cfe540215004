import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { parseRetryAfter } from '../agent/retry-policy.ts';
import type { Clock } from '../core/clock.ts';
import { causeOf, MillraceError } from '../core/errors.ts';
import type { EventSink, StateEvent } from './state-events.ts';

/** Events that may wait; beyond it the oldest ones go. */
const MAX_WAITING = 1000;
/** Jobs whose events are sent at a time: one event that is refused again and again must not hold back all others. */
const CONCURRENCY = 4;
const ATTEMPT_MS = 10_000;
/** With the pauses between them, somewhat more than four minutes. */
const MAX_ATTEMPTS = 10;
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;
/** A `Retry-After` is honoured up to this long. */
const MAX_RETRY_AFTER_MS = 300_000;

export interface WebhookOptions {
  /** May hold secrets anywhere behind the host: only where it leads is ever said. */
  readonly url: string;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** Why an attempt was none, in words, and whether and when another one may help. */
interface Refusal {
  readonly cause: string;
  readonly again: boolean;
  readonly retryAfterMs: number;
}

/**
 * Posts events to a URL: those of one job in order, each until it is answered with 2xx. Network errors, 429 and 5xx are tried again
 * with growing pauses; redirects are not followed. An event can arrive twice, with the same `id`, when an answer was lost.
 */
export class Webhook implements EventSink {
  readonly name = 'webhook';
  readonly #url: URL;
  readonly #options: WebhookOptions;
  readonly #waiting: StateEvent[] = [];
  /** Jobs of which an event is under way. */
  readonly #busy = new Set<string>();
  readonly #deliveries = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  readonly #late = new AbortController();
  #overflown = false;
  #delivered = 0;
  #lost = 0;
  /** Those of the lost ones that the end of the service has cut off. */
  #cutOff = 0;

  /** @throws MillraceError `InvalidOption` */
  constructor(options: WebhookOptions) {
    if (!URL.canParse(options.url)) {
      const rule = 'it is an address like http://host/path.';
      throw new MillraceError('InvalidOption', { option: '--webhook-url', value: '…', rule });
    }
    this.#url = new URL(options.url);
    this.#options = options;
  }

  get delivered(): number {
    return this.#delivered;
  }

  get lost(): number {
    return this.#lost;
  }

  send(event: StateEvent): void {
    this.#waiting.push(event);
    this.#start();
    if (this.#waiting.length <= MAX_WAITING) return;
    this.#waiting.shift();
    this.#lost += 1;
    if (!this.#overflown)
      this.#say(`is too slow: more than ${MAX_WAITING} events wait, and the oldest ones are dropped`);
    this.#overflown = true;
  }

  async close(late: AbortSignal): Promise<void> {
    this.#closing.abort();
    if (late.aborted) this.#late.abort();
    else late.addEventListener('abort', () => this.#late.abort(), { once: true });
    // Whatever ends starts the next one.
    while (this.#deliveries.size > 0) await Promise.all(this.#deliveries);
    if (this.#cutOff > 0) this.#say(`did not get the last ${this.#cutOff} events: the service stops`);
  }

  #start(): void {
    while (this.#busy.size < CONCURRENCY) {
      const at = this.#waiting.findIndex(({ job }) => !this.#busy.has(job));
      const [event] = at === -1 ? [] : this.#waiting.splice(at, 1);
      if (event === undefined) return;
      if (this.#waiting.length === 0) this.#overflown = false;
      this.#busy.add(event.job);
      const delivery = this.#deliver(event).finally(() => {
        this.#busy.delete(event.job);
        this.#deliveries.delete(delivery);
        this.#start();
      });
      this.#deliveries.add(delivery);
    }
  }

  async #deliver({ job, status, text }: StateEvent): Promise<void> {
    const { clock } = this.#options;
    for (let attempt = 1; ; attempt++) {
      // The service stops: one more try, and no pause.
      const last = attempt === MAX_ATTEMPTS || this.#closing.signal.aborted;
      const refusal = await this.#attempt(text);
      if (refusal === undefined) {
        this.#delivered += 1;
        return;
      }
      if (last || !refusal.again) {
        this.#lost += 1;
        if (this.#late.signal.aborted) this.#cutOff += 1;
        else this.#say(`did not take the event "${status}" of the job "${job}": ${refusal.cause} (attempt ${attempt})`);
        return;
      }
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), MAX_PAUSE_MS);
      const wait = clock.sleep(Math.max(pauseMs, refusal.retryAfterMs), this.#closing.signal);
      await wait.catch(() => undefined); // the service stops
    }
  }

  /** @returns `undefined` when the event was taken */
  async #attempt(text: string): Promise<Refusal | undefined> {
    const { clock } = this.#options;
    const slow = new AbortController();
    const over = new AbortController();
    const limit = clock.sleep(ATTEMPT_MS, over.signal).then(
      () => slow.abort(),
      () => undefined, // it was over before
    );
    try {
      const { status, retryAfter } = await post(this.#url, text, AbortSignal.any([slow.signal, this.#late.signal]));
      if (status >= 200 && status < 300) return undefined;
      const retryAfterMs = Math.min(parseRetryAfter(retryAfter, clock.now()) ?? 0, MAX_RETRY_AFTER_MS);
      return { cause: `it answered ${status}`, again: status === 429 || status >= 500, retryAfterMs };
    } catch (error) {
      const cause = slow.signal.aborted ? `no answer within ${ATTEMPT_MS / 1000} s` : causeOf(error);
      return { cause, again: true, retryAfterMs: 0 };
    } finally {
      over.abort();
      await limit;
    }
  }

  #say(what: string): void {
    this.#options.say(`The webhook at ${this.#url.origin} ${what}.`);
  }
}

/** Posts once, on a connection of its own: events are rare, and a kept one would have been closed by the other side. */
function post(url: URL, text: string, signal: AbortSignal): Promise<Answer> {
  const body = Buffer.from(text);
  const headers = { 'content-type': 'application/json', 'content-length': body.length, 'user-agent': 'millrace' };
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined;
    const request = send(url, { method: 'POST', agent: false, headers, signal });
    // What happens after the head of an answer changes nothing any more.
    request.on('error', (error) => (answer === undefined ? reject(error) : resolve(answer)));
    request.on('response', (response) => {
      const known = { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] };
      answer = known;
      response.on('error', () => undefined);
      response.once('close', () => resolve(known));
      response.resume();
    });
    request.end(body);
  });
}
