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

/** Reads `http://host:port`; returns a reason instead where the text cannot be a model server's address. */
export function parseServerAddress(text: string): { readonly url: URL } | { readonly invalid: string } {
  if (!URL.canParse(text)) return { invalid: 'it is not an address like http://host:port' };
  const url = new URL(text);
  if (url.protocol !== 'http:')
    return { invalid: 'a model server is spoken to over http://, as its container would be' };
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    return { invalid: 'a model server is http://host:port and nothing more' };
  return { url };
}
