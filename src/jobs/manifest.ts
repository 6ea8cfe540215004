import { ScanError, Scanner, WINDOW_BYTES } from '../agent/scan/scanner.ts';
import { causeOf, MillraceError } from '../core/errors.ts';

/** A list of objects (`ManifestFile`, behaviour 1): the keys are the prefix and each entry, put together literally. */
export interface Manifest {
  /** As it is written: what it means is for the reader of locations. */
  readonly prefix: string;
  /** At least one, none empty, none twice. */
  readonly entries: readonly string[];
}

/** Characters of an entry or key that a message shows. */
const MAX_SHOWN = 100;

/**
 * Reads the text of a manifest: one JSON array, `{"prefix": …}` first, then the entries. Elements are counted from 1, the
 * prefix included.
 *
 * @param manifest its location, for messages
 * @throws MillraceError `ManifestInvalid` with the reason and the element or, as far as the parser tells, the position
 */
export function parseManifest(text: string, manifest: string): Manifest {
  const invalid = (cause: string): MillraceError => new MillraceError('ManifestInvalid', { manifest, cause });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new MillraceError('ManifestInvalid', { manifest, cause: syntaxError(error, text) }, { cause: error });
  }
  if (!Array.isArray(parsed)) throw invalid(`it is ${kindOf(parsed)}, not an array`);
  const [first, ...rest] = parsed as unknown[];
  if (parsed.length === 0) throw invalid('the array is empty');
  const prefix = prefixOf(first);
  if ('invalid' in prefix) throw invalid(prefix.invalid);
  if (rest.length === 0) throw invalid('it has a prefix and lists no objects');
  const seen = new Map<string, number>();
  const entries = rest.map((entry, at) => {
    const element = at + 2;
    if (typeof entry !== 'string') throw invalid(`element ${element} is ${kindOf(entry)}, not a string`);
    if (entry === '') throw invalid(`element ${element} is an empty string`);
    const earlier = seen.get(entry);
    if (earlier !== undefined) throw invalid(`elements ${earlier} and ${element} are both ${shown(entry)}`);
    seen.set(entry, element);
    return entry;
  });
  return { prefix: prefix.text, entries };
}

/** A manifest as `parseManifest` reads it, one entry on a line. */
export function manifestText(prefix: string, entries: readonly string[]): string {
  const elements = [JSON.stringify({ prefix }), ...entries.map((entry) => JSON.stringify(entry))];
  return `[\n${elements.join(',\n')}\n]\n`;
}

function prefixOf(first: unknown): { readonly text: string } | { readonly invalid: string } {
  const wanted = 'element 1 has to be {"prefix": "…"}';
  if (typeof first !== 'object' || first === null || Array.isArray(first)) {
    return { invalid: `${wanted} and is ${kindOf(first)}` };
  }
  const stray = Object.keys(first).find((key) => key !== 'prefix');
  if (stray !== undefined) return { invalid: `${wanted} and has the key ${shown(stray)}` };
  if (!('prefix' in first)) return { invalid: `${wanted} and has no prefix` };
  if (typeof first.prefix !== 'string') return { invalid: `the prefix is ${kindOf(first.prefix)}, not a string` };
  return { text: first.prefix };
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value}`;
}

function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

/** The parser's words; it leaves the position out of some of them, and its excerpts may have line ends. */
function syntaxError(error: unknown, text: string): string {
  if (text.trim() === '') return 'it is empty';
  const fault = firstFault(Buffer.from(text));
  if (fault === undefined) return causeOf(error).replaceAll(/\s+/g, ' ');
  const line = text.slice(0, fault.position).split('\n').length;
  return `${fault.reason} at position ${fault.position}, in line ${line}`;
}

/** The platform's parser does not always tell where something is wrong; the scanner does. */
function firstFault(bytes: Buffer): ScanError | undefined {
  const scanner = new Scanner('json');
  scanner.start({ members: false });
  try {
    for (let at = 0; at < bytes.length; at += WINDOW_BYTES) {
      scanner.push(bytes, at, Math.min(bytes.length, at + WINDOW_BYTES));
    }
    scanner.end();
  } catch (error) {
    if (error instanceof ScanError) return error;
    throw error;
  }
  return undefined;
}
