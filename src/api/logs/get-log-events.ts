import type { LogStore } from '../../logs/log-store.ts';
import type { Site } from '../arn.ts';
import { StreamIds } from './event-id.ts';
import { streamNotFound } from './faults.ts';
import { checkLogGroup } from './log-group.ts';
import { checkedLogs, getLogEventsInput, timeRange } from './shapes.ts';

const MAX_EVENTS = 10_000;
const MAX_BYTES = 1024 * 1024;

/**
 * A page of one stream. Tokens are there always, and say where the page ends on either side; at the end of the stream the page is
 * empty and the token is that of the request, and lines that come later are found with it (behaviour 8).
 */
export async function getLogEvents(input: unknown, logs: LogStore, site: Site): Promise<object> {
  const request = checkedLogs(getLogEventsInput, input);
  const range = timeRange(input);
  checkLogGroup(request, site);
  const { logStreamName: name, nextToken, limit = MAX_EVENTS, startFromHead = false } = request;
  const ids = new StreamIds(name);
  const place =
    nextToken === undefined
      ? ({ direction: startFromHead ? 'forward' : 'backward', from: startFromHead ? 'start' : 'end' } as const)
      : fromToken(nextToken, ids);
  const page = await logs.read(name, { ...place, ...range, limit, maxBytes: MAX_BYTES });
  if (page === undefined) throw streamNotFound();
  // The stream may have lost its start since, which moves the places that an empty page has been found at, not the token.
  const same = (direction: string): string | undefined =>
    page.events.length === 0 && place.direction === direction ? nextToken : undefined;
  return {
    events: page.events.map(({ at, message }) => ({ timestamp: at, message, ingestionTime: at })),
    nextForwardToken: same('forward') ?? ids.token('forward', page.end),
    nextBackwardToken: same('backward') ?? ids.token('backward', page.start),
  };
}

function fromToken(
  token: string,
  ids: StreamIds,
): { readonly direction: 'forward' | 'backward'; readonly from: number } {
  const { direction, offset } = ids.readToken(token);
  return { direction, from: offset };
}
