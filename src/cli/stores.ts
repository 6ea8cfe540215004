import { stat } from 'node:fs/promises';
import { dirname, parse, resolve, sep } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { causeOf, MillraceError } from '../core/errors.ts';
import { parseManifest } from '../jobs/manifest.ts';
import type { ManifestPlace, Place } from '../jobs/planner.ts';
import { readManifest } from '../jobs/read-manifest.ts';
import { FileStore } from '../objects/file-store.ts';
import { type Location, parseLocation } from '../objects/location.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { fromEnvironment } from '../server/aws-environment.ts';

export interface StoresOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The value of `--endpoint-url`. */
  readonly endpointUrl: string | undefined;
}

/** The object stores that a command uses, made when first needed; the owner closes them. */
export class Stores {
  readonly #cwd: string;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #endpointUrl: string | undefined;
  readonly #files: FileStore;
  readonly #root: string;
  #client: S3Client | undefined;
  readonly #buckets = new Map<string, ObjectStore>();

  /** @throws MillraceError `InvalidOption` */
  constructor(options: StoresOptions) {
    this.#cwd = options.cwd;
    this.#environment = options.environment;
    this.#endpointUrl = options.endpointUrl;
    if (options.endpointUrl !== undefined && !/^https?:\/\/[^/]/.test(options.endpointUrl)) {
      const rule = 'it is an address like http://host:port.';
      throw new MillraceError('InvalidOption', { option: '--endpoint-url', value: options.endpointUrl, rule });
    }
    // One store for the whole file system, so that input and output have comparable keys.
    this.#root = parse(options.cwd).root;
    this.#files = new FileStore(this.#root, options.cwd);
  }

  /** The place of existing data: an s3:// prefix as it is, a folder with what is below it, or exactly one file. */
  async input(option: string, text: string): Promise<Place> {
    const location = this.#parse(option, text);
    if (location.kind === 's3') return this.#prefix(location.bucket, location.key, text);
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
  async output(option: string, text: string): Promise<Place> {
    const location = this.#parse(option, text);
    if (location.kind === 's3') return this.#prefix(location.bucket, location.key, text);
    return { store: this.#files, key: this.#key(location.path), exact: false, text };
  }

  /**
   * The objects that the manifest at `text` lists (behaviour 1): its prefix is `s3://…` in any spelling, or a path, which is
   * relative to the folder of a manifest that is a file. A prefix is plain text, that of a path too.
   *
   * @throws MillraceError `InvalidOption`, `InputNotFound`, `ManifestInvalid`, and what the store says of the bucket
   */
  async manifest(option: string, text: string, signal: AbortSignal): Promise<ManifestPlace> {
    const location = this.#parse(option, text);
    const place =
      location.kind === 's3'
        ? { store: await this.#bucket(location.bucket), key: location.key }
        : { store: this.#files, key: this.#key(location.path) };
    const { prefix, entries } = parseManifest(await readManifest({ ...place, text }, signal), text);
    const folder = location.kind === 's3' ? undefined : dirname(location.path);
    const start = parsePrefix(prefix, folder);
    if ('invalid' in start) {
      const cause = `its prefix ${JSON.stringify(prefix)} cannot be: ${start.invalid}`;
      throw new MillraceError('ManifestInvalid', { manifest: text, cause });
    }
    if (start.kind === 's3') return { store: await this.#bucket(start.bucket), key: start.key, entries, text };
    return { store: this.#files, key: this.#keyPrefix(start.path), entries, text };
  }

  /** An object or prefix of S3, or a path. */
  async model(
    option: string,
    text: string,
  ): Promise<{ readonly store: ObjectStore; readonly key: string } | { readonly path: string }> {
    const location = this.#parse(option, text);
    return location.kind === 's3'
      ? { store: await this.#bucket(location.bucket), key: location.key }
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
    return this.#keyPrefix(path).replace(/\/+$/, '');
  }

  #keyPrefix(path: string): string {
    return path.slice(this.#root.length).split(sep).join('/');
  }

  async #prefix(bucket: string, key: string, text: string): Promise<Place> {
    return { store: await this.#bucket(bucket), key, exact: false, text };
  }

  async #bucket(bucket: string): Promise<ObjectStore> {
    // Loading the SDK takes 0.1 s, which a job on local files need not wait for.
    const { S3Store, s3Client } = await import('../objects/s3-store.ts');
    const known = this.#buckets.get(bucket);
    if (known !== undefined) return known;
    this.#client ??= s3Client({
      ...fromEnvironment(this.#environment),
      defaultRegion: 'us-east-1',
      ...(this.#endpointUrl === undefined ? {} : { endpointUrl: this.#endpointUrl }),
    });
    const store = new S3Store(this.#client, bucket);
    this.#buckets.set(bucket, store);
    return store;
  }
}

/** @param folder what a path is relative to; `undefined` in a manifest of S3, where only an absolute one has a meaning */
function parsePrefix(prefix: string, folder: string | undefined): Location | { readonly invalid: string } {
  const location = parseLocation(prefix, folder ?? '/');
  if ('invalid' in location || location.kind === 's3') return location;
  if (folder === undefined && !/^(file:\/)?\//.test(prefix)) {
    return { invalid: 'a relative path means nothing in a manifest that is in S3; write s3://bucket/prefix' };
  }
  if (/(^|\/)\.\.?$/.test(prefix)) return { invalid: 'it is a folder; end it with "/"' };
  // What follows the last "/" is the beginning of names. A path of a folder would lose its "/", one of a name loses nothing.
  const name = parseLocation(`${prefix}x`, folder ?? '/');
  return 'invalid' in name || name.kind === 's3' ? name : { kind: 'file', path: resolve(name.path).slice(0, -1) };
}
