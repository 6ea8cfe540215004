import type { LogStore } from '../../logs/log-store.ts';
import type { Site } from '../arn.ts';
import { describeLogGroups } from './describe-log-groups.ts';
import { describeLogStreams } from './describe-log-streams.ts';
import { filterLogEvents } from './filter-log-events.ts';
import { getLogEvents } from './get-log-events.ts';

type LogOperation = (input: unknown, logs: LogStore, site: Site) => Promise<object>;

/** The operations of the target `Logs_20140328.…`, by their names on the wire. */
export const logOperations: Readonly<Record<string, LogOperation>> = {
  DescribeLogGroups: describeLogGroups,
  DescribeLogStreams: describeLogStreams,
  GetLogEvents: getLogEvents,
  FilterLogEvents: filterLogEvents,
};
