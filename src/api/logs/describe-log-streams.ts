import type { LogStreamInfo } from '../../logs/log-index.ts';
import type { LogStore } from '../../logs/log-store.ts';
import type { Site } from '../arn.ts';
import { pageToken, readPageToken } from '../page-token.ts';
import { invalidParameter, readingToken } from './faults.ts';
import { checkLogGroup, logStreamArn } from './log-group.ts';
import { checkedLogs, describeLogStreamsInput } from './shapes.ts';

const PAGE = 50;
/**
 * With a prefix every stream is returned, whatever `limit` says, and no token: a well-known client asks for the first page again
 * and again while there is one (behaviour 8). No job has as many streams as this; the bound is for prefixes of many jobs.
 */
const PREFIX_PAGE = 10_000;

export async function describeLogStreams(input: unknown, logs: LogStore, site: Site): Promise<object> {
  const request = checkedLogs(describeLogStreamsInput, input);
  checkLogGroup(request, site);
  const { logStreamNamePrefix: prefix, orderBy = 'LogStreamName', descending = false, nextToken } = request;
  if (prefix !== undefined && orderBy === 'LastEventTime') {
    throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
  }
  const question = { prefix, orderBy, descending };
  const after = nextToken === undefined ? {} : { after: readToken(nextToken, question) };
  const shown = prefix === undefined ? (request.limit ?? PAGE) : PREFIX_PAGE;
  const found = await logs.list({
    ...(orderBy === 'LogStreamName' ? { orderBy: 'name', prefix: prefix ?? '' } : { orderBy: 'lastEvent' }),
    descending,
    // One more than is shown, to know whether there is another page.
    limit: shown + 1,
    ...after,
  });
  const streams = found.slice(0, shown);
  const last = streams.at(-1);
  const more = found.length > shown && last !== undefined;
  return {
    logStreams: streams.map((stream) => shownStream(stream, site)),
    ...(more && { nextToken: pageToken({ value: last.lastEventAt ?? '', id: last.name }, question) }),
  };
}

function readToken(token: string, question: object): Pick<LogStreamInfo, 'name' | 'lastEventAt'> {
  const { value, id } = readingToken(() => readPageToken(token, question));
  return { name: String(id), lastEventAt: typeof value === 'number' ? value : undefined };
}

function shownStream(stream: LogStreamInfo, site: Site): object {
  const { name, createdAt, firstEventAt, lastEventAt, lastIngestedAt, storedBytes } = stream;
  return {
    logStreamName: name,
    creationTime: createdAt,
    firstEventTimestamp: firstEventAt,
    lastEventTimestamp: lastEventAt,
    lastIngestionTime: lastIngestedAt,
    arn: logStreamArn(site, name),
    storedBytes,
  };
}
