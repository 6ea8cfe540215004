/** The forms that records and results come in. */
export type Format = 'csv' | 'json' | 'jsonlines';

const formats: ReadonlyMap<string, Format> = new Map([
  ['text/csv', 'csv'],
  ['application/json', 'json'],
  ['application/jsonlines', 'jsonlines'],
  ['application/x-jsonlines', 'jsonlines'],
  ['application/jsonl', 'jsonlines'],
  ['application/x-ndjson', 'jsonlines'],
]);
const ownType = { csv: 'text/csv', json: 'application/json', jsonlines: 'application/jsonlines' } as const;

/** For messages that say no. */
export const supportedTypes = 'text/csv, application/json and application/jsonlines';

/**
 * The form of a request's body by its Content-Type; parameters and case do not matter.
 *
 * Without a Content-Type (a transform job that names none) the body's first byte that is no blank decides: `{` or `[` is
 * JSON, anything else CSV.
 *
 * @returns `undefined` for a type that is not supported
 */
export function requestFormat(contentType: string | undefined, body: Uint8Array): Format | undefined {
  const type = essence(contentType ?? '');
  // What curl says of a body when it is told nothing.
  if (type !== '' && type !== 'application/x-www-form-urlencoded') return formats.get(type);
  const first = body.find((byte) => byte > 32);
  return first === 123 || first === 91 ? 'json' : 'csv';
}

export interface ResponseType {
  readonly format: Format;
  /** The response's Content-Type. */
  readonly contentType: string;
}

/**
 * The form of the response by Accept: the most wanted of the supported types. Without an Accept, with a wildcard, or
 * with a list of which nothing is supported it is the form of the request.
 *
 * @returns `undefined` when Accept asks for one type only, and that is not supported
 */
export function responseType(accept: string | undefined, request: Format): ResponseType | undefined {
  const same = { format: request, contentType: ownType[request] };
  const ranges = (accept ?? '')
    .split(',')
    .map((range) => ({ type: essence(range), quality: quality(range) }))
    .filter(({ type, quality }) => type !== '' && quality > 0)
    .sort((a, b) => b.quality - a.quality);
  for (const { type } of ranges) {
    const format = formats.get(type);
    if (format !== undefined) return { format, contentType: type };
    if (type === '*/*' || (type.endsWith('/*') && ownType[request].startsWith(type.slice(0, -1)))) return same;
  }
  return ranges.length === 1 ? undefined : same;
}

function essence(type: string): string {
  return (type.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function quality(range: string): number {
  const match = /;\s*q=([\d.]+)/i.exec(range);
  return match === null ? 1 : Number(match[1]);
}
