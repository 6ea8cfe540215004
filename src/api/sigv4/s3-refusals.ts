import { Fault } from '../fault.ts';

/** Of Signature Version 2, and of 4A: the secrets are the same, but nothing here computes elliptic curves. */
export function unsupportedMechanism(): Fault {
  const message = 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.';
  return new Fault('InvalidRequest', message);
}

/** Of a request, a chunk or the trailer of a body. */
export function signatureDoesNotMatch(): Fault {
  const message =
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
  return new Fault('SignatureDoesNotMatch', message, 403);
}

/** The body has fewer or more bytes than was said. */
export function wrongLength(): Fault {
  const message = 'You did not provide the number of bytes specified by the Content-Length HTTP header';
  return new Fault('IncompleteBody', message);
}

/** The frames of a body are broken, or end too early. */
export function brokenFrames(): Fault {
  return new Fault('IncompleteBody', 'The request body terminated unexpectedly');
}

export function malformedTrailer(): Fault {
  const message =
    'The request contained trailing data that was not well-formed or did not conform to our published schema.';
  return new Fault('MalformedTrailerError', message);
}
