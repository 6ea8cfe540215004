import type { Position } from '../../logs/cursor-heap.ts';
import type { LogStore } from '../../logs/log-store.ts';
import type { MergedEvents, StreamEvent } from '../../logs/merged-events.ts';
import { sizeOf } from '../../logs/read-page.ts';
import type { Site } from '../arn.ts';
import { pageToken, readPageToken } from '../page-token.ts';
import { StreamIds } from './event-id.ts';
import { invalidParameter, invalidToken, readingToken, streamNotFound } from './faults.ts';
import { type EventFilter, parseFilterPattern } from './filter-pattern.ts';
import { checkLogGroup } from './log-group.ts';
import { checkedLogs, filterLogEventsInput, timeRange } from './shapes.ts';

const MAX_EVENTS = 10_000;
const MAX_BYTES = 1024 * 1024;
/** What a page looks at, at the most, when its pattern matches little: some tenths of a second. */
const MAX_SCANNED_BYTES = 16 * 1024 * 1024;

/**
 * Events of many streams, by time. Clients that follow ask again and again from the time of the newest event that they have
 * seen, so what comes after an answer has a later time, or is of the same and has not been seen.
 */
export async function filterLogEvents(input: unknown, logs: LogStore, site: Site): Promise<object> {
  const request = checkedLogs(filterLogEventsInput, input);
  const { startTime = 0, endTime } = timeRange(input);
  checkLogGroup(request, site);
  const { logStreamNames: names, logStreamNamePrefix: prefix, filterPattern = '', nextToken } = request;
  if (names !== undefined && prefix !== undefined) {
    throw invalidParameter('logStreamNames and logStreamNamePrefix cannot be specified together.');
  }
  const matches = parseFilterPattern(filterPattern);

  const question = { names, prefix, startTime, endTime, filterPattern };
  const from = nextToken === undefined ? { at: startTime, name: '', offset: 0 } : readToken(nextToken, question);
  const merged = await logs.merge({
    ...(names === undefined ? { prefix: prefix ?? '' } : { names }),
    from,
    // The original's manual includes events of this time; the service has been seen to leave them out (aws-cli issue 4262).
    ...(endTime !== undefined && { endTime }),
  });
  if (merged === undefined) throw streamNotFound();
  const { events, position } = await take(merged, matches, request.limit ?? MAX_EVENTS);
  return {
    events: shownEvents(events),
    searchedLogStreams: [],
    ...(position !== undefined && { nextToken: writeToken(position, question) }),
  };
}

/** A page of events that match, and where the next page starts. */
async function take(
  merged: MergedEvents,
  matches: EventFilter,
  limit: number,
): Promise<{ readonly events: readonly StreamEvent[]; readonly position: Position | undefined }> {
  const events: StreamEvent[] = [];
  let bytes = 0;
  while (events.length < limit && merged.scannedBytes < MAX_SCANNED_BYTES) {
    const event = await merged.next();
    if (event === undefined) break;
    if (!matches(event.message)) continue;
    bytes += sizeOf(event);
    if (bytes > MAX_BYTES) return { events, position: { at: event.at, name: event.stream, offset: event.offset } };
    events.push(event);
  }
  return { events, position: merged.position };
}

function shownEvents(events: readonly StreamEvent[]): object[] {
  const ids = new Map<string, StreamIds>();
  return events.map((event) => {
    const { stream, at, message } = event;
    const streamIds = ids.get(stream) ?? new StreamIds(stream);
    ids.set(stream, streamIds);
    const eventId = streamIds.eventId(event);
    return { logStreamName: stream, timestamp: at, message, ingestionTime: at, eventId };
  });
}

function writeToken({ at, name, offset }: Position, question: object): string {
  return pageToken({ value: at, id: `${offset}/${name}` }, question);
}

function readToken(token: string, question: object): Position {
  const { value, id } = readingToken(() => readPageToken(token, question));
  const [, offset, name] = /^(\d+)\/(.*)$/.exec(String(id)) ?? [];
  if (typeof value !== 'number' || name === undefined) throw invalidToken();
  return { at: value, name, offset: Number(offset) };
}
