import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { compiled } from '../scripts/wasm.ts';

test('the WebAssembly in src/ is what the sources in wasm/ give (npm run wasm)', async () => {
  const module = await readFile(join(import.meta.dirname, '../src/agent/scan/module.ts'), 'utf8');
  assert(module === (await compiled()), 'run npm run wasm');
});
