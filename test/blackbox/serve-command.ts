import { fileURLToPath } from 'node:url';

const LINES = fileURLToPath(new URL('./model-servers/lines.mjs', import.meta.url));

/** The line for `--serve` that starts `model-servers/lines.mjs` with these arguments. */
export function serveLines(...args: string[]): string {
  return [process.execPath, LINES, ...args].map(quote).join(' ');
}

/** The line for `--serve` that runs a piece of JavaScript. */
export function serveScript(script: string): string {
  return [process.execPath, '-e', script].map(quote).join(' ');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** What `lines.mjs` answers. */
export function lengths(text: string): string {
  return text.replace(/[^\n]+/g, (line) => String(line.length));
}
