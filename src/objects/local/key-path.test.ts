import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { continuesInside, type KeyPath, KeyPaths, type NamingRules, whyNoKey } from './key-path.ts';

const POSIX: NamingRules = { foldsCase: false, windows: false };
const MAC: NamingRules = { foldsCase: true, windows: false };
const WINDOWS: NamingRules = { foldsCase: true, windows: true };

/** What comes out when a path is read name by name, as the walk through the folders does. */
function keyOf(paths: KeyPaths, { folders, file }: KeyPath, second = file === ''): string | undefined {
  let key = '';
  let begun: string[] = [];
  for (const name of folders) {
    if (continuesInside(name)) begun.push(name);
    else {
      const segment = paths.read(name, true, begun);
      if (segment === undefined) return undefined;
      key += `${segment}/`;
      begun = [];
    }
  }
  const last = paths.read(second ? `${file}%` : file, false, begun);
  return last === undefined ? undefined : key + last;
}

const tricky = fc.constantFrom(
  ...[
    '/',
    '/',
    '.',
    '..',
    '%',
    '%41',
    '%+',
    '%%',
    '%2F',
    '+',
    '\0',
    '\n',
    '\x1f',
    '\x7f',
    ' ',
    '\\',
    ':',
    '"',
    '|',
    '*',
  ],
  ...[
    'a',
    'A',
    'z',
    'con',
    'NUL.txt',
    'com1',
    'é',
    'É',
    'e\u0301',
    'ß',
    'ſ',
    'K',
    '\u212a',
    '日',
    '가',
    '\u1100\u1161',
  ],
  ...[
    '\u{1f389}',
    '\ufffd',
    '\uffff',
    '\u200d',
    '\ufe0f',
    'x'.repeat(199),
    'x'.repeat(254),
    '日'.repeat(85),
    '\x01'.repeat(90),
  ],
);
const anyKey = fc
  .array(fc.oneof({ weight: 4, arbitrary: tricky }, fc.string({ unit: 'binary', maxLength: 40 })), {
    minLength: 1,
    maxLength: 40,
  })
  .map((parts) => {
    let key = parts.join('').toWellFormed();
    while (Buffer.byteLength(key) > 1024) key = Array.from(key).slice(0, -50).join('');
    return key;
  })
  .filter((key) => key !== '');

for (const [system, rules] of Object.entries({ POSIX, MAC, WINDOWS })) {
  const paths = new KeyPaths(rules);

  test(`every key has a path of names that can be there, and is read back from it: ${system}`, () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const path = paths.path(key);
        assert.equal(keyOf(paths, path), key);
        assert.equal(keyOf(paths, path, true), key, 'under its second name');
        for (const name of [...path.folders, path.file === '' ? '%' : path.file, `${path.file}%`]) {
          assert(name !== '' && name !== '.' && name !== '..' && !name.includes('/'), JSON.stringify(name));
          assert(Buffer.byteLength(name) <= 255, `${Buffer.byteLength(name)} bytes`);
          assert(/^[ -~\u0080-\uffff]+$/.test(name), JSON.stringify(name));
          if (rules.windows) assert(!/[\\:*?"<>|]|[. ]$|^(con|nul|com1)(\.|$)/i.test(name), JSON.stringify(name));
        }
        const length = Buffer.byteLength([...path.folders, `${path.file}%`].join('/'));
        assert(length <= 3300, `a path of ${length} bytes`);
      }),
      { numRuns: 2000 },
    );
  });

  test(`no two keys share a file: ${system}`, () => {
    const same = (name: string): string => (rules.foldsCase ? name.normalize('NFC').toUpperCase().toLowerCase() : name);
    fc.assert(
      fc.property(fc.uniqueArray(anyKey, { minLength: 2, maxLength: 30 }), (keys) => {
        const files = new Set<string>();
        for (const { folders, file } of keys.map((key) => paths.path(key))) {
          for (const name of file === '' ? ['%'] : [file, `${file}%`]) files.add(same([...folders, name].join('/')));
        }
        const expected = keys.reduce((count, key) => count + (key.endsWith('/') ? 1 : 2), 0);
        assert.equal(files.size, expected);
      }),
      { numRuns: 300 },
    );
  });

  test(`a name is read only when a key is stored under it: ${system}`, () => {
    const names = fc.array(tricky, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('').replaceAll('/', ''));
    fc.assert(
      fc.property(fc.array(names, { maxLength: 2 }), names, (folders, file) => {
        const key = keyOf(paths, { folders, file }, false);
        if (key === undefined || key === '') return;
        const path = paths.path(key);
        assert.deepEqual(path.folders, folders);
        assert([path.file, `${path.file}%`].includes(file), `${JSON.stringify(file)} for ${JSON.stringify(path.file)}`);
      }),
      { numRuns: 2000 },
    );
  });
}

