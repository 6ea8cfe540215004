import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import { x as extract, t as listEntries, type Parser, type ReadEntry, Unpack } from 'tar';
import { causeOf, MillraceError } from '../core/errors.ts';

/** What an archive may grow to, so that one of a few kilobytes cannot fill the disk. */
const MAX_UNPACKED_BYTES = 64 * 2 ** 30;
const MAX_ENTRIES = 100_000;

/**
 * Unpacks a `.tar.gz` into an empty folder. Every entry is looked at before the first is written: one that would land, or
 * point, outside the folder refuses the archive as a whole.
 *
 * @param text how the user named the archive
 * @throws MillraceError `ArchiveInvalid`, `ArchiveUnsafe`, `UnpackFailed`
 */
export async function unpackArchive(file: string, folder: string, text: string, signal: AbortSignal): Promise<void> {
  const survey = new Survey();
  try {
    await feed(listEntries({ strict: true, onReadEntry: (entry) => survey.look(entry) }), file, signal);
    if (survey.entries === 0) throw new Error('it is empty');
  } catch (error) {
    signal.throwIfAborted();
    throw new MillraceError('ArchiveInvalid', { archive: text, cause: causeOf(error) }, { cause: error });
  }
  const unsafe = survey.verdict();
  if (unsafe !== undefined) throw new MillraceError('ArchiveUnsafe', { archive: text, ...unsafe });
  try {
    await feed(extract({ cwd: folder, strict: true, preserveOwner: false }), file, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new MillraceError('UnpackFailed', { archive: text, folder, cause: causeOf(error) }, { cause: error });
  }
}

/** Puts a file through one of tar's parsers, which are event emitters of their own kind; ends soon when the signal is aborted. */
async function feed(parser: Parser, file: string, signal: AbortSignal): Promise<void> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  ended.catch(() => undefined); // it is awaited only when everything has been written
  let failure: { error: unknown } | undefined;
  parser.on('error', (error: unknown) => {
    failure ??= { error };
    reject(error);
  });
  // An extractor has written everything at 'close'; a lister ends with 'end'.
  parser.on(parser instanceof Unpack ? 'close' : 'end', () => resolve());
  for await (const bytes of createReadStream(file, { highWaterMark: 2 ** 20, signal })) {
    if (failure !== undefined) throw failure.error;
    if (!parser.write(bytes as Buffer)) await Promise.race([once(parser, 'drain', { signal }), ended]);
  }
  parser.end();
  await ended;
}

/** Looks at all entries of an archive and remembers the first that must not be unpacked. */
class Survey {
  entries = 0;
  #bytes = 0;
  #unsafe: { readonly entry: string; readonly cause: string } | undefined;
  readonly #links = new Set<string>();
  /** Every path that is written or pointed to, with the entry it belongs to. */
  readonly #paths: { readonly entry: string; readonly path: string }[] = [];

  look(entry: ReadEntry): void {
    this.entries += 1;
    this.#bytes += entry.size;
    const cause = this.#danger(entry);
    if (cause !== undefined) this.#unsafe ??= { entry: entry.path, cause };
    if (this.entries > MAX_ENTRIES) return;
    this.#paths.push({ entry: entry.path, path: posix.normalize(entry.path) });
    if (entry.type === 'SymbolicLink') this.#links.add(posix.normalize(entry.path).replace(/\/$/, ''));
    if (LINKS.has(entry.type)) this.#paths.push({ entry: entry.path, path: target(entry) });
  }

  /** A path that leads through a link is somewhere else than it says, so no entry may. */
  verdict(): { readonly entry: string; readonly cause: string } | undefined {
    if (this.#unsafe !== undefined || this.#links.size === 0) return this.#unsafe;
    for (const { entry, path } of this.#paths) {
      for (let above = posix.dirname(path); above !== '.' && above !== '/'; above = posix.dirname(above)) {
        if (this.#links.has(above)) return { entry, cause: `leads through the link ${above}` };
      }
    }
    return undefined;
  }

  #danger(entry: ReadEntry): string | undefined {
    if (this.#bytes > MAX_UNPACKED_BYTES || this.entries > MAX_ENTRIES)
      return 'is one too many: the archive grows without measure';
    if (climbs(entry.path)) return 'would be written outside the folder';
    if (LINKS.has(entry.type)) {
      const link = entry.linkpath ?? '';
      // `..` behind a name would be taken away with the name here, but from where a link leads by the system.
      const outside = climbs(target(entry)) || posix.isAbsolute(link) || /[^/.][^/]*\/+\.\.(\/|$)/.test(link);
      return outside ? `is a link to ${link}, outside the folder` : undefined;
    }
    return FILES.has(entry.type) ? undefined : `is a ${entry.type}, not a file or folder`;
  }
}

const FILES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory', 'GNUDumpDir']);
const LINKS: ReadonlySet<string> = new Set(['SymbolicLink', 'Link']);

/** Where a link leads: a symbolic one from its own folder, a hard one from the top of the archive. */
function target({ type, path, linkpath = '' }: ReadEntry): string {
  return posix.normalize(type === 'Link' ? linkpath : posix.join(posix.dirname(path), linkpath));
}

function climbs(path: string): boolean {
  const clean = posix.normalize(path.replaceAll('\\', '/'));
  return clean === '..' || clean.startsWith('../') || clean.startsWith('/') || /^[a-z]:/i.test(clean);
}
