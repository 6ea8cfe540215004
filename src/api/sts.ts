import type { Site } from './arn.ts';
import { Fault } from './fault.ts';

/**
 * The query protocol of STS, as far as clients need it to find out who they are: `GetCallerIdentity`.
 *
 * @param accessKeyId who signed the request, if anybody
 * @returns XML
 * @throws Fault `InvalidAction`
 */
export function answerSts(
  parameters: URLSearchParams,
  { account }: Site,
  accessKeyId: string | undefined,
  requestId: string,
): string {
  const action = parameters.get('Action');
  if (action !== 'GetCallerIdentity') {
    const message = `The action ${action ?? '(none)'} is not available in millrace; of STS it has GetCallerIdentity.`;
    throw new Fault('InvalidAction', message);
  }
  const user = accessKeyId === undefined ? 'root' : `user/${accessKeyId}`;
  return `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::${account}:${escaped(user)}</Arn>
    <UserId>${escaped(accessKeyId ?? account)}</UserId>
    <Account>${account}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>${requestId}</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`;
}

/** An error as the query protocol has it. */
export function stsError({ code, message, status }: Fault, requestId: string): string {
  const type = status < 500 ? 'Sender' : 'Receiver';
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>${type}</Type>
    <Code>${escaped(code)}</Code>
    <Message>${escaped(message)}</Message>
  </Error>
  <RequestId>${requestId}</RequestId>
</ErrorResponse>
`;
}

/** All that XML 1.0 can hold; anybody may send an action of other characters, which the answer repeats. */
const NO_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

function escaped(text: string): string {
  return text.replace(NO_XML, '\ufffd').replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
