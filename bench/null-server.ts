// A model server that costs next to nothing: it counts the bytes of a request and answers, after a wait if there is one to be.
// Usage: node null-server.ts [--wait MS] [--answer TEXT]; prints its port.
import { createServer, type Socket } from 'node:net';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { wait: { type: 'string' }, answer: { type: 'string' } } });
const waitMs = Number(values.wait ?? 0);
const body = values.answer ?? '0.125\n';
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
);
const notThere = Buffer.from('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');

// The bench that started it may die: its end of this pipe closes then.
process.stdin.resume().once('end', () => process.exit());

function serve(socket: Socket): void {
  let head = '';
  let remaining = -1;
  let get = false;
  const reply = (): void => {
    const bytes = get ? notThere : answer;
    if (waitMs > 0) setTimeout(() => socket.write(bytes), waitMs);
    else socket.write(bytes);
  };
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      if (remaining < 0) {
        const end = bytes.indexOf('\r\n\r\n', at);
        if (end < 0) {
          head += bytes.toString('latin1', at);
          return;
        }
        head += bytes.toString('latin1', at, end);
        at = end + 4;
        get = head.startsWith('GET');
        remaining = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        head = '';
      }
      const taken = Math.min(remaining, bytes.length - at);
      remaining -= taken;
      at += taken;
      if (remaining > 0) return;
      remaining = -1;
      reply();
    }
  });
}

const server = createServer(serve).listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`);
});
