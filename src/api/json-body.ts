import { Fault } from './fault.ts';

/** Far deeper than any request of the API; what is deeper is an attack on whoever walks through it. */
const MAX_DEPTH = 64;

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = Buffer.from('"\\[]{}');

/** The body of a request, which may be empty. @throws Fault `SerializationException` */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return {};
  if (depthOf(body) > MAX_DEPTH) throw new Fault('SerializationException', `JSON is nested at most ${MAX_DEPTH} deep.`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch (error) {
    const cause = error instanceof SyntaxError ? error.message : 'it is not UTF-8';
    throw new Fault('SerializationException', `The body is not JSON: ${cause}`);
  }
}

/** How deep lists and maps are nested; of text that is no JSON, something. */
function depthOf(body: Buffer): number {
  let [depth, deepest, quoted] = [0, 0, false];
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (quoted) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (byte === OPEN_LIST || byte === OPEN_MAP) deepest = Math.max(deepest, ++depth);
    else if (byte === CLOSE_LIST || byte === CLOSE_MAP) depth -= 1;
  }
  return deepest;
}
