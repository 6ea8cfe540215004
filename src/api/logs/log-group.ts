import type { Site } from '../arn.ts';
import { groupNotFound, invalidParameter } from './faults.ts';

/** The one log group (behaviour 8). It is there from the start, so that logs can be followed before the first job runs. */
export const LOG_GROUP = '/aws/sagemaker/TransformJobs';

const ARN = /^arn:aws[a-z-]*:logs:([^:]*):([^:]*):log-group:([^:]*)$/;

export function logGroupArn({ region, account }: Site): string {
  return `arn:aws:logs:${region}:${account}:log-group:${LOG_GROUP}`;
}

export function logStreamArn(site: Site, name: string): string {
  return `${logGroupArn(site)}:log-stream:${name}`;
}

/**
 * Returns when a request is about the log group.
 *
 * @throws Fault `ResourceNotFoundException` when it is about another one, `InvalidParameterException` when it does not say
 */
export function checkLogGroup(
  request: { readonly logGroupName?: string; readonly logGroupIdentifier?: string },
  site: Site,
): void {
  const { logGroupName: name, logGroupIdentifier: identifier } = request;
  if ((name === undefined) === (identifier === undefined)) {
    throw invalidParameter('You must include either logGroupIdentifier or logGroupName, but not both.');
  }
  if (!isLogGroup(name ?? identifier ?? '', site)) throw groupNotFound();
}

/** True for the name of the log group and for its ARN, without the `:*` that the original does not take here either. */
export function isLogGroup(identifier: string, { region, account }: Site): boolean {
  const parts = ARN.exec(identifier);
  if (parts === null) return identifier === LOG_GROUP;
  return parts[1] === region && parts[2] === account && parts[3] === LOG_GROUP;
}
