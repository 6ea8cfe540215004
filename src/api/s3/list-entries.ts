import type { StoredObject } from '../../objects/local/stored-object.ts';
import { quoted } from './etags.ts';
import { wholeSeconds } from './read-conditions.ts';
import { storageClassOf } from './stored-headers.ts';
import { element, type Xml } from './xml-writer.ts';

/** A time as documents have it: whole seconds, as in `Last-Modified`, though written with a fraction. */
export function isoTime(ms: number): string {
  return new Date(wholeSeconds(ms)).toISOString();
}

export function ownerElement(account: string, name = 'Owner'): Xml {
  return element(name, element('ID', account), element('DisplayName', account));
}

/** An object in a list of objects. */
export function contentsElement(object: StoredObject, name: string, owner: Xml | undefined): Xml {
  const { checksum } = object;
  return element(
    'Contents',
    element('Key', name),
    element('LastModified', isoTime(object.modifiedAt)),
    element('ETag', quoted(object.etag)),
    checksum && element('ChecksumAlgorithm', checksum.algorithm),
    checksum && element('ChecksumType', checksum.type),
    element('Size', object.size),
    owner,
    element('StorageClass', storageClassOf(object.headers)),
  );
}

export function commonPrefixElements(prefixes: readonly string[], encode: (name: string) => string): readonly Xml[] {
  return prefixes.map((prefix) => element('CommonPrefixes', element('Prefix', encode(prefix))));
}
