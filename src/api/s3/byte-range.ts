import { S3Fault } from './s3-fault.ts';

/** Bytes `[start, end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The part of an object that a `Range` header asks for; `undefined` means the whole of it, also for what is no range of bytes and
 * for several ranges, which S3 does not answer in parts.
 *
 * @throws S3Fault `InvalidRange` when nothing of it is there
 */
export function parseRange(text: string | undefined, size: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes\s*=\s*(\d*)\s*-\s*(\d*)$/i.exec(text?.trim() ?? '') ?? [];
  if (text === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    if (length === 0) throw invalidRange(text, size);
    return { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= size) throw invalidRange(text, size);
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) };
}

function invalidRange(range: string, size: number): S3Fault {
  const details = { RangeRequested: range, ActualObjectSize: size };
  const headers = { 'content-range': `bytes */${size}` };
  return new S3Fault('InvalidRange', 'The requested range is not satisfiable', 416, details, headers);
}

export function contentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`;
}
