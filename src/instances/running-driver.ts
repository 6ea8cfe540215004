import type { Instance, InstanceDriver } from './instance.ts';

/** A model server that somebody else started and will end: `--model http://host:port`. */
export function runningDriver(url: URL): InstanceDriver {
  const instance: Instance = {
    url,
    exited: new Promise(() => undefined),
    lastWords: () => '',
    stop: () => Promise.resolve(),
  };
  return { launch: () => Promise.resolve(instance) };
}
