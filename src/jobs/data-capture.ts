import type { ObjectStore } from '../objects/object-store.ts';
import { manifestText } from './manifest.ts';
import type { Place } from './planner.ts';

/** How long an attempt to take back the first of the two manifests may last, when the second one could not be written. */
const TAKE_BACK_MS = 10_000;

/** One side of a job: where its objects are, and the key that it was given, which is a prefix or one object's. */
export type CapturedSide = Pick<Place, 'store' | 'key'>;

export interface DataCapture {
  readonly destination: Place;
  /** The job's own, so that both manifests have one name that no other job has. */
  readonly uuid: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly input: CapturedSide;
  readonly output: CapturedSide;
  /** Those that were transformed, in the order of the plan. */
  readonly objects: readonly { readonly inputKey: string; readonly outputKey: string }[];
  readonly signal: AbortSignal;
}

/** Where the two manifests are, as a person would write it. */
export interface DataCaptureLocations {
  readonly input: string;
  readonly output: string;
}

/**
 * Writes what data capture leaves of a job (behaviour 4): a manifest of the source objects, and one of their outputs, below
 * `input/yyyy/mm/dd/hh/` and `output/yyyy/mm/dd/hh/` of the destination, by the hour, UTC, in which the job started. Entry n
 * of one belongs to entry n of the other. Both are written, or none; none when no object was transformed.
 *
 * @throws MillraceError `WriteFailed`
 */
export async function writeDataCapture(capture: DataCapture): Promise<DataCaptureLocations | undefined> {
  const { destination, uuid, startedAt, input, output, objects, signal } = capture;
  if (objects.length === 0) return undefined;
  const { store } = destination;
  const [year, month, day, hour] = new Date(startedAt).toISOString().split(/[-T:]/);
  const keyOf = (side: string): string =>
    `${asFolder(destination.key)}${side}/${year}/${month}/${day}/${hour}/${uuid}.json`;
  const [inputKey, outputKey] = [keyOf('input'), keyOf('output')];
  const inputs = objects.map((object) => object.inputKey);
  const outputs = objects.map((object) => object.outputKey);
  await write(store, inputKey, manifestOf(input.store, folderOf(input.key), inputs), signal);
  try {
    await write(store, outputKey, manifestOf(output.store, asFolder(output.key), outputs), signal);
  } catch (error) {
    // Not with `signal`: that may be why the second one was not written.
    await store.remove(inputKey, AbortSignal.timeout(TAKE_BACK_MS)).catch(() => undefined);
    throw error;
  }
  return { input: store.locate(inputKey), output: store.locate(outputKey) };
}

/** The beginning of all keys below a place that is a folder whether or not it was written with a `/`. */
function asFolder(key: string): string {
  const name = key.replace(/\/+$/, '');
  return name === '' ? '' : `${name}/`;
}

/** A prefix up to its last `/`: the rest of it is the beginning of names. */
function folderOf(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf('/') + 1);
}

function manifestOf(store: ObjectStore, folder: string, keys: readonly string[]): string {
  return manifestText(
    store.address(folder),
    keys.map((key) => key.slice(folder.length)),
  );
}

async function write(store: ObjectStore, key: string, text: string, signal: AbortSignal): Promise<void> {
  const writer = await store.create(key, { contentType: 'application/json', signal });
  try {
    await writer.write(Buffer.from(text));
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
