import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { BenchContext, Measurement } from './cases.ts';
import { oneFile } from './data.ts';
import { agent, ServerProcess } from './programs.ts';

const root = join(import.meta.dirname, '..');

/** The ONNX server over CSV of 12 numeric columns with a small dense model: megabytes per second of processor time. */
export async function* onnx({ folder, short }: BenchContext): AsyncGenerator<Measurement, void, undefined> {
  const port = await freePort();
  const program = join(root, 'src', 'runtimes', 'onnx', 'main.ts');
  const model = join(root, 'test', 'models', 'dense.onnx');
  const server = await ServerProcess.start([program, '--model', model], { SAGEMAKER_BIND_TO_PORT: String(port) });
  try {
    await ready(server.url);
    // 12 columns of six digits are 84 bytes a line.
    const input = await oneFile(join(folder, 'onnx'), (short ? 100 : 500) * 1e6, 84);
    const before = await server.cpuSeconds();
    const { bytes } = await agent(server.url, input, { strategy: 'MultiRecord', concurrency: 3 });
    const measured = bytes / 1e6 / ((await server.cpuSeconds()) - before);
    yield {
      name: 'ONNX server, CSV of 12 numeric columns, per core',
      unit: 'MB/s',
      measured,
      limit: undefined,
      bar: 60,
      below: false,
    };
  } finally {
    await server.stop();
  }
}

async function ready(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const answer = await fetch(`${url}/ping`).catch(() => undefined);
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the ONNX server did not come up');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return address !== null && typeof address === 'object' ? address.port : 0;
}
