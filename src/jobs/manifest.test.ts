import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '../core/errors.ts';
import { manifestText, parseManifest } from './manifest.ts';

test('a manifest is a prefix and what follows it', () => {
  const text = `[ {"prefix": "s3://customer_bucket/some/prefix/"},
    "relative/path/to/custdata-1",
    "relative/path/custdata-2",
    "/ "
  ]`;
  assert.deepEqual(parseManifest(text, 'm'), {
    prefix: 's3://customer_bucket/some/prefix/',
    entries: ['relative/path/to/custdata-1', 'relative/path/custdata-2', '/ '],
  });
});

test('what is no manifest is refused with the reason and the place', () => {
  const prefix = '{"prefix": "s3://b/"}';
  const rows: [text: string, cause: RegExp][] = [
    ['', /: it is empty\. A manifest is/],
    [' \n', /it is empty/],
    ['a.csv\nb.csv\n', /unexpected "a" at position 0, in line 1/],
    [`[${prefix},\n "a"\n "b"]`, /unexpected '"' at position 30, in line 3/],
    [`[${prefix}, "a"`, /the text ends inside a value at position 27, in line 1/],
    ['{"prefix": "s3://b/"}', /it is an object, not an array/],
    ['"a"', /it is a string, not an array/],
    ['null', /it is null, not an array/],
    ['[]', /the array is empty/],
    ['["a", "b"]', /element 1 has to be \{"prefix": "…"\} and is a string/],
    ['[null, "b"]', /element 1 .* is null/],
    ['[["s3://b/"], "b"]', /element 1 .* is an array/],
    ['[{}, "b"]', /element 1 .* has no prefix/],
    ['[{"Prefix": "s3://b/"}, "b"]', /element 1 .* has the key "Prefix"/],
    ['[{"prefix": "s3://b/", "s3": 1}, "b"]', /element 1 .* has the key "s3"/],
    ['[{"prefix": 7}, "b"]', /the prefix is a number, not a string/],
    [`[${prefix}]`, /lists no objects/],
    [`[${prefix}, "a", 7]`, /element 3 is a number, not a string/],
    [`[${prefix}, ["a"]]`, /element 2 is an array/],
    [`[${prefix}, "a", {"prefix": "s3://c/"}]`, /element 3 is an object/],
    [`[${prefix}, "a", null]`, /element 3 is null/],
    [`[${prefix}, ""]`, /element 2 is an empty string/],
    [`[${prefix}, "a", "b", "c", "b"]`, /elements 3 and 5 are both "b"/],
    [`[${prefix}, "${'x'.repeat(500)}", "${'x'.repeat(500)}"]`, /elements 2 and 3 are both "x{100}…"\. A/],
  ];
  for (const [text, cause] of rows) {
    assert.throws(
      () => parseManifest(text, 's3://b/list.json'),
      (error) => {
        assert(error instanceof MillraceError && error.is('ManifestInvalid'), text);
        assert.equal(error.details.manifest, 's3://b/list.json');
        assert.match(error.message, cause);
        return true;
      },
    );
  }
});

test('a manifest that was written is read again, one entry on a line', () => {
  assert.equal(manifestText('s3://b/', ['a', 'b"c']), '[\n{"prefix":"s3://b/"},\n"a",\n"b\\"c"\n]\n');
  const entries = fc.uniqueArray(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.string(), entries, (prefix, some) => {
      const text = manifestText(prefix, some);
      assert.deepEqual(parseManifest(text, 'm'), { prefix, entries: some });
      assert.equal(text.split('\n').length, some.length + 4);
    }),
  );
});

test('sixteen megabytes of manifest are read within seconds', () => {
  const entries = Array.from({ length: 400_000 }, (_, at) => `some/folder/of/many/part-${at}.csv`);
  const text = manifestText('s3://bucket/', entries);
  assert(text.length > 13_000_000);
  assert.equal(parseManifest(text, 'm').entries.length, 400_000);
});
