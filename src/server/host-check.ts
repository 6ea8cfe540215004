import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** True for names and addresses that lead to this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}

/**
 * Whether a request for `header`, the Host that it names, is answered. A web page can make a browser ask this port under the
 * page's own name (DNS rebinding), and then read the answer; under a loopback name it cannot.
 *
 * @param others names that are allowed with what is below them; `undefined` allows all
 */
export function hostAllowed(header: string | undefined, others: readonly string[] | undefined): boolean {
  if (others === undefined) return true;
  const host = hostOf(header);
  return isLoopback(host) || others.some((name) => host === name || host.endsWith(`.${name}`));
}

/**
 * Whether a request that changes something comes from a page of somebody else's: a browser sends some of these without asking
 * first (CORS, simple requests), and tells where they come from.
 *
 * @param others as of `hostAllowed`
 */
export function fromStrangersPage(
  { origin, 'sec-fetch-site': site }: IncomingHttpHeaders,
  others: readonly string[] | undefined,
): boolean {
  if (others === undefined) return false;
  if (site === 'cross-site') return true;
  if (origin === undefined) return false;
  return !(URL.canParse(origin) && hostAllowed(new URL(origin).host, others));
}

/** Whether the Host is a bucket's: `bucket.localhost`, or a name below another of the domains. */
export function namesBucket(header: string | undefined, domains: readonly string[]): boolean {
  const host = hostOf(header);
  return domains.some((domain) => host.endsWith(`.${domain}`));
}

function hostOf(header: string | undefined): string {
  return (header ?? '').replace(/:\d+$/, '').toLowerCase();
}
