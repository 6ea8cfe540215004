#!/usr/bin/env node
// Plain JavaScript that any Node can parse, so that an old one is told what it needs instead of failing on syntax.
import { existsSync } from 'node:fs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`millrace needs Node 22.18 or newer; this is ${process.versions.node} (${process.execPath}).\n`);
  process.exit(2);
}
const built = new URL('../dist/cli/main.js', import.meta.url);
const source = new URL('../src/cli/main.ts', import.meta.url);
// A checkout runs its sources, so that what is edited is what runs; the package carries only what was built.
const { main } = await import(existsSync(source) ? source.href : built.href);
await main(process.argv.slice(2));
