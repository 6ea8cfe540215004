import { resolve } from 'node:path';
import { type AccessKeys, parseAccessKeys } from '../api/sigv4/access-keys.ts';
import { MillraceError } from '../core/errors.ts';
import type { OptionValues } from '../core/option-table.ts';
import { isLoopback } from './host-check.ts';

const MIB = 2 ** 20;
/** A variable of a shell script that nobody has set: it would mean every address, or the folder that one stands in. */
const EMPTY = 'it is empty.';

/** What the service is told: settings in force, with their units. */
export interface ServiceConfig {
  readonly host: string;
  readonly port: number;
  /** Absolute. */
  readonly dataDir: string;
  readonly images: readonly string[];
  readonly allowRemoteServers: boolean;
  readonly maxInstances: number;
  readonly accessKeys: AccessKeys | undefined;
  readonly domains: readonly string[];
  readonly region: string;
  readonly account: string;
  /** `undefined`: the embedded store. `endpointUrl`: of another server than Amazon's. */
  readonly s3: { readonly endpointUrl: string | undefined } | undefined;
  readonly startupTimeoutMs: number;
  readonly drainMs: number;
  readonly maxLogBytes: number;
  readonly maxLogStreamBytes: number;
  readonly webhookUrl: string | undefined;
  readonly eventsFile: string | undefined;
}

/** @throws MillraceError `InvalidOption`, `InvalidCombination` */
export function serviceConfig(settings: OptionValues, cwd: string): ServiceConfig {
  // `[::1]` is how an address is written before a port; here it stands alone.
  const host = (checked(settings, 'host', /./, EMPTY) ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1');
  const accessKeys = keysOf(settings.text('access-keys'));
  if (accessKeys === undefined && !isLoopback(host)) {
    const rule =
      'without access keys everybody who reaches the port could do everything. Set MILLRACE_ACCESS_KEYS=ID:SECRET, or listen on 127.0.0.1.';
    throw new MillraceError('InvalidCombination', { options: `--host ${host} and no access keys`, rule });
  }
  const endpointUrl = checked(
    settings,
    's3-endpoint-url',
    /^https?:\/\/[^/]/,
    'it is an address like http://host:port.',
  );
  if (endpointUrl !== undefined && settings.has('s3')) {
    const rule = 'both say where s3:// is.';
    throw new MillraceError('InvalidCombination', { options: '--s3 and --s3-endpoint-url', rule });
  }
  const eventsFile = checked(settings, 'events-file', /./, EMPTY);
  return {
    host,
    port: settings.number('port') ?? 9400,
    dataDir: resolve(cwd, checked(settings, 'data-dir', /./, EMPTY) ?? '.millrace'),
    images: settings.all('image'),
    allowRemoteServers: settings.has('allow-remote-servers'),
    maxInstances: settings.number('max-instances') ?? 2,
    accessKeys,
    domains: settings.all('domain').map((domain) => domain.toLowerCase()),
    region: checked(settings, 'region', /^[a-z0-9-]{1,32}$/, 'it is a name like us-east-1.') ?? 'us-east-1',
    account: checked(settings, 'account', /^\d{12}$/, 'it has 12 digits.') ?? '000000000000',
    s3: endpointUrl !== undefined || settings.text('s3') === 'aws' ? { endpointUrl } : undefined,
    startupTimeoutMs: (settings.number('startup-timeout-in-seconds') ?? 1800) * 1000,
    drainMs: (settings.number('drain-timeout-in-seconds') ?? 5) * 1000,
    maxLogBytes: (settings.number('max-log-mb') ?? 1024) * MIB,
    maxLogStreamBytes: (settings.number('max-log-stream-mb') ?? 64) * MIB,
    webhookUrl: webhookOf(settings.text('webhook-url')),
    eventsFile: eventsFile === undefined ? undefined : resolve(cwd, eventsFile),
  };
}

function checked(settings: OptionValues, name: string, pattern: RegExp, rule: string): string | undefined {
  const value = settings.text(name);
  if (value === undefined || pattern.test(value)) return value;
  throw new MillraceError('InvalidOption', { option: `--${name}`, value, rule });
}

/** It may hold a password, so it is in no message. */
function webhookOf(text: string | undefined): string | undefined {
  if (text === undefined || /^https?:\/\/[^/]/.test(text)) return text;
  const rule = 'it is an address like http://host/path.';
  throw new MillraceError('InvalidOption', { option: '--webhook-url', value: '…', rule });
}

function keysOf(text: string | undefined): AccessKeys | undefined {
  if (text === undefined) return undefined;
  const parsed = parseAccessKeys(text);
  if ('keys' in parsed) return parsed.keys;
  throw new MillraceError('InvalidOption', { option: 'access-keys', value: '…', rule: `${parsed.invalid}.` });
}
