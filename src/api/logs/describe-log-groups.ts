import type { LogStore } from '../../logs/log-store.ts';
import type { Site } from '../arn.ts';
import { invalidParameter, invalidToken } from './faults.ts';
import { isLogGroup, LOG_GROUP, logGroupArn } from './log-group.ts';
import { checkedLogs, describeLogGroupsInput } from './shapes.ts';

const CLASS = 'STANDARD';

export async function describeLogGroups(input: unknown, logs: LogStore, site: Site): Promise<object> {
  const request = checkedLogs(describeLogGroupsInput, input);
  const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern, logGroupIdentifiers: identifiers } = request;
  if (prefix !== undefined && pattern !== undefined) {
    throw invalidParameter('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
  }
  // There is no second page that it could be of.
  if (request.nextToken !== undefined) throw invalidToken();
  const asked =
    LOG_GROUP.startsWith(prefix ?? '') &&
    LOG_GROUP.includes(pattern ?? '') &&
    (request.logGroupClass ?? CLASS) === CLASS &&
    (identifiers === undefined || identifiers.some((identifier) => isLogGroup(identifier, site)));
  if (!asked) return { logGroups: [] };

  const { createdAt, storedBytes } = await logs.summary();
  const arn = logGroupArn(site);
  return {
    logGroups: [
      {
        logGroupName: LOG_GROUP,
        creationTime: createdAt,
        metricFilterCount: 0,
        arn: `${arn}:*`,
        storedBytes,
        logGroupClass: CLASS,
        logGroupArn: arn,
      },
    ],
  };
}
