import { isAbsolute, posix } from 'node:path';
import { x as extract, t as listEntries, type ReadEntry } from 'tar';
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
  let unsafe: { entry: string; cause: string } | undefined;
  let bytes = 0;
  let entries = 0;
  const look = (entry: ReadEntry): void => {
    bytes += entry.size;
    entries += 1;
    const cause = danger(entry, bytes, entries);
    if (cause !== undefined) unsafe ??= { entry: entry.path, cause };
  };
  try {
    await listEntries({ file, strict: true, onReadEntry: look });
    if (unsafe === undefined && entries === 0) throw new Error('it is empty');
  } catch (error) {
    throw new MillraceError('ArchiveInvalid', { archive: text, cause: causeOf(error) }, { cause: error });
  }
  if (unsafe !== undefined) throw new MillraceError('ArchiveUnsafe', { archive: text, ...unsafe });
  signal.throwIfAborted();
  try {
    await extract({ file, cwd: folder, strict: true, preserveOwner: false });
  } catch (error) {
    throw new MillraceError('UnpackFailed', { archive: text, folder, cause: causeOf(error) }, { cause: error });
  }
  signal.throwIfAborted();
}

/** Why an entry must not be unpacked, if so. Links are allowed only to something inside. */
function danger(entry: ReadEntry, bytes: number, entries: number): string | undefined {
  if (bytes > MAX_UNPACKED_BYTES || entries > MAX_ENTRIES) return 'is one too many: the archive grows without measure';
  if (climbs(entry.path)) return 'would be written outside the folder';
  switch (entry.type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
    case 'Directory':
    case 'GNUDumpDir':
      return undefined;
    case 'SymbolicLink':
      return climbs(posix.join(posix.dirname(entry.path), entry.linkpath ?? '')) || isAbsolute(entry.linkpath ?? '')
        ? `is a link to ${entry.linkpath}, outside the folder`
        : undefined;
    case 'Link':
      return climbs(entry.linkpath ?? '') ? `is a link to ${entry.linkpath}, outside the folder` : undefined;
    default:
      return `is a ${entry.type}, not a file or folder`;
  }
}

function climbs(path: string): boolean {
  const clean = posix.normalize(path.replaceAll('\\', '/'));
  return clean === '..' || clean.startsWith('../') || clean.startsWith('/') || /^[a-z]:/i.test(clean);
}
