import { describe, test } from 'node:test';
import { listingCases } from './catalog-listing.ts';
import { resourceCases } from './catalog-resources.ts';
import { shardCases } from './catalog-shards.ts';
import type { Cases, CatalogUnderTest } from './catalog-under-test.ts';

/** The contract of the Catalog port: the same cases for every adapter. */
export function catalogContract(adapter: string, open: () => Promise<CatalogUnderTest>): void {
  const cases: Cases = { ...resourceCases, ...shardCases, ...listingCases };
  describe(`${adapter} keeps the contract of a catalog`, () => {
    for (const [name, run] of Object.entries(cases)) {
      test(name, async () => {
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
