import assert from 'node:assert/strict';
import { test } from 'node:test';
import { payloadModeOf } from './payload-mode.ts';
import { RequestHead } from './request-head.ts';

const SHA256 = 'E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const modeOf = (headers: Readonly<Record<string, string>>, query = '') =>
  payloadModeOf(
    new RequestHead({ method: 'PUT', rawUrl: `/a${query}`, headers, rawHeaders: Object.entries(headers).flat() }),
  );
const chunked = (signed: boolean, trailer: boolean) => ({ kind: 'chunked', signed, trailer, signing: undefined });
const encoded = { 'content-encoding': 'gzip, AWS-chunked', 'x-amz-decoded-content-length': '5' };

for (const [headers, mode] of [
  [{}, { kind: 'unsigned' }],
  [{ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, { kind: 'unsigned' }],
  [{ 'x-amz-content-sha256': SHA256 }, { kind: 'hash', sha256: SHA256.toLowerCase() }],
  [{ 'content-encoding': 'aws-chunked' }, { kind: 'unsigned' }],
  [encoded, chunked(false, false)],
  [{ ...encoded, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, chunked(false, false)],
  [{ ...encoded, 'x-amz-trailer': 'x-amz-checksum-crc32' }, chunked(false, true)],
  [{ 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }, chunked(false, true)],
  [{ 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' }, chunked(true, false)],
  [{ 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER' }, chunked(true, true)],
] as const) {
  test(`the body of a request with ${JSON.stringify(headers)}`, () => {
    assert.deepEqual(modeOf(headers), mode);
  });
}

test('a presigned URL may say it in its query, and the header goes first', () => {
  const query = `?X-Amz-Content-Sha256=${SHA256}`;
  assert.equal(modeOf({}, query).kind, 'hash');
  assert.equal(modeOf({ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, query).kind, 'unsigned');
});

for (const [headers, code] of [
  [{ 'x-amz-content-sha256': '' }, 'InvalidArgument'],
  [{ 'x-amz-content-sha256': SHA256.slice(1) }, 'InvalidArgument'],
  [{ 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD' }, 'InvalidArgument'],
  [{ 'x-amz-content-sha256': 'unsigned-payload' }, 'InvalidArgument'],
  [{ 'x-amz-content-sha256': 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD' }, 'InvalidRequest'],
  [{ 'x-amz-content-sha256': 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER' }, 'InvalidRequest'],
  [{ ...encoded, 'x-amz-content-sha256': SHA256 }, 'InvalidRequest'],
] as const) {
  test(`${JSON.stringify(headers)} is refused`, () => {
    assert.throws(() => modeOf(headers), { name: 'Fault', code, status: 400 });
  });
}
