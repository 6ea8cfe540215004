import { eventsOf, type LogEvent } from './log-line.ts';
import type { StreamView } from './stream-view.ts';

const NEWLINE = 0x0a;
/** What is read at once; a line that is longer is read whole. */
export const READ_BYTES = 64 * 1024;

/** The events of the next lines from `offset`, where one starts, and where the line after them starts: `offset` at the end. */
export async function eventsFrom(
  view: StreamView,
  offset: number,
  readBytes = READ_BYTES,
): Promise<{ readonly events: LogEvent[]; readonly next: number }> {
  for (let length = readBytes; ; length *= 2) {
    const { bytes, offset: from, atEnd } = await view.after(offset, length);
    const whole = atEnd ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1;
    if (whole > 0 || atEnd || bytes.length < length) {
      return { events: eventsOf(bytes.subarray(0, whole), from), next: Math.max(offset, from + whole) };
    }
  }
}

/** The events of the lines before `offset`, where one starts, and where the first of these lines starts: `offset` at the start. */
export async function eventsBefore(
  view: StreamView,
  offset: number,
): Promise<{ readonly events: LogEvent[]; readonly start: number }> {
  for (let length = READ_BYTES; ; length *= 2) {
    const { bytes, offset: from, atStart } = await view.before(offset, length);
    const start = atStart ? 0 : bytes.indexOf(NEWLINE) + 1;
    if (atStart || (start > 0 && start < bytes.length) || bytes.length < length) {
      return { events: eventsOf(bytes.subarray(start), from + start), start: Math.min(offset, from + start) };
    }
  }
}

/** The start of the first line that starts at `offset` or after it. */
export async function lineStart(view: StreamView, offset: number): Promise<number> {
  if (offset <= view.start) return view.start;
  for (let at = offset - 1; at < view.end; ) {
    const { bytes, offset: from, atStart, atEnd } = await view.after(at, SHORT_BYTES);
    if (bytes.length === 0 || (atStart && from >= offset)) return from;
    const newline = bytes.indexOf(NEWLINE);
    if (newline !== -1) return from + newline + 1;
    at = from + bytes.length;
    if (atEnd) return at;
  }
  return view.end;
}

/** Most lines are shorter. */
const SHORT_BYTES = 1024;

/** The offset of the first event at `time` or later, the end when there is none. Times in a stream never go back. */
export async function offsetOfTime(view: StreamView, time: number): Promise<number> {
  let low = view.start;
  let high = view.end;
  while (high - low > READ_BYTES) {
    const start = await lineStart(view, low + Math.floor((high - low) / 2));
    const event = start < high ? await firstEvent(view, start) : undefined;
    if (event === undefined || event.offset >= high) high = Math.min(high, low + Math.floor((high - low) / 2));
    else if (event.at < time) low = event.next;
    else high = start;
  }
  for (let offset = low; ; ) {
    const { events, next } = await eventsFrom(view, offset);
    const found = events.find(({ at }) => at >= time);
    if (found !== undefined) return found.offset;
    if (next === offset) return next;
    offset = next;
  }
}

async function firstEvent(view: StreamView, start: number): Promise<LogEvent | undefined> {
  for (let offset = start; ; ) {
    const { events, next } = await eventsFrom(view, offset, SHORT_BYTES);
    if (events[0] !== undefined || next === offset) return events[0];
    offset = next;
  }
}
