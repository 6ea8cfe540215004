import type { Fault } from '../fault.ts';
import type { S3Answer } from './s3-answer.ts';
import { S3Fault } from './s3-fault.ts';
import { element, plainDocument } from './xml-writer.ts';

/** S3's form of a refusal. */
export function errorAnswer(fault: Fault, resource: string, requestId: string): S3Answer {
  const { code, message, status } = fault;
  const { details, headers } = fault instanceof S3Fault ? fault : { details: {}, headers: {} };
  const document = plainDocument(
    'Error',
    element('Code', code),
    element('Message', message),
    Object.entries(details).map(([name, value]) => element(name, value)),
    element('Resource', resource),
    element('RequestId', requestId),
  );
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body: document };
}
