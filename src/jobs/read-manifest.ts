import { MillraceError } from '../core/errors.ts';
import type { ObjectStore } from '../objects/object-store.ts';

/** Bytes of a manifest at the most: some 300,000 entries. Its text and its entries are in memory while a job runs. */
const MAX_BYTES = 16 * 2 ** 20;

export interface ManifestObject {
  readonly store: ObjectStore;
  readonly key: string;
  /** As the user wrote it, for messages. */
  readonly text: string;
}

/**
 * Reads a manifest whole.
 *
 * @throws MillraceError `InputNotFound` when it is not there or cannot be read, `ManifestInvalid` when it is too large or not
 * UTF-8, and what the store says of the bucket
 */
export async function readManifest({ store, key, text }: ManifestObject, signal: AbortSignal): Promise<string> {
  const missing = (remedy: string): MillraceError => new MillraceError('InputNotFound', { location: text, remedy });
  const invalid = (cause: string): MillraceError => new MillraceError('ManifestInvalid', { manifest: text, cause });
  // S3 has no object without a name, and refuses the question in words that help nobody.
  if (key === '' || key.endsWith('/')) throw missing('this is a folder; name the manifest in it.');
  try {
    const bytes = await readWhole(store, key, signal);
    if (bytes === undefined) throw invalid(`it has more than ${MAX_BYTES} bytes; split it and run several jobs`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw invalid('it is not UTF-8');
    if (!(error instanceof MillraceError)) throw error;
    if (error.is('ObjectNotFound'))
      throw missing('there is no such file or object, and a folder is none. Check the name of the manifest.');
    if (error.is('ReadFailed') || error.is('ObjectNameUnsafe')) throw missing(`${error.details.cause}.`);
    throw error;
  }
}

/** `undefined` when there are more bytes than a manifest may have. */
async function readWhole(store: ObjectStore, key: string, signal: AbortSignal): Promise<Buffer | undefined> {
  // Asked first because that is what tells a bucket that is not there, or may not be looked at, from an object.
  const info = await store.head(key, signal);
  if (info !== undefined && info.size > MAX_BYTES) return undefined;
  const reader = await store.open(key, { signal });
  try {
    if (reader.size > MAX_BYTES) return undefined;
    const bytes = Buffer.alloc(reader.size);
    let filled = 0;
    while (filled < bytes.length) {
      const count = await reader.read(bytes.subarray(filled));
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  } finally {
    await reader.close();
  }
}
