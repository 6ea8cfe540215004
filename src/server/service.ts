import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { JsonEndpoint } from '../api/json-endpoint.ts';
import type { OperationContext } from '../api/operation.ts';
import { S3Endpoint } from '../api/s3/s3-endpoint.ts';
import { SignatureVerifier } from '../api/sigv4/verify.ts';
import type { Catalog, JobRow } from '../catalog/catalog.ts';
import { openDatabase } from '../catalog/database.ts';
import { SqliteAttributes } from '../catalog/sqlite-attributes.ts';
import { sqliteCatalog } from '../catalog/sqlite-catalog.ts';
import { SqliteLogIndex } from '../catalog/sqlite-log-index.ts';
import { systemClock } from '../core/clock.ts';
import { causeOf, MillraceError } from '../core/errors.ts';
import { Reconciler } from '../jobs/reconciler.ts';
import { LogStore } from '../logs/log-store.ts';
import { openLocalStore } from '../objects/local/local-store.ts';
import { eventSinks } from './event-sinks.ts';
import { HttpDoor } from './http-door.ts';
import { ImageTable, imageRules } from './image-table.ts';
import { Metrics } from './metrics.ts';
import type { ServiceConfig } from './service-config.ts';
import { embeddedStores, s3Stores } from './service-stores.ts';
import { StateEvents } from './state-events.ts';
import { statusPages } from './status-pages.ts';

/** What answers under way are given when the service stops. */
const CLOSE_MS = 5000;

export interface Service {
  /** `http://host:port`. */
  readonly url: string;
  /** Ends in order: no new jobs, what runs is given a moment, then the door, then the state. */
  close(): Promise<void>;
}

export interface ServiceSurroundings {
  /** What model servers inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** A line for whoever runs the service. */
  readonly say: (line: string) => void;
}

/**
 * Opens the state, goes on with the jobs in it, and answers: everything that `millrace serve` is.
 *
 * @throws MillraceError `AddressInUse`, `DataDirInUse`, `DatabaseCorrupt`, `DatabaseNewer`, `DataDirNotWritable`; nothing is
 *   left running then
 */
export async function startService(config: ServiceConfig, surroundings: ServiceSurroundings): Promise<Service> {
  const { dataDir, region, account, accessKeys, domains } = config;
  const { say } = surroundings;
  const onError = (error: unknown, where = ''): void =>
    say(`Failed${where === '' ? '' : ` (${where})`}: ${told(error)}`);
  const site = { region, account };
  const clock = systemClock;
  const models = join(dataDir, 'tmp', 'models');
  imageRules(config.images); // what is wrong with them is told before anything is made
  await makeFolder(dataDir);
  // The lock on the data folder: what is swept afterwards is nobody else's.
  const database = await openDatabase(join(dataDir, 'millrace.db'));
  const catalog = sqliteCatalog(database);
  try {
    await rm(models, { recursive: true, force: true }); // what an earlier life had fetched
    await makeFolder(models);
    const objects = await openLocalStore(join(dataDir, 's3'), new SqliteAttributes(database));
    const stores =
      config.s3 === undefined
        ? embeddedStores(objects)
        : await s3Stores(config.s3.endpointUrl, surroundings.environment, region);
    const logs = new LogStore({
      folder: join(dataDir, 'logs'),
      index: new SqliteLogIndex(database),
      clock,
      maxBytes: config.maxLogBytes,
      maxStreamBytes: config.maxLogStreamBytes,
      isRunning: (job) => isRunning(catalog, job),
      onFailure: onError,
    });
    const containers = new ImageTable({
      rules: config.images,
      allowRemoteServers: config.allowRemoteServers,
      stores,
      environment: inherited(surroundings.environment),
      cwd: surroundings.cwd,
      folder: models,
    });
    const sinks = await eventSinks(config, clock, say);
    const events = new StateEvents({ site, tags: catalog.tags, sinks, clock, onError });
    const onChange = (job: JobRow): void => events.changed(job);
    const onUnknownMembers = (members: readonly string[]): void =>
      say(`Passed over in a request, unknown here: ${members.join(', ')}`);
    const reconciler = new Reconciler({
      catalog,
      stores,
      containers,
      logs,
      clock,
      startupTimeoutMs: config.startupTimeoutMs,
      drainMs: config.drainMs,
      maxInstances: config.maxInstances,
      onChange,
      onError,
    });
    const metrics = new Metrics({ jobs: catalog.jobs, reconciler, maxInstances: config.maxInstances, sinks });
    const context: OperationContext = {
      site,
      catalog,
      stores,
      containers,
      logs,
      reconciler,
      clock,
      onChange,
      onUnknownMembers,
    };
    const door = new HttpDoor({
      site,
      verifier: new SignatureVerifier({ keys: accessKeys, region: accessKeys && region, now: clock.now }),
      json: new JsonEndpoint(context, logs),
      s3:
        config.s3 === undefined
          ? new S3Endpoint({ store: objects, region, account, domains: ['localhost', ...domains], onError })
          : { elsewhere: config.s3.endpointUrl ?? 'Amazon S3' },
      domains: ['localhost', ...domains],
      pages: statusPages(catalog, metrics),
      onlyHosts: accessKeys === undefined ? domains : undefined,
      onError,
    });
    const address = await door.listen(config.host, config.port);
    reconciler.wake();
    void logs.prune();
    return {
      url: `http://${config.host.includes(':') ? `[${config.host.replace(/[[\]]/g, '')}]` : config.host}:${address.port}`,
      close: async () => {
        await reconciler.close();
        await door.close(CLOSE_MS);
        await events.close();
        await logs.close();
        stores.close();
        await catalog.close();
      },
    };
  } catch (error) {
    await catalog.close();
    throw error;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await makeFolders(folder);
  } catch (error) {
    throw new MillraceError('DataDirNotWritable', { folder, cause: causeOf(error) }, { cause: error });
  }
}

/** `mkdir` with `recursive` never ends where a file system has no room for folders and says ENOENT, as /proc does. */
async function makeFolders(folder: string): Promise<void> {
  const made = await mkdir(folder).catch((error: NodeJS.ErrnoException) => error);
  if (!(made instanceof Error)) return;
  if (made.code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
  if (made.code !== 'ENOENT' || dirname(folder) === folder) throw made;
  await makeFolders(dirname(folder));
  await mkdir(folder);
}

async function isRunning(catalog: Catalog, job: string): Promise<boolean> {
  const status = (await catalog.jobs.get(job))?.status;
  return status === 'InProgress' || status === 'Stopping';
}

/** The user's own environment, as any local program gets it; not the service's settings, whose keys are nobody's business. */
function inherited(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => {
      const [name, value] = entry;
      return value !== undefined && !name.startsWith('MILLRACE_');
    }),
  );
}

/** Of an error of ours what happened, of any other also where. */
function told(error: unknown): string {
  return error instanceof MillraceError || !(error instanceof Error) ? causeOf(error) : (error.stack ?? causeOf(error));
}
