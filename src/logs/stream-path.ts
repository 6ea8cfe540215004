import { join } from 'node:path';

/** No dots, so that no name can be another one's file, and none leaves the folder. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,199}(\/[A-Za-z0-9][A-Za-z0-9_-]{0,199}){1,7}$/;

/**
 * The file of a stream: `<folder>/<job>/<rest of the name>.log`, where a person finds it.
 *
 * @throws Error when the name is not `<job>/…` of letters, digits, `_` and `-`: job names, instance ids and container names have
 * been checked long before
 */
export function streamPath(folder: string, job: string, name: string): string {
  if (!NAME.test(name) || !name.startsWith(`${job}/`)) {
    throw new Error(`${JSON.stringify(name)} is not the name of a log stream of the job ${JSON.stringify(job)}`);
  }
  return `${join(folder, ...name.split('/'))}.log`;
}
