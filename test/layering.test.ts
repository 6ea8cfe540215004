import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';

/** The rooms of src/, from the lowest up, with what each may import: a room, or only some files of one. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  objects: ['core/'],
  instances: ['core/', 'objects/object-store.ts', 'objects/secure-path.ts'],
  runtimes: ['core/'],
  agent: ['core/', 'objects/object-store.ts'],
  catalog: ['core/', 'objects/local/stored-object.ts', 'logs/log-index.ts'],
  logs: ['core/'],
  jobs: [
    'core/',
    'agent/',
    'objects/object-store.ts',
    'objects/location.ts',
    'instances/instance.ts',
    'catalog/catalog.ts',
  ],
  api: [
    'core/',
    'agent/progress.ts',
    'catalog/catalog.ts',
    'jobs/',
    'logs/',
    'objects/local/digest.ts',
    'objects/local/embedded-store.ts',
    'objects/key-order.ts',
    'objects/local/stored-object.ts',
  ],
  server: [
    'core/',
    'agent/progress.ts',
    'agent/retry-policy.ts',
    'api/',
    'catalog/',
    'instances/',
    'jobs/',
    'logs/',
    'objects/',
    'runtimes/',
  ],
  cli: ['core/', 'agent/', 'objects/', 'instances/', 'runtimes/', 'jobs/', 'server/'],
};
/** Where a package may be imported, and where only its types. */
const PACKAGES: readonly { readonly name: RegExp; readonly in: RegExp; readonly types?: RegExp }[] = [
  { name: /^@aws-sdk\//, in: /^objects\/s3-[a-z-]+\.ts$/, types: /^cli\/stores\.ts$/ },
  { name: /^onnxruntime-node$/, in: /^runtimes\/onnx\// },
  { name: /^tar$/, in: /^instances\/model-archive\.ts$/ },
  { name: /^node:sqlite$/, in: /^catalog\// },
  { name: /^@smithy\/signature-v4$/, in: /^(api\/sigv4\/|cli\/service-client\.ts)/ },
  { name: /^fast-xml-parser$/, in: /^api\/s3\// },
  { name: /^prom-client$/, in: /^server\/metrics\.ts$/ },
  { name: /^node:/, in: /^/ },
];
const READS_THE_ENVIRONMENT = /^(cli|server)\/|^runtimes\/onnx\/main\.ts$/;

const root = join(import.meta.dirname, '../src');
const files = globSync('**/*.ts', { cwd: root })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => !file.endsWith('.test.ts'));
const IMPORT = /(?:^|\n)\s*(import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\((?:\s*)'([^']+)'/g;

test('imports only look down, and packages are imported where they belong', () => {
  const wrong: string[] = [];
  let imports = 0;
  for (const file of files) {
    const room = file.split('/')[0] ?? '';
    const allowed = ROOMS[room];
    assert(allowed, `${file} is in no room of the table`);
    for (const [, , type, static_, dynamic] of readFileSync(join(root, file), 'utf8').matchAll(IMPORT)) {
      const what = static_ ?? dynamic ?? '';
      imports += 1;
      if (what.startsWith('.')) {
        const target = posix.join(posix.dirname(file), what);
        const fits = (place: string): boolean => (place.endsWith('/') ? target.startsWith(place) : target === place);
        if (![`${room}/`, ...allowed].some(fits)) wrong.push(`${file} imports ${target}`);
      } else {
        const rule = PACKAGES.find(({ name }) => name.test(what));
        if (!(rule?.in.test(file) || (type && rule?.types?.test(file)))) wrong.push(`${file} imports ${what}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert(files.length > 60 && imports > 250, `only ${files.length} files and ${imports} imports were looked at`);
});

test('the environment is read at the edges only', () => {
  const readers = files.filter((file) => readFileSync(join(root, file), 'utf8').includes('process.env'));
  assert.deepEqual(
    readers.filter((file) => !READS_THE_ENVIRONMENT.test(file)),
    [],
  );
  assert(readers.length > 0, 'nobody reads it: the test looks for the wrong thing');
});
