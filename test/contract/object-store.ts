import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readingCases } from './object-store-reading.ts';
import { writingCases } from './object-store-writing.ts';
import type { StoreUnderTest } from './store-under-test.ts';

/** One thing that every object store does; `t` is its own, empty at the start. */
export type Cases = Readonly<Record<string, (t: StoreUnderTest) => Promise<void>>>;

/**
 * The contract of the ObjectStore port: the same cases for every adapter.
 *
 * @param skip cases that this one cannot pass, by name, each with the reason
 */
export function objectStoreContract(
  adapter: string,
  open: () => Promise<StoreUnderTest>,
  skip: Readonly<Record<string, string>> = {},
): void {
  const cases: Cases = { ...readingCases, ...writingCases };
  for (const name of Object.keys(skip)) assert(name in cases, `there is no case "${name}" to skip`);
  describe(`${adapter} keeps the contract of an object store`, () => {
    for (const [name, run] of Object.entries(cases)) {
      test(name, { skip: skip[name] ?? false }, async () => {
        const t = await open();
        try {
          await run(t);
        } finally {
          await t.dispose();
        }
      });
    }
  });
}
