// Installs what is missing, and nothing else: `npm run demo` and `npm test` must work on a fresh clone.
// Plain JavaScript for old Nodes (20.19 is enough): it runs before the development Node 24 is there.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const installed = join(root, 'node_modules', '.package-lock.json');
const wanted = join(root, 'package-lock.json');

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(wanted).mtimeMs) {
  process.stderr.write('Installing dependencies (once; some 600 MB, mostly ONNX Runtime) …\n');
  // Not `npm ci`: the lock file names the binaries of the platforms it was made on, and npm 11 then refuses all others.
  const { status } = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
    // onnxruntime-node's post-install script would fetch GPU libraries from elsewhere; the CPU library is in the package.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
  if (status !== 0) process.exit(status ?? 1);
}
