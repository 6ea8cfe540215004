import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Catalog } from '../catalog/catalog.ts';
import { Metrics } from './metrics.ts';
import { statusPages } from './status-pages.ts';

function pagesOf(counts: Catalog['jobs']['counts']) {
  const jobs = { counts };
  const reconciler = { running: () => [], totals: () => assert.fail('not asked for here') };
  const metrics = new Metrics({ jobs, reconciler, maxInstances: 1, sinks: [] });
  return statusPages({ jobs } as unknown as Catalog, metrics);
}

test('a catalog that cannot be read: alive, but not ready, and with no metrics', async () => {
  const pages = pagesOf(() => Promise.reject(new Error('the disk is gone')));
  assert.equal((await pages.get('/healthz')?.())?.status, 200);
  for (const path of ['/readyz', '/metrics']) {
    assert.deepEqual(await pages.get(path)?.(), {
      status: 503,
      contentType: 'text/plain; charset=utf-8',
      body: 'the catalog cannot be read: the disk is gone\n',
    });
  }
});
