import type { LogEvent } from './log-line.ts';
import { eventsBefore, eventsFrom, lineStart, offsetOfTime } from './read-events.ts';
import type { StreamView } from './stream-view.ts';

export interface PageRequest {
  /** An offset that a page has had as its start or end; what is no longer kept is passed over. */
  readonly from: number | 'start' | 'end';
  readonly direction: 'forward' | 'backward';
  /** Events of this time and later, in milliseconds since the epoch. */
  readonly startTime?: number;
  /** Events before this time. */
  readonly endTime?: number;
  /** Events, at the most. */
  readonly limit: number;
  /** Bytes of messages, at the most, each with `EVENT_OVERHEAD_BYTES`; always one event. */
  readonly maxBytes: number;
}

/** Events in the order of the stream, and where they start and end: the page after goes on at the end, the one before at the start. */
export interface Page {
  readonly events: readonly LogEvent[];
  readonly start: number;
  readonly end: number;
}

/** What the original counts for an event besides its message. */
export const EVENT_OVERHEAD_BYTES = 26;

export function sizeOf(event: LogEvent): number {
  return Buffer.byteLength(event.message) + EVENT_OVERHEAD_BYTES;
}

export function readPage(view: StreamView, request: PageRequest): Promise<Page> {
  return request.direction === 'forward' ? readForward(view, request) : readBackward(view, request);
}

async function readForward(view: StreamView, request: PageRequest): Promise<Page> {
  const { startTime, endTime = Number.POSITIVE_INFINITY, limit, maxBytes } = request;
  const asked = await offsetOf(view, request.from);
  const start = startTime === undefined ? asked : Math.max(asked, await offsetOfTime(view, startTime));
  const events: LogEvent[] = [];
  let bytes = 0;
  for (let offset = start; ; ) {
    const { events: found, next } = await eventsFrom(view, offset);
    for (const event of found) {
      bytes += sizeOf(event);
      const full = events.length === limit || (bytes > maxBytes && events.length > 0);
      if (full || event.at >= endTime) return { events, start, end: event.offset };
      events.push(event);
    }
    if (next === offset) return { events, start, end: offset };
    offset = next;
  }
}

async function readBackward(view: StreamView, request: PageRequest): Promise<Page> {
  const { startTime = 0, endTime, limit, maxBytes } = request;
  const asked = await offsetOf(view, request.from);
  const end = endTime === undefined ? asked : Math.min(asked, await offsetOfTime(view, endTime));
  const events: LogEvent[] = [];
  let bytes = 0;
  for (let offset = end; ; ) {
    const { events: found, start } = await eventsBefore(view, offset);
    for (const event of found.toReversed()) {
      bytes += sizeOf(event);
      const full = events.length === limit || (bytes > maxBytes && events.length > 0);
      if (full || event.at < startTime) return { events: events.reverse(), start: event.next, end };
      events.push(event);
    }
    if (start === offset) return { events: events.reverse(), start, end };
    offset = start;
  }
}

async function offsetOf(view: StreamView, from: PageRequest['from']): Promise<number> {
  if (from === 'start') return view.start;
  return from === 'end' ? view.end : lineStart(view, from);
}
