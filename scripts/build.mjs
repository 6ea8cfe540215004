// The publishable package: dist/ with JavaScript and types.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
const migrations = ['catalog', 'migrations'];
cpSync(join(root, 'src', ...migrations), join(root, 'dist', ...migrations), { recursive: true });
process.exit(status ?? 1);
