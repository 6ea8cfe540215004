import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { causeOf, MillraceError } from '../core/errors.ts';
import type { ObjectReader, ObjectStore } from '../objects/object-store.ts';
import { securePath } from '../objects/secure-path.ts';
import { unpackArchive } from './model-archive.ts';

/** A model's files on this machine. */
export interface ModelArtifacts {
  /** What `SM_MODEL_DIR` names, absolute. */
  readonly folder: string;
  /** The one file, when the model is a single file rather than a folder. */
  readonly file?: string;
  /** Removes what was fetched or unpacked. Never rejects. */
  dispose(): Promise<void>;
}

export type ModelSource =
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | { readonly kind: 'object'; readonly store: ObjectStore; readonly key: string; readonly text: string };

const ARCHIVE = /\.(tar\.gz|tgz)$/;
const READ_BYTES = 2 ** 20;

/**
 * Makes a model's files available: a file or folder as it is, an archive unpacked, an object or prefix fetched first, both
 * into a temporary folder.
 *
 * @param under where the temporary folder is made; the system's own place for such when left out
 * @throws MillraceError `ModelNotFound`, `ArchiveInvalid`, `ArchiveUnsafe`; the temporary folder is gone then
 */
export async function obtainModel(
  source: ModelSource,
  { under = tmpdir(), signal }: { readonly under?: string; readonly signal: AbortSignal },
): Promise<ModelArtifacts> {
  if (source.kind === 'file' && !ARCHIVE.test(source.path)) return localModel(source);
  const folder = await mkdtemp(join(under, 'millrace-model-'));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true }).catch(() => undefined);
  try {
    if (source.kind === 'file') {
      await expectFile(source);
      await unpackArchive(source.path, folder, source.text, signal);
      return { folder, dispose };
    }
    return { ...(await fetchModel(source, folder, signal)), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function localModel({ path, text }: Extract<ModelSource, { kind: 'file' }>): Promise<ModelArtifacts> {
  const info = await stat(path).catch((error: Error) => error);
  if (info instanceof Error) throw new MillraceError('ModelNotFound', { model: text, cause: causeOf(info) });
  const dispose = (): Promise<void> => Promise.resolve();
  if (info.isDirectory()) return { folder: path, dispose };
  return { folder: dirname(path), file: path, dispose };
}

async function expectFile({ path, text }: Extract<ModelSource, { kind: 'file' }>): Promise<void> {
  const info = await stat(path).catch((error: Error) => error);
  if (info instanceof Error) throw new MillraceError('ModelNotFound', { model: text, cause: causeOf(info) });
  if (!info.isFile()) throw new MillraceError('ArchiveInvalid', { archive: text, cause: 'it is not a file' });
}

async function fetchModel(
  source: Extract<ModelSource, { kind: 'object' }>,
  folder: string,
  signal: AbortSignal,
): Promise<{ folder: string; file?: string }> {
  const { store, key, text } = source;
  const exact = key === '' || key.endsWith('/') ? undefined : await store.head(key, signal);
  if (exact !== undefined) {
    const file = join(folder, key.slice(key.lastIndexOf('/') + 1));
    await download(store, key, file, signal);
    if (!ARCHIVE.test(key)) return { folder, file };
    const unpacked = join(folder, 'model');
    await mkdir(unpacked);
    await unpackArchive(file, unpacked, text, signal);
    await rm(file);
    return { folder: unpacked };
  }
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`;
  let found = 0;
  for await (const object of store.list(prefix, signal)) {
    if (object.key.endsWith('/')) continue;
    const place = securePath(folder, object.key.slice(prefix.length));
    if ('invalid' in place) {
      throw new MillraceError('ModelNotFound', {
        model: text,
        cause: `the key ${object.key} cannot be a file: ${place.invalid}`,
      });
    }
    await mkdir(dirname(place.path), { recursive: true });
    await download(store, object.key, place.path, signal);
    found += 1;
  }
  if (found === 0)
    throw new MillraceError('ModelNotFound', { model: text, cause: 'there is no such object and nothing below it' });
  return { folder };
}

async function download(store: ObjectStore, key: string, file: string, signal: AbortSignal): Promise<void> {
  const reader = await store.open(key, { signal });
  try {
    await pipeline(Readable.from(pieces(reader)), createWriteStream(file), { signal });
  } finally {
    await reader.close();
  }
}

async function* pieces(reader: ObjectReader): AsyncGenerator<Buffer, void, undefined> {
  while (true) {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const count = await reader.read(buffer);
    if (count === 0) return;
    yield buffer.subarray(0, count);
  }
}
