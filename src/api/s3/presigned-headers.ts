import type { IncomingHttpHeaders } from 'node:http';

/** Of the signature itself, which is verified elsewhere. */
const OF_SIGNATURE =
  /^x-amz-(algorithm|credential|date|expires|signedheaders|signature|security-token|content-sha256)$/;
/**
 * The JavaScript SDK puts the checksum of an empty body into every link for an upload, because it knows no other. S3 does not look
 * at it there.
 */
const OF_BODY = /^x-amz-(trailer$|sdk-checksum-algorithm$|checksum-(?!mode$))/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f]/g;

/**
 * The headers of a request. Whoever makes a link may put the `x-amz-` ones into its query (`x-amz-meta-…`, `x-amz-acl`), for a
 * client that knows only the link; they are covered by its signature and mean the same.
 */
export function withPresignedHeaders(
  headers: IncomingHttpHeaders,
  query: ReadonlyMap<string, string>,
): IncomingHttpHeaders {
  if (!query.has('X-Amz-Signature')) return headers;
  const merged: IncomingHttpHeaders = {};
  for (const [parameter, value] of query) {
    const name = parameter.toLowerCase();
    if (!name.startsWith('x-amz-') || OF_SIGNATURE.test(name) || OF_BODY.test(name)) continue;
    // As Node gives headers: the bytes of the text, each as a character. What no header can carry could not be sent back.
    merged[name] = Buffer.from(value.replace(CONTROLS, ' ')).toString('latin1');
  }
  return { ...merged, ...headers };
}
