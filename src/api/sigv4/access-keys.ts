/** The access keys that may sign requests: their secrets by ID. */
export type AccessKeys = ReadonlyMap<string, string>;

/**
 * Reads `ID:SECRET[,ID:SECRET…]`. An ID must survive a credential scope and an Authorization header as it is, so it has
 * none of their separators. The reason never repeats what was given: it would put a secret into somebody's log.
 */
export function parseAccessKeys(text: string): { readonly keys: AccessKeys } | { readonly invalid: string } {
  const keys = new Map<string, string>();
  for (const [index, entry] of text.split(',').entries()) {
    const pair = entry.trim();
    const where = `access key ${index + 1}`;
    if (pair === '') return { invalid: `${where} is empty: give ID:SECRET, several of them separated by ","` };
    const colon = pair.indexOf(':');
    if (colon < 0) return { invalid: `${where} has no ":" between its ID and its secret` };
    const [id, secret] = [pair.slice(0, colon), pair.slice(colon + 1)];
    if (id === '') return { invalid: `${where} has no ID before its ":"` };
    if (secret === '') return { invalid: `${where} has no secret after its ":"` };
    if (!/^[\w.@-]{1,128}$/.test(id)) {
      return { invalid: `the ID of ${where} may have letters, digits, "_", "-", "." and "@" only, at most 128` };
    }
    if (!/^[\x21-\x7e]+$/.test(secret)) {
      return { invalid: `the secret of ${where} may have printable ASCII characters only, and no space` };
    }
    if (keys.has(id)) return { invalid: `the ID of ${where} was given before` };
    keys.set(id, secret);
  }
  return { keys };
}
