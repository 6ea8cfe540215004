import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { malformedXml } from './s3-fault.ts';

/** An element of a document that was sent, without its attributes and without the prefix of its name. */
export class XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** All text directly in it, references resolved, white space kept. */
  readonly text: string;

  constructor(name: string, children: readonly XmlElement[], text: string) {
    this.name = name;
    this.children = children;
    this.text = text;
  }

  /** @throws S3Fault `MalformedXML` when there are two of them */
  child(name: string): XmlElement | undefined {
    const [first, ...others] = this.children.filter((child) => child.name === name);
    if (others.length > 0) throw malformedXml();
    return first;
  }

  /** The text of a child, `undefined` when there is no such child. */
  value(name: string): string | undefined {
    return this.child(name)?.text;
  }
}

/**
 * Reads a document with the root element `root`. There is no DTD and so are no entities but the five of XML.
 *
 * @throws S3Fault `MalformedXML`
 */
export function readXml(bytes: Buffer, root: string): XmlElement {
  const element = parse(bytes);
  if (element.name !== root) throw malformedXml();
  return element;
}

function parse(bytes: Buffer): XmlElement {
  const text = decoded(bytes);
  if (/<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true) throw malformedXml();
  const [root, ...others] = nodesOf(parsed(text)).filter(({ name }) => !name.startsWith('?'));
  if (root === undefined || others.length > 0) throw malformedXml();
  return elementOf(root);
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformedXml();
  }
}

/**
 * The package resolves references itself, but leaves out `&#x1;` without a word: the key `a\x01` would become `a`, and another
 * object would be deleted. So it is told to leave them alone, and to keep apart CDATA, in which they mean nothing.
 */
function parsed(text: string): unknown {
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: true,
    removeNSPrefix: true,
    parseTagValue: false,
    trimValues: false,
    processEntities: false,
    cdataPropName: CDATA,
  });
  try {
    return parser.parse(text);
  } catch {
    // Nested too deeply, or a name that it will not have as a property.
    throw malformedXml();
  }
}

const TEXT = '#text';
const CDATA = '#cdata';

interface Node {
  readonly name: string;
  readonly content: unknown;
}

/** In the order of the document each element is an object with one property, its name. */
function nodesOf(list: unknown): Node[] {
  if (!Array.isArray(list)) throw malformedXml();
  return list.map((item: unknown) => {
    const [entry] = Object.entries(item as object);
    if (entry === undefined) throw malformedXml();
    return { name: entry[0], content: entry[1] };
  });
}

function elementOf({ name, content }: Node): XmlElement {
  const nodes = nodesOf(content).filter((node) => !node.name.startsWith('?'));
  const text = nodes.map((node) => {
    if (node.name === TEXT) return resolveReferences(String(node.content));
    return node.name === CDATA ? nodesOf(node.content).map(({ content }) => String(content)) : [];
  });
  const children = nodes.filter((node) => node.name !== TEXT && node.name !== CDATA).map(elementOf);
  return new XmlElement(name, children, text.flat().join(''));
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

function resolveReferences(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-fA-F]+)|(\w+));|&/g, (_, decimal?: string, hex?: string, name?: string) => {
    if (decimal !== undefined) return character(Number(decimal));
    if (hex !== undefined) return character(Number.parseInt(hex, 16));
    const value = ENTITIES.get(name ?? '');
    if (value === undefined) throw malformedXml();
    return value;
  });
}

function character(code: number): string {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw malformedXml();
  return String.fromCodePoint(code);
}
