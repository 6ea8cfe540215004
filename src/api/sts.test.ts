import assert from 'node:assert/strict';
import { test } from 'node:test';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { Fault } from './fault.ts';
import { answerSts, stsError } from './sts.ts';

const SITE = { region: 'eu-west-1', account: '012345678901' };
const ID = '6f0a4b3c-0000-4000-8000-000000000000';

function parsed(xml: string): unknown {
  assert.equal(XMLValidator.validate(xml), true);
  return new XMLParser({ ignoreAttributes: false, parseTagValue: false, htmlEntities: true }).parse(xml);
}

const asks = (text: string): URLSearchParams => new URLSearchParams(text);

test('whoever signed learns who they are', () => {
  const answer = answerSts(asks('Action=GetCallerIdentity&Version=2011-06-15'), SITE, 'my.key@home', ID);
  assert.deepEqual(parsed(answer), {
    GetCallerIdentityResponse: {
      '@_xmlns': 'https://sts.amazonaws.com/doc/2011-06-15/',
      GetCallerIdentityResult: {
        Arn: 'arn:aws:iam::012345678901:user/my.key@home',
        UserId: 'my.key@home',
        Account: '012345678901',
      },
      ResponseMetadata: { RequestId: ID },
    },
  });
});

test('without signatures everybody is the owner of the account', () => {
  const answer = answerSts(asks('Action=GetCallerIdentity'), SITE, undefined, ID);
  assert.match(answer, /<Arn>arn:aws:iam::012345678901:root<\/Arn>\s*<UserId>012345678901<\/UserId>/);
});

test('other actions are refused with what there is', () => {
  for (const [text, shown] of [
    ['Action=AssumeRole', 'AssumeRole'],
    ['', '(none)'],
    ['Action=', ''],
    ['Action=getcalleridentity', 'getcalleridentity'],
    ['action=GetCallerIdentity', '(none)'],
  ] as const) {
    assert.throws(
      () => answerSts(asks(text), SITE, undefined, ID),
      (error) =>
        error instanceof Fault &&
        error.code === 'InvalidAction' &&
        error.message === `The action ${shown} is not available in millrace; of STS it has GetCallerIdentity.`,
    );
  }
});

test('an error says whose it is, and is XML whatever is in it', () => {
  const message = `a <b> & "c" 'd' ]]> é \u{1f600}\n`;
  for (const [status, type] of [
    [400, 'Sender'],
    [403, 'Sender'],
    [500, 'Receiver'],
  ] as const) {
    const error = parsed(stsError(new Fault('Code<1>', message, status), ID)) as Record<string, unknown>;
    assert.deepEqual(error['ErrorResponse'], {
      '@_xmlns': 'https://sts.amazonaws.com/doc/2011-06-15/',
      Error: { Type: type, Code: 'Code<1>', Message: message.trim() },
      RequestId: ID,
    });
  }
});

test('characters that XML cannot hold are not in it', () => {
  const xml = stsError(new Fault('InvalidAction', 'The action a\0\u0001\u001f\ufffe\ud800b\u{1f600} is not here'), ID);
  assert.match(xml, /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
  assert.match(xml, /The action a\ufffd{5}b\u{1f600} is not here/u);
});
