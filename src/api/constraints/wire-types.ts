import { Fault } from '../fault.ts';

/** What stands in JSON, without its nulls: those count as absent wherever that is possible. */
type JsonObject = Readonly<Record<string, unknown>>;

const START_OF_LIST = 'Start of list found where not expected';
const START_OF_OBJECT = 'Start of structure or map found where not expected.';

/** The original takes these, in any case, where a boolean belongs. */
const BOOLEAN_WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'y', 't', '1'].map((word) => [word, true] as const),
  ...['false', 'no', 'n', 'f', '0'].map((word) => [word, false] as const),
]);

/** The last millisecond that a `Date` can hold, either way from the epoch. */
const MAX_TIME_MS = 8.64e15;

/** @throws Fault `SerializationException`, as all of these, in the words of the original's JSON reader */
export function asString(json: unknown): string {
  if (typeof json === 'string') return json;
  throw notConvertible(json, 'a String');
}

/** 1.0 is the whole number 1; 1.5 is none, nor is what takes more than 32 bits. (The original cuts both off silently.) */
export function asInteger(json: unknown): number {
  if (typeof json === 'number' && json === (json | 0)) return json | 0;
  throw notConvertible(json, 'an Integer');
}

export function asBoolean(json: unknown): boolean {
  const value = typeof json === 'string' ? BOOLEAN_WORDS.get(json.toLowerCase()) : json;
  if (typeof value === 'boolean') return value;
  throw notConvertible(json, typeof json === 'string' ? 'an Boolean' : 'a Boolean');
}

/** Seconds since the epoch, with or without a fraction, to milliseconds. The protocol has no other form: text is refused. */
export function asTimestamp(json: unknown): number {
  const ms = typeof json === 'number' ? Math.round(json * 1000) : Number.NaN;
  if (Math.abs(ms) <= MAX_TIME_MS) return ms;
  throw notConvertible(json, 'milliseconds since epoch');
}

export function asList(json: unknown): readonly unknown[] {
  if (Array.isArray(json)) return json;
  throw serialization(typeof json === 'object' && json !== null ? START_OF_OBJECT : 'Expected list or null');
}

export function asMap(json: unknown): JsonObject {
  return asObject(json, 'Expected map or null');
}

export function asStructure(json: unknown): JsonObject {
  return asObject(json, 'Expected null');
}

function asObject(json: unknown, otherwise: string): JsonObject {
  if (Array.isArray(json)) throw serialization(START_OF_LIST);
  if (typeof json === 'object' && json !== null) return json as JsonObject;
  // Only the request itself can be null here.
  throw serialization(json === null || json === undefined ? 'Start of structure expected' : otherwise);
}

function notConvertible(json: unknown, type: string): Fault {
  if (Array.isArray(json)) return serialization(START_OF_LIST);
  if (typeof json === 'object') return serialization(START_OF_OBJECT);
  const token = typeof json === 'boolean' ? String(json) : typeof json;
  return serialization(`${token.toUpperCase()}_VALUE can not be converted to ${type}`);
}

function serialization(message: string): Fault {
  return new Fault('SerializationException', message);
}
