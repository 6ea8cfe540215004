import type { Catalog } from '../catalog/catalog.ts';
import type { StatusPage } from './http-door.ts';

const ok: StatusPage = { status: 200, contentType: 'text/plain; charset=utf-8', body: 'ok\n' };

/** The pages that tell other programs how the service is. */
export function statusPages(catalog: Catalog): ReadonlyMap<string, () => Promise<StatusPage>> {
  return new Map([
    // The process answers at all.
    ['/healthz', async () => ok],
    // It can do its work: the state can be read.
    [
      '/readyz',
      async () => {
        try {
          await catalog.jobs.counts();
          return ok;
        } catch (error) {
          return { ...ok, status: 503, body: `the catalog cannot be read: ${String(error)}\n` };
        }
      },
    ],
  ]);
}
