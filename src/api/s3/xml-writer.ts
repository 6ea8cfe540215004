/** XML that is written already: it goes into other elements as it is, where strings are escaped. */
export class Xml {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What is in an element; `undefined` leaves nothing. */
export type XmlContent = string | number | boolean | Xml | readonly Xml[] | undefined;

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

export function element(name: string, ...content: readonly XmlContent[]): Xml {
  return new Xml(`<${name}>${written(content)}</${name}>`);
}

/** The element, or nothing where there is no value. */
export function optional(name: string, value: string | number | boolean | undefined): Xml | undefined {
  return value === undefined ? undefined : element(name, value);
}

/** A whole document in the namespace of S3. */
export function xmlDocument(root: string, ...content: readonly XmlContent[]): string {
  return `${DECLARATION}<${root} xmlns="${NAMESPACE}">${written(content)}</${root}>`;
}

/** S3's error documents are in no namespace. */
export function plainDocument(root: string, ...content: readonly XmlContent[]): string {
  return `${DECLARATION}<${root}>${written(content)}</${root}>`;
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

function written(content: readonly XmlContent[]): string {
  return content
    .map((part) => {
      if (part === undefined) return '';
      if (part instanceof Xml) return part.text;
      if (typeof part === 'object') return part.map(({ text }) => text).join('');
      return escapeText(String(part));
    })
    .join('');
}

// What XML 1.0 cannot carry, and what readers would change: a return becomes a newline where it is not a reference.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const SPECIAL = /[&<>"\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g;
const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/**
 * Keys may hold characters that no XML 1.0 document can. They become references (`&#x1;`), as S3 writes them: a strict reader
 * refuses the document rather than take one key for another, and `encoding-type=url` is the way to list such keys.
 */
function escapeText(text: string): string {
  return text.replace(SPECIAL, (character) => NAMED[character] ?? `&#x${character.charCodeAt(0).toString(16)};`);
}
