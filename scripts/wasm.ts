// Compiles wasm/ into src/agent/scan/module.ts; `--check` says whether that is up to date (test/wasm.test.ts does).
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { main } from 'assemblyscript/asc';

const root = join(import.meta.dirname, '..');
const target = join(root, 'src/agent/scan/module.ts');
const CHUNK = 118;
const PAGES = '11';

/** The text of module.ts that the sources in wasm/ give. */
export async function compiled(): Promise<string> {
  let binary: Uint8Array = new Uint8Array();
  const problems: string[] = [];
  const { error } = await main(
    [
      'index.ts',
      ...['--baseDir', join(root, 'wasm'), '--outFile', 'module.wasm', '--runtime', 'stub', '--use', 'abort='],
      ...['-O3', '--noAssert', '--enable', 'simd', '--initialMemory', PAGES, '--maximumMemory', PAGES],
    ],
    {
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') binary = contents;
      },
      stderr: { write: (text: string | Uint8Array) => void problems.push(String(text)) },
    },
  );
  if (error !== null) throw new Error(`wasm/ does not compile: ${problems.join('')}${error.message}`);
  const base64 = Buffer.from(binary).toString('base64');
  const chunks = base64.match(new RegExp(`.{1,${CHUNK}}`, 'g')) ?? [];
  return [
    '// Written by `npm run wasm` from wasm/; edit that.',
    '/** WebAssembly in base64. */',
    'export const MODULE: readonly string[] = [',
    ...chunks.map((chunk) => `  '${chunk}',`),
    '];\n',
  ].join('\n');
}

if (import.meta.main) {
  const text = await compiled();
  if (!process.argv.includes('--check')) await writeFile(target, text);
  else if (text !== (await readFile(target, 'utf8'))) {
    process.stderr.write('src/agent/scan/module.ts is not what wasm/ gives: npm run wasm\n');
    process.exitCode = 1;
  }
}
