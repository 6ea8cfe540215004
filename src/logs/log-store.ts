import { mkdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import { asMillraceError, causeOf, MillraceError } from '../core/errors.ts';
import type { Position } from './cursor-heap.ts';
import { EventTimes } from './event-times.ts';
import { removeFiles, timesOnDisk } from './log-files.ts';
import type { LogIndex, LogStreamInfo, StreamQuery } from './log-index.ts';
import { LogStream, type LogWriter } from './log-stream.ts';
import { MergedEvents, type MergeInput } from './merged-events.ts';
import { type Page, type PageRequest, readPage } from './read-page.ts';
import { SegmentWriter } from './segment-writer.ts';
import { streamPath } from './stream-path.ts';
import { bytesOnDisk, StreamView } from './stream-view.ts';

export interface LogStoreOptions {
  /** Where the files are: `<folder>/<job>/<rest of the stream's name>.log`, one line per event, for people to read. */
  readonly folder: string;
  readonly index: LogIndex;
  readonly clock: Clock;
  /** Bytes of all streams; each counts 4 KiB besides, which bounds their number. Beyond it the streams of ended jobs go. */
  readonly maxBytes: number;
  /** Bytes of one stream; beyond it the older half of it goes. */
  readonly maxStreamBytes: number;
  /** False when a job has ended. Its streams may be removed then. */
  readonly isRunning: (job: string) => boolean | Promise<boolean>;
  /** Told that lines cannot be written or removed, once until it works again: no job fails for that. */
  readonly onFailure: (error: MillraceError) => void;
}

export type MergeQuery = {
  readonly from: Position;
  /** Events before this time. */
  readonly endTime?: number;
} & ({ readonly names: readonly string[] } | { readonly prefix: string });

/** What a small stream takes on the disk and in the index. */
const STREAM_BYTES = 4096;
const MAX_BLOCK_BYTES = 64 * 1024;
/** Until the index knows of new lines. After a kill it lags behind by no more. */
const INDEX_LAG_MS = 5000;
const PRUNE_AGAIN_MS = 10_000;
const PRUNE_JOBS = 20;
/** Streams that one merge looks at; when more have events, they are looked at in the order of their first ones. */
const MERGED_STREAMS = 300;
const PAGE = 500;

/** The logs of jobs: named streams of lines, on the disk, readable while they are written. */
export class LogStore {
  readonly #options: LogStoreOptions;
  readonly #times: EventTimes;
  readonly #open = new Map<string, LogStream>();
  readonly #dirty = new Set<LogStream>();
  #bytes: number;
  #indexTimer: NodeJS.Timeout | undefined;
  #mended: Promise<void> | undefined;
  #pruning: Promise<void> | undefined;
  #pruneAfter = 0;

  /** @throws MillraceError `WriteFailed` when the folder cannot be made */
  constructor(options: LogStoreOptions) {
    this.#options = options;
    const { streams, bytes } = options.index.totals();
    this.#bytes = bytes + streams * STREAM_BYTES;
    this.#times = new EventTimes(options.clock);
    failingAsWrite(options.folder, () => mkdirSync(options.folder, { recursive: true }));
  }

  /**
   * Opens a stream, which readers see from then on, or goes on with one.
   *
   * @throws MillraceError `WriteFailed` when its file cannot be made
   */
  stream(job: string, name: string): LogWriter {
    const { folder, index, clock, maxStreamBytes, onFailure } = this.#options;
    const path = streamPath(folder, job, name);
    if (this.#open.has(name)) throw new Error(`the log stream ${name} is open`);
    const files = failingAsWrite(path, () => new SegmentWriter(path, maxStreamBytes));
    const known = index.get(name);
    const info = known ?? { ...NOTHING, name, job, createdAt: clock.now() };
    if (known === undefined) index.create(info);
    this.#bytes += files.bytes - (known?.storedBytes ?? -STREAM_BYTES);
    const stream = new LogStream({
      info,
      path,
      files,
      blockBytes: Math.min(MAX_BLOCK_BYTES, Math.max(1, Math.floor(maxStreamBytes / 8))),
      timeOf: (atMs) => this.#times.next(atMs),
      onChange: (changed, bytes) => this.#noteChange(changed, bytes),
      onFailure,
      onClosed: () => this.#noteClosed(name),
    });
    this.#open.set(name, stream);
    if (files.bytes !== info.storedBytes) this.#dirty.add(stream);
    return stream;
  }

  async get(name: string): Promise<LogStreamInfo | undefined> {
    const info = this.#options.index.get(name);
    return info === undefined ? undefined : this.#current(info);
  }

  async list(query: StreamQuery): Promise<readonly LogStreamInfo[]> {
    if (query.orderBy === 'lastEvent') {
      for (const stream of this.#open.values()) this.#dirty.add(stream);
      this.#writeIndex();
    }
    const infos: LogStreamInfo[] = [];
    for (const info of this.#options.index.list(query)) infos.push(await this.#current(info));
    return infos;
  }

  /** When the store was made, in milliseconds since the epoch, and the bytes of all streams. */
  async summary(): Promise<{ readonly createdAt: number; readonly storedBytes: number }> {
    this.#writeIndex();
    const { birthtimeMs, ctimeMs } = await stat(this.#options.folder);
    // Not every file system remembers a birth.
    return { createdAt: Math.floor(birthtimeMs || ctimeMs), storedBytes: this.#options.index.totals().bytes };
  }

  /** A page of one stream, `undefined` when there is none of this name. */
  async read(name: string, request: PageRequest): Promise<Page | undefined> {
    const info = this.#options.index.get(name);
    if (info === undefined) return undefined;
    const view = await this.#view(info);
    try {
      return await readPage(view, request);
    } finally {
      await view.close();
    }
  }

  /**
   * The events of many streams in one order, with everything that was written before the call and nothing that was written
   * after it. What is written after it has later times, so that whoever asks for more from the last time on misses nothing.
   * `undefined` when there is no stream of one of the names.
   */
  async merge(query: MergeQuery): Promise<MergedEvents | undefined> {
    const { from, endTime = Number.POSITIVE_INFINITY } = query;
    const until = Math.min(this.#times.seal(), endTime - 1);
    const found = 'names' in query ? await this.#named(query.names) : await this.#candidates(query.prefix, from.at);
    if (found === undefined) return undefined;
    const { infos, horizon } = found;
    const inputs: MergeInput[] = [];
    const paths = new Map<string, LogStreamInfo>();
    for (const info of infos) {
      if (info.firstEventAt === undefined) continue;
      inputs.push({ name: info.name, firstAt: info.firstEventAt });
      paths.set(info.name, info);
    }
    const open = (name: string): Promise<StreamView> => {
      const info = paths.get(name);
      return info === undefined ? Promise.reject(new Error(`${name} is not merged`)) : this.#view(info);
    };
    return new MergedEvents({ inputs, from, until, horizon, open });
  }

  /** Removes all streams of a job; those that are open are closed first. */
  async removeJob(job: string): Promise<void> {
    const { index } = this.#options;
    const streams = index.ofJob(job);
    for (const { name } of streams) await this.#open.get(name)?.close();
    await removeFiles(streams, (stream) => this.#pathOf(stream));
    // Nothing, when somebody else has done the same meanwhile.
    const gone = index.ofJob(job);
    index.removeJob(job);
    for (const { storedBytes } of gone) this.#bytes -= storedBytes + STREAM_BYTES;
  }

  /** Removes the streams of ended jobs while there is too much, the oldest first. Happens by itself when lines are written. */
  prune(): Promise<void> {
    this.#pruning ??= this.#prune()
      .catch((error: unknown) => {
        this.#pruneAfter = this.#options.clock.now() + PRUNE_AGAIN_MS;
        this.#options.onFailure(asMillraceError(error));
      })
      .finally(() => {
        this.#pruning = undefined;
      });
    return this.#pruning;
  }

  /** Closes all streams and brings the index up to date. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((stream) => stream.close()));
    await this.#pruning;
    this.#tryIndex();
  }

  #pathOf({ job, name }: LogStreamInfo): string {
    return streamPath(this.#options.folder, job, name);
  }

  async #view(info: LogStreamInfo): Promise<StreamView> {
    await this.#open.get(info.name)?.flush();
    return StreamView.open(this.#pathOf(info));
  }

  /** The row of a stream as it is now: of an open one from memory; of one whose writer was killed from its files. */
  async #current(info: LogStreamInfo): Promise<LogStreamInfo> {
    const stream = this.#open.get(info.name);
    if (stream !== undefined) return stream.info;
    const path = this.#pathOf(info);
    const storedBytes = await bytesOnDisk(path);
    if (storedBytes === info.storedBytes) return info;
    const { firstAt, lastAt } = await timesOnDisk(path);
    // Opened, closed or removed meanwhile: whoever did that knows better.
    if (this.#options.index.get(info.name)?.storedBytes !== info.storedBytes || this.#open.has(info.name)) return info;
    const mended = {
      ...info,
      firstEventAt: info.firstEventAt ?? firstAt,
      lastEventAt: lastAt ?? info.lastEventAt,
      lastIngestedAt: lastAt ?? info.lastIngestedAt,
      storedBytes,
    };
    this.#options.index.update([mended]);
    this.#bytes += storedBytes - info.storedBytes;
    return mended;
  }

  async #named(names: readonly string[]): Promise<{ infos: LogStreamInfo[]; horizon: undefined } | undefined> {
    const infos: LogStreamInfo[] = [];
    for (const name of new Set(names)) {
      const info = await this.get(name);
      if (info === undefined) return undefined;
      infos.push(info);
    }
    return { infos, horizon: undefined };
  }

  /** Streams with events from a time on; when there are many, those before the horizon. */
  async #candidates(prefix: string, from: number): Promise<{ infos: LogStreamInfo[]; horizon: number | undefined }> {
    this.#mended ??= this.#mendUndated().catch((error: unknown) => {
      this.#mended = undefined;
      throw error;
    });
    await this.#mended;
    const open = [...this.#open.values()].map(({ info }) => info).filter(({ name }) => name.startsWith(prefix));
    for (let limit = MERGED_STREAMS; ; limit *= 2) {
      const rows = this.#options.index.candidates({ prefix, from: from - INDEX_LAG_MS, limit });
      const last = rows.length === limit ? rows.at(-1)?.firstEventAt : undefined;
      // More streams that were written at one moment than are taken at once: all of them are needed.
      if (last !== undefined && last <= from) continue;
      const closed = rows.filter((row) => !this.#open.has(row.name) && (row.firstEventAt ?? 0) < (last ?? Infinity));
      return { infos: [...closed, ...open], horizon: last };
    }
  }

  /** A process that was killed within seconds of a stream's first line has left a row that says that it is empty. */
  async #mendUndated(): Promise<void> {
    const { index } = this.#options;
    for (let after: LogStreamInfo | undefined; ; ) {
      const page = index.list({ orderBy: 'lastEvent', descending: false, limit: PAGE, ...(after && { after }) });
      const undated = page.filter(({ lastEventAt }) => lastEventAt === undefined);
      for (const info of undated) await this.#current(info);
      if (undated.length < PAGE) return;
      after = undated.at(-1);
    }
  }

  #noteChange(stream: LogStream, bytes: number): void {
    this.#bytes += bytes;
    this.#dirty.add(stream);
    this.#indexTimer ??= setTimeout(() => this.#tryIndex(), INDEX_LAG_MS).unref();
    if (this.#bytes > this.#options.maxBytes && this.#options.clock.now() >= this.#pruneAfter) void this.prune();
  }

  #noteClosed(name: string): void {
    this.#open.delete(name);
    this.#tryIndex();
    this.#pruneAfter = 0;
  }

  /** What the index could not be told it is told the next time. */
  #tryIndex(): void {
    try {
      this.#writeIndex();
    } catch (error) {
      this.#options.onFailure(asMillraceError(error));
    }
  }

  #writeIndex(): void {
    clearTimeout(this.#indexTimer);
    this.#indexTimer = undefined;
    if (this.#dirty.size === 0) return;
    this.#options.index.update([...this.#dirty].map(({ info }) => info));
    this.#dirty.clear();
  }

  async #prune(): Promise<void> {
    const { index, clock, maxBytes, isRunning } = this.#options;
    const open = new Set([...this.#open.values()].map(({ info }) => info.job));
    for (let kept = 0; this.#bytes > maxBytes; ) {
      const jobs = index.oldestJobs({ limit: PRUNE_JOBS, offset: kept });
      for (const job of jobs) {
        if (this.#bytes <= maxBytes) return;
        if (open.has(job) || (await isRunning(job))) kept += 1;
        else await this.removeJob(job);
      }
      if (jobs.length < PRUNE_JOBS) break;
    }
    if (this.#bytes > maxBytes) this.#pruneAfter = clock.now() + PRUNE_AGAIN_MS;
  }
}

const NOTHING = { firstEventAt: undefined, lastEventAt: undefined, lastIngestedAt: undefined, storedBytes: 0 };

function failingAsWrite<T>(output: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new MillraceError('WriteFailed', { output, cause: causeOf(error) }, { cause: error });
  }
}
