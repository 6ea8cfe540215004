import { CursorHeap, type Position } from './cursor-heap.ts';
import type { LogEvent } from './log-line.ts';
import { eventsFrom, lineStart, offsetOfTime, READ_BYTES } from './read-events.ts';
import type { StreamView } from './stream-view.ts';

export interface StreamEvent extends LogEvent {
  readonly stream: string;
}

/** A stream whose events are at `firstAt` or later. */
export interface MergeInput {
  readonly name: string;
  readonly firstAt: number;
}

export interface MergeOptions {
  readonly inputs: readonly MergeInput[];
  /** The first event is at this position or after it. */
  readonly from: Position;
  /** The last event is not later than this, in milliseconds since the epoch. */
  readonly until: number;
  /** Events of this time and later are not looked for: there may be more inputs with them. */
  readonly horizon: number | undefined;
  /** Opens a stream; it is closed here. */
  readonly open: (name: string) => Promise<StreamView>;
}

/** Bytes read of all streams together before their events are taken, as far as a sensible piece of each allows it. */
const SHARED_BYTES = 4 * 1024 * 1024;
const LEAST_READ_BYTES = 4096;

interface Cursor {
  readonly name: string;
  /** Of the next event, or not later than that: a stream is opened only when its turn may have come. */
  at: number;
  offset: number;
  /** True while it is not known where in the stream its first event is. */
  unplaced: boolean;
  events: readonly LogEvent[];
  taken: number;
}

/**
 * The events of many streams in one order: by time, then by stream, then by place. Nothing is held open between events, so a
 * thousand streams at once cost a piece of each and no file handles.
 */
export class MergedEvents {
  readonly #options: MergeOptions;
  readonly #cursors: CursorHeap<Cursor>;
  #scannedBytes = 0;

  constructor(options: MergeOptions) {
    this.#options = options;
    const cursors = options.inputs.map(({ name, firstAt }) => {
      const least = timeFor(name, options.from);
      return {
        name,
        at: Math.max(firstAt, least),
        offset: name === options.from.name ? options.from.offset : 0,
        unplaced: firstAt < least || name === options.from.name,
        events: [],
        taken: 0,
      };
    });
    this.#cursors = new CursorHeap<Cursor>(cursors);
  }

  /** Bytes of lines looked at so far. */
  get scannedBytes(): number {
    return this.#scannedBytes;
  }

  /** Where to go on later, `undefined` when there is nothing more. */
  get position(): Position | undefined {
    const { until, horizon } = this.#options;
    const { first } = this.#cursors;
    if (first !== undefined && first.at <= this.#last) return { at: first.at, name: first.name, offset: first.offset };
    return horizon !== undefined && horizon <= until ? { at: horizon, name: '', offset: 0 } : undefined;
  }

  async next(): Promise<StreamEvent | undefined> {
    for (;;) {
      const { first } = this.#cursors;
      if (first === undefined || first.at > this.#last) return undefined;
      const event = first.events[first.taken];
      if (event === undefined) {
        await this.#fill(first);
        continue;
      }
      first.taken += 1;
      const following = first.events[first.taken];
      first.at = following?.at ?? event.at;
      first.offset = following?.offset ?? event.next;
      this.#cursors.firstHasMoved();
      return { ...event, stream: first.name };
    }
  }

  get #last(): number {
    const { until, horizon } = this.#options;
    return horizon === undefined ? until : Math.min(until, horizon - 1);
  }

  /** Reads more of the first stream, which goes when there is no more. */
  async #fill(cursor: Cursor): Promise<void> {
    const view = await this.#options.open(cursor.name);
    try {
      if (cursor.unplaced) cursor.offset = await this.#placeOf(cursor, view);
      cursor.unplaced = false;
      const share = Math.floor(SHARED_BYTES / this.#cursors.size);
      const readBytes = Math.min(READ_BYTES, Math.max(LEAST_READ_BYTES, share));
      for (let offset = cursor.offset; ; ) {
        const { events, next } = await eventsFrom(view, offset, readBytes);
        this.#scannedBytes += next - offset;
        const [event] = events;
        if (event !== undefined) {
          Object.assign(cursor, { events, taken: 0, at: event.at, offset: event.offset });
          return this.#cursors.firstHasMoved();
        }
        if (next === offset) return this.#cursors.removeFirst();
        offset = next;
      }
    } finally {
      await view.close();
    }
  }

  async #placeOf({ name }: Cursor, view: StreamView): Promise<number> {
    const { from } = this.#options;
    const offset = await offsetOfTime(view, timeFor(name, from));
    return name === from.name ? Math.max(offset, await lineStart(view, from.offset)) : offset;
  }
}

/** The least time that an event of the stream can have at `from` or after it. */
function timeFor(name: string, from: Position): number {
  return name < from.name ? from.at + 1 : from.at;
}
