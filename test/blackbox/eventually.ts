import { setTimeout as sleep } from 'node:timers/promises';

/** How often is looked. */
const POLL_MS = 20;

/**
 * Looks again and again until there is something, which it returns: the one place where tests of the service wait for what
 * no event tells them.
 *
 * @param look returns `undefined` or `false` while it is not so yet
 * @throws Error with `what` when it is not so in time
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  while (true) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(POLL_MS);
  }
}
