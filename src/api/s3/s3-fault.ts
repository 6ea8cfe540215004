import { Fault } from '../fault.ts';

/** A refusal with what S3 puts beside code and message, in the document and in the head of the answer. */
export class S3Fault extends Fault {
  /** Further elements of the error document, in this order. */
  readonly details: Readonly<Record<string, string | number>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    status = 400,
    details: Readonly<Record<string, string | number>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(code, message, status);
    this.details = details;
    this.headers = headers;
  }
}

export function noSuchBucket(name: string): S3Fault {
  return new S3Fault('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: name });
}

export function invalidBucketName(name: string): S3Fault {
  return new S3Fault('InvalidBucketName', 'The specified bucket is not valid.', 400, { BucketName: name });
}

export function noSuchKey(key: string): S3Fault {
  return new S3Fault('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
}

export function noSuchUpload(id: string): S3Fault {
  const message =
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.';
  return new S3Fault('NoSuchUpload', message, 404, { UploadId: id });
}

export function invalidArgument(name: string, value: string | number, message: string): S3Fault {
  return new S3Fault('InvalidArgument', message, 400, { ArgumentName: name, ArgumentValue: value });
}

export function invalidRequest(message: string): S3Fault {
  return new S3Fault('InvalidRequest', message);
}

export function malformedXml(): S3Fault {
  const message = 'The XML you provided was not well-formed or did not validate against our published schema';
  return new S3Fault('MalformedXML', message);
}

export function accessDenied(): S3Fault {
  return new S3Fault('AccessDenied', 'Access Denied', 403);
}

/** @param condition the header that did not hold */
export function preconditionFailed(condition: string): S3Fault {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new S3Fault('PreconditionFailed', message, 412, { Condition: condition });
}

/** @param what an operation or header of S3, with the reason why it is not here */
export function notImplemented(what: string, details: Readonly<Record<string, string>> = {}): S3Fault {
  return new S3Fault('NotImplemented', what, 501, details);
}

export function entityTooLarge(proposed: number, limit: number): S3Fault {
  const message = 'Your proposed upload exceeds the maximum allowed size';
  return new S3Fault('EntityTooLarge', message, 400, { ProposedSize: proposed, MaxSizeAllowed: limit });
}

export function missingContentLength(): S3Fault {
  return new S3Fault('MissingContentLength', 'You must provide the Content-Length HTTP header.', 411);
}

export function incompleteBody(expected: number, received: number): S3Fault {
  const message = 'You did not provide the number of bytes specified by the Content-Length HTTP header';
  return new S3Fault('IncompleteBody', message, 400, {
    NumberBytesExpected: expected,
    NumberBytesProvided: received,
  });
}
