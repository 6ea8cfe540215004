import { join, sep } from 'node:path';

/**
 * The path of the file for `key` below `root`, or the reason why it cannot be one. Keys come from other people's buckets,
 * so whatever could leave the folder or mean two things is refused, never repaired: a repaired name could be another
 * object's.
 */
export function securePath(root: string, key: string): { readonly path: string } | { readonly invalid: string } {
  if (key === '') return { invalid: 'it is empty' };
  if (key.includes('\0')) return { invalid: 'it has a NUL' };
  if (sep === '\\' && /[\\:]/.test(key)) return { invalid: 'it has a "\\" or ":"' };
  const segments = key.split('/');
  for (const segment of segments) {
    if (segment === '') return { invalid: 'it starts or ends with "/" or has "//"' };
    if (segment === '.' || segment === '..') return { invalid: `it has "${segment}" as a folder` };
    if (Buffer.byteLength(segment) > 255) return { invalid: 'a part of it is longer than 255 bytes' };
  }
  return { path: join(root, ...segments) };
}
