/** An ETag as it goes over the wire. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** An ETag as clients send it, with quotes or, as some do, without. */
export function unquoted(etag: string): string {
  return etag.trim().replace(/^"(.*)"$/, '$1');
}

/**
 * Whether `list`, the value of an `If-Match` or `If-None-Match`, names the ETag; `*` names all.
 *
 * @param weakly true where `W/"…"` counts as well: for `If-None-Match` (RFC 9110, 13.1.2)
 */
export function names(list: string, etag: string, weakly: boolean): boolean {
  return list.split(',').some((item) => {
    const text = item.trim();
    return text === '*' || unquoted(weakly ? text.replace(/^W\//, '') : text) === etag;
  });
}
