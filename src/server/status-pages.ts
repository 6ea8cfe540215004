import type { Catalog } from '../catalog/catalog.ts';
import { causeOf } from '../core/errors.ts';
import type { StatusPage } from './http-door.ts';
import type { Metrics } from './metrics.ts';

const TEXT = 'text/plain; charset=utf-8';
const ok: StatusPage = { status: 200, contentType: TEXT, body: 'ok\n' };

/** The pages that tell other programs how the service is. */
export function statusPages(catalog: Catalog, metrics: Metrics): ReadonlyMap<string, () => Promise<StatusPage>> {
  return new Map([
    // The process answers at all.
    ['/healthz', async () => ok],
    // It can do its work: the state can be read.
    [
      '/readyz',
      () =>
        withCatalog(async () => {
          await catalog.jobs.counts();
          return ok;
        }),
    ],
    [
      '/metrics',
      () =>
        withCatalog(async () => {
          const body = await metrics.text();
          return { status: 200, contentType: metrics.registry.contentType, body };
        }),
    ],
  ]);
}

async function withCatalog(page: () => Promise<StatusPage>): Promise<StatusPage> {
  try {
    return await page();
  } catch (error) {
    return { status: 503, contentType: TEXT, body: `the catalog cannot be read: ${causeOf(error)}\n` };
  }
}
