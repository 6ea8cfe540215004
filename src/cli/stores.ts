import { stat } from 'node:fs/promises';
import { parse, sep } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { causeOf, MillraceError } from '../core/errors.ts';
import type { Place } from '../jobs/planner.ts';
import { FileStore } from '../objects/file-store.ts';
import { parseLocation } from '../objects/location.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { S3Store, s3Client } from '../objects/s3-store.ts';

/** The object stores that a command uses, made when first needed; the owner closes them. */
export class Stores {
  readonly #cwd: string;
  readonly #endpointUrl: string | undefined;
  readonly #files: FileStore;
  readonly #root: string;
  #client: S3Client | undefined;
  readonly #buckets = new Map<string, ObjectStore>();

  constructor(options: { readonly cwd: string; readonly endpointUrl: string | undefined }) {
    this.#cwd = options.cwd;
    this.#endpointUrl = options.endpointUrl;
    // One store for the whole file system, so that input and output have comparable keys.
    this.#root = parse(options.cwd).root;
    this.#files = new FileStore(this.#root, options.cwd);
  }

  /** The place of existing data: an s3:// prefix as it is, a folder with what is below it, or exactly one file. */
  async input(option: string, text: string): Promise<Place> {
    const location = this.#parse(option, text);
    if (location.kind === 's3') return { store: this.#bucket(location.bucket), key: location.key, exact: false, text };
    const info = await stat(location.path).catch((error: Error) => error);
    if (info instanceof Error) {
      throw new MillraceError('InputNotFound', {
        location: text,
        remedy: `${causeOf(info)}. Check the path; it is relative to ${this.#cwd}.`,
      });
    }
    const key = this.#key(location.path);
    if (info.isDirectory()) return { store: this.#files, key: key === '' ? '' : `${key}/`, exact: false, text };
    if (info.isFile()) return { store: this.#files, key, exact: true, text };
    throw new MillraceError('InputNotFound', { location: text, remedy: 'it is neither a file nor a folder.' });
  }

  /** A place that need not exist yet. */
  output(option: string, text: string): Place {
    const location = this.#parse(option, text);
    if (location.kind === 's3') return { store: this.#bucket(location.bucket), key: location.key, exact: false, text };
    return { store: this.#files, key: this.#key(location.path), exact: false, text };
  }

  /** An object or prefix of S3, or a path. */
  model(
    option: string,
    text: string,
  ): { readonly store: ObjectStore; readonly key: string } | { readonly path: string } {
    const location = this.#parse(option, text);
    return location.kind === 's3'
      ? { store: this.#bucket(location.bucket), key: location.key }
      : { path: location.path };
  }

  async close(): Promise<void> {
    this.#client?.destroy();
  }

  #parse(option: string, text: string) {
    const location = parseLocation(text, this.#cwd);
    if ('invalid' in location)
      throw new MillraceError('InvalidOption', { option, value: text, rule: `${location.invalid}.` });
    return location;
  }

  #key(path: string): string {
    return path.slice(this.#root.length).split(sep).join('/').replace(/\/+$/, '');
  }

  #bucket(bucket: string): ObjectStore {
    const known = this.#buckets.get(bucket);
    if (known !== undefined) return known;
    this.#client ??= s3Client({
      defaultRegion: 'us-east-1',
      ...(this.#endpointUrl === undefined ? {} : { endpointUrl: this.#endpointUrl }),
    });
    const store = new S3Store(this.#client, bucket);
    this.#buckets.set(bucket, store);
    return store;
  }
}