test('the longest path is no longer than systems allow', () => {
  const paths = new KeyPaths(POSIX);
  for (const unit of ['/', '\x01', '%', '.', './', '../', '\x01/', '日', 'x']) {
    const key = unit.repeat(1024 / Buffer.byteLength(unit));
    const { folders, file } = paths.path(key);
    assert(Buffer.byteLength([...folders, `${file}%`].join('/')) < 3200, JSON.stringify(unit));
  }
});

test('ordinary keys are their own paths', () => {
  const paths = new KeyPaths(POSIX);
  for (const key of [
    'a',
    'data/part-00000.csv',
    'a b/c+d',
    'Ünï/日本語.csv',
    '.hidden/...',
    'A:b\\c|d',
    'x'.repeat(254),
  ]) {
    assert.deepEqual([...paths.path(key).folders, paths.path(key).file].join('/'), key);
  }
  const mac = new KeyPaths(MAC);
  for (const key of ['data/part-00000.csv', 'caf\u00e9/日本語 가.csv']) {
    assert.deepEqual([...mac.path(key).folders, mac.path(key).file].join('/'), key);
  }
});

test('what names cannot say is escaped', () => {
  const joined = (rules: NamingRules, key: string): string => {
    const { folders, file } = new KeyPaths(rules).path(key);
    return [...folders, file === '' ? '%' : file].join('/');
  };
  for (const [key, path] of [
    ['a/', 'a/%'],
    ['/', '%%/%'],
    ['a//b', 'a/%%/b'],
    ['../a', '%2E%2E/a'],
    ['./.../..', '%2E/.../%2E%2E'],
    ['100%', '100%25'],
    ['a\tb', 'a%09b'],
    ['\0', '%00'],
    ['x'.repeat(255), `${'x'.repeat(200)}%+/${'x'.repeat(55)}`],
    [`${'日'.repeat(80)}${'%'.repeat(20)}/y`, `${'日'.repeat(66)}%+/${'日'.repeat(14)}${'%25'.repeat(20)}/y`],
    [`${'x'.repeat(199)}%${'x'.repeat(198)}..`, `${'x'.repeat(199)}%+/%25${'x'.repeat(198)}..`],
  ] as const) {
    assert.equal(joined(POSIX, key), path);
  }
  assert.equal(joined(MAC, 'Data/É.csv'), '%44ata/%C3%89.csv');
  assert.equal(joined(MAC, 'cafe\u0301'), 'cafe%CC%81');
  assert.equal(joined(WINDOWS, 'c:\\x. /aux.txt/y.'), 'c%3A%5Cx.%20/%61ux.txt/y%2E');
});

test('what is no key', () => {
  assert.equal(whyNoKey('x'.repeat(1024)), undefined);
  assert.equal(whyNoKey('日'.repeat(341)), undefined);
  for (const key of ['', 'x'.repeat(1025), '日'.repeat(342), 'a\ud800']) assert(whyNoKey(key) !== undefined);
});
