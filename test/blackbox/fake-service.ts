import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface FakeService {
  readonly url: string;
  /** The operations that were asked for, in order. */
  readonly operations: readonly string[];
  /** Resolves when an operation has been asked for so many times. */
  asked(operation: string, times: number): Promise<void>;
}

/** An answer of the API; with `__type` a refusal. */
export type FakeAnswer = Readonly<Record<string, unknown>>;

/** Something that speaks the API as a test wants it to: as the original does, or worse. Closed when the test is over. */
export async function startFakeService(
  t: TestContext,
  answer: (operation: string, times: number, input: FakeAnswer) => FakeAnswer | Promise<FakeAnswer>,
): Promise<FakeService> {
  const operations: string[] = [];
  const waiting = new Set<() => void>();
  const count = (operation: string): number => operations.filter((one) => one === operation).length;
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
    operations.push(operation);
    const times = count(operation);
    for (const look of waiting) look();
    const said = await answer(operation, times, JSON.parse(body));
    response.writeHead(said['__type'] === undefined ? 200 : 400).end(JSON.stringify(said));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    operations,
    asked: (operation, times) =>
      new Promise((resolve) => {
        const look = (): void => void (count(operation) >= times && resolve());
        waiting.add(look);
        look();
      }),
  };
}
