import { checked } from '../constraints/check.ts';
import {
  boolean,
  type Infer,
  integer,
  list,
  required,
  type StructureShape,
  string,
  structure,
} from '../constraints/shape.ts';
import { Fault } from '../fault.ts';
import { invalidParameter } from './faults.ts';

const logGroupName = string({ min: 1, max: 512, pattern: String.raw`[\.\-_/#A-Za-z0-9]+` });
const logGroupIdentifier = string({ min: 1, max: 2048, pattern: String.raw`[\w#+=/:,.@-]*` });
const logStreamName = string({ min: 1, max: 512, pattern: '[^:*]*' });
const nextToken = string({ min: 1, max: 8192 });
const describeLimit = integer({ min: 1, max: 50 });
const eventsLimit = integer({ min: 1, max: 10_000 });

/** The log group that an operation is about, by name or by ARN. */
const logGroup = { logGroupName, logGroupIdentifier };

export const describeLogGroupsInput = structure({
  logGroupNamePrefix: logGroupName,
  logGroupNamePattern: string({ max: 512, pattern: String.raw`[\.\-_/#A-Za-z0-9]*` }),
  nextToken,
  limit: describeLimit,
  logGroupClass: string({ oneOf: ['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY'] }),
  logGroupIdentifiers: list(logGroupIdentifier, { min: 1, max: 50 }),
});

export const describeLogStreamsInput = structure({
  ...logGroup,
  logStreamNamePrefix: logStreamName,
  orderBy: string({ oneOf: ['LogStreamName', 'LastEventTime'] }),
  descending: boolean(),
  nextToken,
  limit: describeLimit,
});

export const getLogEventsInput = structure({
  ...logGroup,
  logStreamName: required(logStreamName),
  nextToken,
  limit: eventsLimit,
  startFromHead: boolean(),
});

export const filterLogEventsInput = structure({
  ...logGroup,
  logStreamNames: list(logStreamName, { min: 1, max: 100 }),
  logStreamNamePrefix: logStreamName,
  filterPattern: string({ max: 1024 }),
  nextToken,
  limit: eventsLimit,
});

/** What is wrong with a request has another type here than elsewhere. */
export function checkedLogs<S extends StructureShape>(shape: S, input: unknown): Infer<S> {
  try {
    return checked(shape, input);
  } catch (error) {
    if (error instanceof Fault && error.code === 'ValidationException') throw invalidParameter(error.message);
    throw error;
  }
}

/** `startTime` and `endTime` of a request: whole milliseconds since the epoch, which are no 32-bit integers. */
export function timeRange(input: unknown): { readonly startTime?: number; readonly endTime?: number } {
  const { startTime, endTime } = input as { readonly startTime?: unknown; readonly endTime?: unknown };
  return { ...timeOf('startTime', startTime), ...timeOf('endTime', endTime) };
}

function timeOf<N extends string>(name: N, value: unknown): { readonly [K in N]?: number } {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    const type = Array.isArray(value) ? 'LIST' : typeof value;
    throw new Fault('SerializationException', `${type.toUpperCase()}_VALUE can not be converted to a Long`);
  }
  if (value >= 0) return { [name]: value } as { [K in N]?: number };
  const rule = 'Member must have value greater than or equal to 0';
  throw invalidParameter(
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: ${rule}`,
  );
}
