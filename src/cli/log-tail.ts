import { MillraceError } from '../core/errors.ts';
import { LogStreamNames } from './log-stream-names.ts';
import type { Service } from './service-client.ts';

const LOG_GROUP = '/aws/sagemaker/TransformJobs';
/** Events that are asked for at a time; a page of each stream is held. */
const PAGE_EVENTS = 10_000;

export interface LogLine {
  /** As the service calls the stream, and in short. */
  readonly stream: string;
  readonly shortName: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly message: string;
}

/** The logs of a job, all streams together by time, from where they were read the last time. */
export class LogTail {
  readonly #service: Service;
  readonly #job: string;
  readonly #names: LogStreamNames;
  readonly #streams = new Map<string, StreamReader>();

  /** @param wanted a stream, in short (`data-log`, a container) or as the service calls it; `undefined` for all */
  constructor(service: Service, job: string, wanted: string | undefined) {
    this.#service = service;
    this.#job = job;
    this.#names = new LogStreamNames(job, wanted);
  }

  /** The streams of this job that are read, in short. */
  get shortNames(): readonly string[] {
    return [...this.#streams.keys()].map((name) => this.#names.short(name));
  }

  /**
   * The lines that have come since the last call.
   *
   * @param horizon lines that were written later, in milliseconds since the epoch, are for the next call: a job that writes
   *   faster than it is read would never be done with. `undefined`: to the end.
   */
  async *read(horizon: number | undefined): AsyncGenerator<LogLine, void, undefined> {
    await this.#findStreams();
    const streams = [...this.#streams.values()];
    for (const stream of streams) stream.begin(horizon);
    for (;;) {
      let oldest: { readonly stream: StreamReader; readonly timestamp: number } | undefined;
      for (const stream of streams) {
        while (stream.isDry) await stream.fetch();
        const timestamp = stream.head?.timestamp;
        if (timestamp !== undefined && (oldest === undefined || timestamp < oldest.timestamp))
          oldest = { stream, timestamp };
      }
      if (oldest === undefined) return;
      const { name } = oldest.stream;
      const { message } = oldest.stream.take();
      yield { stream: name, shortName: this.#names.short(name), timestamp: oldest.timestamp, message };
    }
  }

  /** @throws MillraceError `LogStreamNotFound` when there are streams and the wanted one is not among them */
  checkFound(): void {
    if (this.#streams.size > 0 || this.#names.wanted === undefined || this.#names.all.length === 0) return;
    const known = this.#names.all.join(', ');
    throw new MillraceError('LogStreamNotFound', { stream: this.#names.wanted, job: this.#job, known });
  }

  async #findStreams(): Promise<void> {
    const found: string[] = [];
    let token: string | undefined;
    for (;;) {
      const input = {
        logGroupName: LOG_GROUP,
        logStreamNamePrefix: `${this.#job}/`,
        ...(token && { nextToken: token }),
      };
      const page = (await this.#service
        .call('logs', 'DescribeLogStreams', input)
        .catch(emptyWithoutGroup)) as StreamPage;
      const names = (page.logStreams ?? []).flatMap(({ logStreamName }) => logStreamName ?? []);
      found.push(...names);
      // A server that answers the same token again would be asked for ever.
      if (page.nextToken === undefined || page.nextToken === token || names.length === 0) break;
      token = page.nextToken;
    }
    for (const name of this.#names.add(found)) {
      if (!this.#streams.has(name)) this.#streams.set(name, new StreamReader(this.#service, name));
    }
  }
}

interface StreamPage {
  readonly logStreams?: readonly { readonly logStreamName?: string }[];
  readonly nextToken?: string;
}

interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

interface EventPage {
  readonly events?: readonly Partial<LogEvent>[];
  readonly nextForwardToken?: string;
}

/** The original makes the log group with the first job that logs. */
function emptyWithoutGroup(error: unknown): StreamPage {
  if (
    error instanceof MillraceError &&
    error.is('RequestRefused') &&
    error.details.code === 'ResourceNotFoundException'
  )
    return {};
  throw error;
}

/** One stream, a page at a time. */
class StreamReader {
  readonly name: string;
  readonly #service: Service;
  #events: readonly LogEvent[] = [];
  #at = 0;
  #token: string | undefined;
  #horizon: number | undefined;
  #ended = false;

  constructor(service: Service, name: string) {
    this.#service = service;
    this.name = name;
  }

  begin(horizon: number | undefined): void {
    this.#horizon = horizon;
    this.#ended = false;
  }

  /** There may be events that have to be fetched first. */
  get isDry(): boolean {
    return this.#at >= this.#events.length && !this.#ended;
  }

  get head(): LogEvent | undefined {
    return this.#events[this.#at];
  }

  take(): LogEvent {
    const event = this.#events[this.#at++];
    if (event === undefined)
      throw new MillraceError('Unexpected', { cause: `an event of ${this.name} is taken twice` });
    return event;
  }

  async fetch(): Promise<void> {
    const page = (await this.#service.call('logs', 'GetLogEvents', {
      logGroupName: LOG_GROUP,
      logStreamName: this.name,
      startFromHead: true,
      limit: PAGE_EVENTS,
      ...(this.#token && { nextToken: this.#token }),
    })) as EventPage;
    this.#events = (page.events ?? []).map(({ timestamp = 0, message = '' }) => ({ timestamp, message }));
    this.#at = 0;
    // At the end the token is the one that was sent; an empty page alone says nothing in the original.
    const next = page.nextForwardToken;
    const last = this.#events.at(-1)?.timestamp ?? 0;
    this.#ended = next === undefined || next === this.#token || last > (this.#horizon ?? Number.POSITIVE_INFINITY);
    this.#token = next ?? this.#token;
  }
}
