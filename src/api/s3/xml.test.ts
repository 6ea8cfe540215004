import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { S3Fault } from './s3-fault.ts';
import { readXml } from './xml-reader.ts';
import { element, optional, plainDocument, xmlDocument } from './xml-writer.ts';

function read(text: string | Buffer) {
  return readXml(Buffer.from(text), 'Delete');
}

/** `unit: 'binary'` says the same, but takes two seconds to begin. */
const character = fc.integer({ min: 1, max: 0x10f7ff }).map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));

test('what is written is read again, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: character }), (text) => {
      const root = read(xmlDocument('Delete', element('Object', element('Key', text)), element('Quiet', true)));
      assert.equal(root.child('Object')?.value('Key'), text);
      assert.equal(root.value('Quiet'), 'true');
    }),
  );
});

test('special characters are references', () => {
  const text = plainDocument('A', `<&>"'\t\n\r\x01\ufffe`, optional('B', undefined), element('C', 1), [element('D')]);
  assert.equal(
    text,
    `<?xml version="1.0" encoding="UTF-8"?>\n<A>&lt;&amp;&gt;&quot;'\t\n&#xd;&#x1;&#xfffe;<C>1</C><D></D></A>`,
  );
});

test('documents as clients write them', () => {
  const root = read(`\ufeff<?xml version="1.0" encoding="UTF-8"?>
    <!-- all of them -->
    <s3:Delete xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/" a='>'>
      <s3:Object><Key> a&#10;b&#x1;&#x1f600;&apos; </Key><VersionId/></s3:Object>
      <Object><Key>x<![CDATA[<&amp;>]]>y<!-- no -->z&amp;amp;</Key></Object>
      <hasOwnProperty/>
    </s3:Delete >
`);
  assert.deepEqual(
    root.children.map(({ name }) => name),
    ['Object', 'Object', '__hasOwnProperty'],
  );
  assert.equal(root.children[0]?.value('Key'), " a\nb\x01😀' ");
  assert.equal(root.children[0]?.value('VersionId'), '');
  assert.equal(root.children[0]?.value('ETag'), undefined);
  assert.equal(root.children[1]?.value('Key'), 'x<&amp;>yz&amp;');
});

test('what is no such document is refused', () => {
  const key = (text: string): string => `<Delete><Object><Key>${text}</Key></Object></Delete>`;
  const documents = {
    nothing: '',
    text: 'Delete',
    JSON: '{"Delete":1}',
    'another root': '<CompleteMultipartUpload/>',
    'two roots': '<Delete/><Delete/>',
    'text behind it': '<Delete></Delete>x',
    'an open element': '<Delete><Object></Delete>',
    'a cut document': '<Delete><Object><Key>a</Ke',
    'an unknown entity': key('&copy;'),
    'a bare ampersand': key('a&b'),
    'the character 0': key('&#0;'),
    'half a character': key('&#xd83d;'),
    'no character at all': key('&#x110000;'),
    'an entity of its own': `<!DOCTYPE Delete [<!ENTITY a "b">]>${key('&a;')}`,
    'a file': `<!DOCTYPE Delete [<!ENTITY a SYSTEM "file:///etc/passwd">]>${key('&a;')}`,
    'an empty DTD': `<!doctype Delete>${key('a')}`,
    'a billion laughs': `<!DOCTYPE Delete [<!ENTITY a "ha"><!ENTITY b "${'&a;'.repeat(1000)}">]>${key('&b;'.repeat(1000))}`,
    'a name that means something to JavaScript': '<Delete><__proto__>a</__proto__></Delete>',
    'a very deep one': `<Delete>${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}</Delete>`,
    'no UTF-8': Buffer.from([0x3c, 0x44, 0x65, 0x6c, 0x65, 0x74, 0x65, 0x3e, 0xff]),
  };
  for (const [what, document] of Object.entries(documents)) {
    assert.throws(
      () => read(document),
      (error) => error instanceof S3Fault && error.code === 'MalformedXML',
      what,
    );
  }
  assert.throws(() => read('<Delete><Key>a</Key><Key>b</Key></Delete>').value('Key'), S3Fault);
});
