// A model server that tells on standard output what it is sent, and answers when the file of the variable GATE is there.
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const { GATE = '', SAGEMAKER_BIND_TO_PORT } = process.env;

createServer(async (request, response) => {
  if (request.url === '/ping') return response.end();
  if (request.url !== '/invocations') return response.writeHead(404).end();
  const text = Buffer.concat(await request.toArray())
    .toString()
    .trimEnd();
  console.log(`received ${text}`);
  while (GATE !== '' && !existsSync(GATE)) await sleep(20);
  console.log(`answered ${text}`);
  response.end(`${text.length}\n`);
}).listen(Number(SAGEMAKER_BIND_TO_PORT), '127.0.0.1', () => console.log('the server is up'));
