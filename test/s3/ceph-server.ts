import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { abortAllUploads, directClient, listUploads, type S3Server } from './s3-server.ts';

const PROGRAMS = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph', 'monmaptool', 'curl'];

/** Why Ceph cannot run here, if so. */
export function cephMissing(): string | undefined {
  if (process.getuid?.() !== 0) return "Ceph's object gateway needs root";
  const missing = PROGRAMS.filter((name) => spawnSync('which', [name]).status !== 0);
  if (missing.length === 0) return undefined;
  return `no ${missing.join(', ')} here: apt-get install radosgw ceph-mon ceph-osd ceph-common curl`;
}

/** Ceph's object gateway on free ports, in memory, with a folder of its own. Nothing of it outlives this process. */
export async function cephServer(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-ceph-'));
  const [port, monitor] = await freePorts(2);
  const access = { endpoint: `http://127.0.0.1:${port}`, accessKeyId: 'testaccess', secretAccessKey: 'testsecret' };
  const child = spawn(join(import.meta.dirname, 'ceph-s3'), ['run'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true, // Ctrl-C at the terminal is not for it: it ends when its standard input does
    env: {
      ...process.env,
      D: folder,
      PORT: String(port),
      MON: `127.0.0.1:${monitor}`,
      AK: access.accessKeyId,
      SK: access.secretAccessKey,
    },
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    words += text;
  });
  const ended = once(child, 'close');
  const up = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)]);
  if (up === undefined) throw new Error(`Ceph did not start: ${words}`);
  const client = directClient(access);
  return {
    ...access,
    openUploads: async (bucket) => (await listUploads(client, bucket)).length,
    abortUploads: (bucket) => abortAllUploads(client, bucket),
    close: async () => {
      client.destroy();
      child.stdin.end();
      await ended;
    },
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
