/** What the file system under the store would take for the same name, or refuse. */
export interface NamingRules {
  /** `A` and `a` are one file, as on macOS and Windows. */
  readonly foldsCase: boolean;
  /** Windows, where more characters and some whole names mean something. */
  readonly windows: boolean;
}

/** Where an object is below its bucket's folder. */
export interface KeyPath {
  readonly folders: readonly string[];
  /** The file's name; empty when the key ends in `/`: such a file has only its second name. */
  readonly file: string;
}

const MAX_KEY_BYTES = 1024;
/** File systems allow 255; the last one is for `SECOND_NAME`. */
const MAX_NAME_BYTES = 254;
const PIECE_BYTES = 200;

/** Behind a file's name where a folder has the name already: S3 allows both `a` and `a/b`. */
export const SECOND_NAME = '%';
/** Behind the name of a folder that holds the rest of a segment that is too long for one name. */
const CONTINUES = '%+';
/** The folder of an empty segment (`a//b`). `%2F` would say it better, but 1,023 of them are longer than a path may be. */
const EMPTY_FOLDER = '%%';

const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)/i;

/** Why no object can have this key, `undefined` when one can (S3: 1 to 1,024 bytes of UTF-8). */
export function whyNoKey(key: string): string | undefined {
  if (key === '') return 'a key is not empty';
  if (!key.isWellFormed()) return 'its key is not Unicode';
  const bytes = Buffer.byteLength(key);
  return bytes > MAX_KEY_BYTES ? `its key has ${bytes} bytes, more than ${MAX_KEY_BYTES}` : undefined;
}

/** True for a folder that holds the rest of names rather than what is below them. */
export function continuesInside(folder: string): boolean {
  return folder.endsWith(CONTINUES);
}

/**
 * Gives keys their paths and reads them back. Ordinary keys are their own paths, so that a person finds them. What a name
 * cannot have is `%XX`, a byte of UTF-8 each, and so is `%` itself: what else starts with `%` has a meaning of its own (above).
 * A segment whose name is longer than 254 bytes is cut into folders of 200 with the rest inside.
 *
 * No two keys share a path, and a name that is not exactly what a key would be given is nobody's: what is listed is found.
 */
export class KeyPaths {
  readonly #rules: NamingRules;
  /** Segments that are their own names, as nearly all are; `undefined` where telling takes more than a glance. */
  readonly #plain: RegExp | undefined;

  constructor(rules: NamingRules) {
    this.#rules = rules;
    if (rules.windows) this.#plain = undefined;
    else if (rules.foldsCase) this.#plain = /^(?!\.{1,2}$)[ -$&-@[-~]+$/;
    else this.#plain = /^(?!\.{1,2}$)[ -$&-~\u0080-\uffff]+$/;
  }

  /** @param key one that `whyNoKey` has nothing against */
  path(key: string): KeyPath {
    const slash = key.lastIndexOf('/');
    const folders = this.folders(key.slice(0, slash + 1));
    const last = key.slice(slash + 1);
    if (last === '') return { folders, file: '' };
    const names = this.#names(last);
    return { folders: [...folders, ...names.slice(0, -1)], file: names.at(-1) ?? '' };
  }

  /** @param prefix empty, or up to a `/` and with it */
  folders(prefix: string): readonly string[] {
    const segments = prefix.split('/').slice(0, -1);
    return segments.flatMap((segment) => this.#names(segment));
  }

  /**
   * Reads the name of a file or folder: the segment of keys (what is between two `/`) that it stands for, `undefined` when no
   * key leads to it.
   *
   * @param begun the names of the folders above in which the segment has begun, the outermost first (`continuesInside`)
   */
  read(name: string, isFolder: boolean, begun: readonly string[]): string | undefined {
    if (begun.length === 0 && name === (isFolder ? EMPTY_FOLDER : SECOND_NAME)) return '';
    const first = !isFolder && name.endsWith(SECOND_NAME) ? name.slice(0, -SECOND_NAME.length) : name;
    if (begun.length === 0 && this.#isPlain(first)) return first;
    const pieces = [...begun.map((folder) => folder.slice(0, -CONTINUES.length)), first];
    const segment = pieces.map(percentDecode).join('');
    if (segment === '') return undefined;
    const names = this.#names(segment);
    const isOwn = names.length === pieces.length && [...begun, first].every((own, at) => own === names[at]);
    return isOwn ? segment : undefined;
  }

  #isPlain(segment: string): boolean {
    return segment.length * 3 <= MAX_NAME_BYTES && this.#plain?.test(segment) === true;
  }

  /** The names of one segment: folders that continue, and the last one. */
  #names(segment: string): readonly string[] {
    if (segment === '') return [EMPTY_FOLDER];
    if (this.#isPlain(segment)) return [segment];
    const names: string[] = [];
    let rest = Array.from(segment, (character) => (this.#isRisky(character) ? percentEncode(character) : character));
    for (;;) {
      const name = this.#asWhole(rest);
      if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return [...names, name];
      const end = charactersIn(rest, PIECE_BYTES);
      names.push(this.#asWhole(rest.slice(0, end)) + CONTINUES);
      rest = rest.slice(end);
    }
  }

  /** Escapes what is harmless in some names and means something as, or at the end of, a whole one. */
  #asWhole(characters: readonly string[]): string {
    const name = characters.join('');
    if (name === '.' || name === '..') return characters.map(percentEncode).join('');
    if (!this.#rules.windows) return name;
    const [first = '', ...rest] = characters;
    if (DEVICE.test(name)) return this.#asWhole([percentEncode(first), ...rest]);
    return /[. ]$/.test(name) ? name.slice(0, -1) + percentEncode(name.slice(-1)) : name;
  }

  #isRisky(character: string): boolean {
    if (character === '%' || character < ' ' || character === '\x7f') return true;
    if (this.#rules.windows && '\\:*?"<>|'.includes(character)) return true;
    return this.#rules.foldsCase && isFolded(character);
  }
}

/**
 * True for a character that a file system could take for another one: letters that are not what their capital is in lower
 * case, what combines with the character before it (`é` can be one character or two), and what is not seen at all.
 */
function isFolded(character: string): boolean {
  if (character < '\x80') return character >= 'A' && character <= 'Z';
  if (character.toLowerCase() !== character || character.toUpperCase().toLowerCase() !== character) return true;
  return character.normalize('NFC') !== character || /[\p{M}\p{DI}\u1160-\u11ff\ud7b0-\ud7fb]/u.test(character);
}

/** How many of them fit into so many bytes. */
function charactersIn(characters: readonly string[], bytes: number): number {
  let count = 0;
  for (let left = bytes; ; count++) {
    left -= Buffer.byteLength(characters[count] ?? '');
    if (left < 0 || count === characters.length) return count;
  }
}

function percentEncode(character: string): string {
  return Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** Whether the name was escaped this way is for the caller to check: anything can be in a folder. */
function percentDecode(name: string): string {
  return name.replace(/(?:%[0-9A-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString());
}
