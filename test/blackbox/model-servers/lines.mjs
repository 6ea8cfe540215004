// A model server for --serve: answers each line with its length, or misbehaves as its arguments say.
import { spawn } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    log: { type: 'string' }, // a file that gets one line of JSON: how the server was started
    ping: { type: 'string', default: '200' }, // the status of GET /ping
    'die-at': { type: 'string' }, // exits with code 9 when this invocation comes
    'hang-at': { type: 'string' }, // never answers from this invocation on
    grandchild: { type: 'boolean', default: false }, // starts a process that would live for ever
    'ignore-sigterm': { type: 'boolean', default: false },
    'last-will': { type: 'string' }, // a file written 300 ms after SIGTERM, before leaving
  },
});

const { env } = process;
if (values.log !== undefined) appendFileSync(values.log, `${JSON.stringify({ env, cwd: process.cwd() })}\n`);
if (values.grandchild) spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'inherit' });
process.on('SIGTERM', () => {
  if (values['ignore-sigterm']) return;
  if (values['last-will'] === undefined) process.exit(0);
  setTimeout(() => {
    writeFileSync(values['last-will'], 'left in peace');
    process.exit(0);
  }, 300);
});

let invocations = 0;
createServer(async (request, response) => {
  if (request.url === '/ping') return response.writeHead(Number(values.ping)).end();
  if (request.url !== '/invocations') return response.writeHead(404).end();
  invocations += 1;
  if (invocations === Number(values['die-at'])) process.exit(9);
  const hangs = invocations >= Number(values['hang-at']);
  const text = Buffer.concat(await request.toArray()).toString();
  console.log(`invocation ${invocations}${hangs ? ' is left hanging' : ''}`);
  if (hangs) return;
  response.end(text.replace(/[^\n]+/g, (line) => line.length));
}).listen(Number(env.SAGEMAKER_BIND_TO_PORT), '127.0.0.1', () => console.log('the server is up'));
