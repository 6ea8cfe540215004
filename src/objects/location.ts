import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where objects are: a bucket and a key (prefix), or an absolute path. */
export type Location =
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string }
  | { readonly kind: 'file'; readonly path: string };

const VIRTUAL_HOSTED = /^https:\/\/([^/]+?)\.s3[.-](?:[^/]+\.)?amazonaws\.com(?:\.cn)?\/(.*)$/;
const PATH_STYLE = /^https:\/\/s3(?:[.-][^/]+)?\.amazonaws\.com(?:\.cn)?\/([^/]+)\/?(.*)$/;

/**
 * Reads a location as users write it: `s3://bucket/key`, either https spelling of it (behaviour 1), `file://…`, or a path
 * relative to `cwd`. Returns a reason instead where the text cannot be one.
 */
export function parseLocation(text: string, cwd: string): Location | { readonly invalid: string } {
  if (text === '') return { invalid: 'it is empty' };
  const s3 = /^s3:\/\/([^/]*)\/?(.*)$/s.exec(text) ?? PATH_STYLE.exec(text) ?? VIRTUAL_HOSTED.exec(text);
  if (s3) {
    const [, bucket = '', key = ''] = s3;
    if (!/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/i.test(bucket)) return { invalid: `"${bucket}" is not a bucket name` };
    if (!text.startsWith('https:')) return { kind: 's3', bucket, key };
    const decoded = decode(key);
    return decoded === undefined ? MALFORMED : { kind: 's3', bucket, key: decoded };
  }
  if (text.startsWith('file://')) {
    const path = decode(text.slice('file://'.length));
    if (path === undefined) return MALFORMED;
    if (path.includes('\0')) return { invalid: 'a path has no NUL' };
    return path.startsWith('/') ? { kind: 'file', path } : { invalid: 'a file:// address starts with file:///' };
  }
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text);
  if (scheme) return { invalid: `${scheme[1]}:// is not supported here; use a path or s3://bucket/prefix` };
  if (text.includes('\0')) return { invalid: 'a path has no NUL' };
  const expanded = text === '~' || text.startsWith('~/') ? join(homedir(), text.slice(1)) : text;
  return { kind: 'file', path: resolve(cwd, expanded) };
}

const MALFORMED = {
  invalid: 'it has a "%" that is not followed by two hexadecimal digits of UTF-8; write %25 for "%"',
};

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
