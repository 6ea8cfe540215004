import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { codeOf, type RawAnswer, type S3UnderTest, startS3 } from '../../../test/s3-endpoint.ts';

let s3: S3UnderTest;
let etag = '';
let modified = '';
const past = 'Mon, 01 Jan 2001 00:00:00 GMT';
const future = 'Fri, 01 Jan 2100 00:00:00 GMT';
const other = '"00000000000000000000000000000000"';
before(async () => {
  s3 = await startS3();
  await s3.store.createBucket('bucket');
  await s3.raw('PUT', '/bucket/a', { body: 'x' });
  ({ etag = '', 'last-modified': modified = '' } = (await s3.raw('HEAD', '/bucket/a')).headers);
});
after(() => s3.close());

/** The status, and of a refusal the header that did not hold. */
function outcome(answer: RawAnswer): string {
  const condition = /<Condition>(.*)<\/Condition>/.exec(answer.body)?.[1];
  return [answer.status, condition ?? codeOf(answer)].join(' ').trim();
}

test('reads, by the precedence of S3', async () => {
  const cases: readonly (readonly [Record<string, string>, string])[] = [
    [{ 'if-match': etag }, '200'],
    [{ 'if-match': etag.slice(1, -1) }, '200'],
    [{ 'if-match': '*' }, '200'],
    [{ 'if-match': `${other}, ${etag}` }, '200'],
    [{ 'if-match': other }, '412 If-Match'],
    [{ 'if-match': `W/${etag}` }, '412 If-Match'],
    [{ 'if-none-match': etag }, '304'],
    [{ 'if-none-match': `W/${etag}` }, '304'],
    [{ 'if-none-match': '*' }, '304'],
    [{ 'if-none-match': other }, '200'],
    [{ 'if-modified-since': modified }, '304'],
    [{ 'if-modified-since': future }, '304'],
    [{ 'if-modified-since': past }, '200'],
    [{ 'if-modified-since': 'nonsense' }, '200'],
    [{ 'if-unmodified-since': modified }, '200'],
    [{ 'if-unmodified-since': past }, '412 If-Unmodified-Since'],
    [{ 'if-unmodified-since': 'nonsense' }, '200'],
    [{ 'if-match': etag, 'if-unmodified-since': past }, '200'],
    [{ 'if-match': other, 'if-unmodified-since': future }, '412 If-Match'],
    [{ 'if-none-match': etag, 'if-modified-since': past }, '304'],
    [{ 'if-none-match': other, 'if-modified-since': future }, '200'],
    [{ 'if-match': etag, 'if-none-match': etag }, '304'],
  ];
  for (const [headers, expected] of cases) {
    const answer = await s3.raw('GET', '/bucket/a', { headers });
    assert.equal(outcome(answer), expected, JSON.stringify(headers));
    const head = await s3.raw('HEAD', '/bucket/a', { headers });
    assert.equal(`${head.status}${head.body}`, expected.slice(0, 3));
    if (answer.status === 304) {
      assert.deepEqual([answer.body, answer.headers.etag, answer.headers['last-modified']], ['', etag, modified]);
      assert.equal(answer.headers['content-length'], undefined);
    }
  }
});

test('writes', async () => {
  const put = async (key: string, headers: Record<string, string>) =>
    outcome(await s3.raw('PUT', `/bucket/${key}`, { headers, body: 'new' }));
  assert.equal(await put('b', { 'if-none-match': '*' }), '200');
  assert.equal(await put('b', { 'if-none-match': '*' }), '412 If-None-Match');
  assert.equal(await put('a', { 'if-match': other }), '412 If-Match');
  assert.equal(await put('c', { 'if-match': etag }), '404 NoSuchKey');
  assert.equal(await put('a', { 'if-none-match': etag }), '501 NotImplemented');
  assert.equal(await put('a', { 'if-match': '*' }), '501 NotImplemented');
  assert.equal(await put('a', { 'if-match': etag, 'if-none-match': '*' }), '501 NotImplemented');
  assert.equal(await put('a', { 'if-unmodified-since': future }), '501 NotImplemented');
  assert.equal((await s3.raw('GET', '/bucket/a')).body, 'x', 'what was refused has changed nothing');
  assert.equal(await put('a', { 'if-match': etag }), '200');
  await s3.raw('PUT', '/bucket/a', { body: 'x' });
});

test('of writers at the same time that want none to be there one wins', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, at) =>
      s3.raw('PUT', '/bucket/race', { headers: { 'if-none-match': '*' }, body: `writer ${at}` }),
    ),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412, 412, 412, 412, 412, 412]);
  const winner = answers.findIndex(({ status }) => status === 200);
  assert.equal((await s3.raw('GET', '/bucket/race')).body, `writer ${winner}`);
});

test('removals', async () => {
  const remove = async (key: string, headers: Record<string, string>) =>
    outcome(await s3.raw('DELETE', `/bucket/${key}`, { headers }));
  assert.equal(await remove('a', { 'if-match': other }), '412 If-Match');
  assert.equal(await remove('no', { 'if-match': '*' }), '404 NoSuchKey');
  assert.equal(await remove('a', { 'if-none-match': '*' }), '501 NotImplemented');
  assert.equal(await remove('a', { 'x-amz-if-match-size': '1' }), '501 NotImplemented');
  assert.equal((await s3.raw('HEAD', '/bucket/a')).status, 200);
  assert.equal(await remove('a', { 'if-match': etag }), '204');
  assert.equal(await remove('b', { 'if-match': '*' }), '204');
  assert.equal((await s3.raw('HEAD', '/bucket/a')).status, 404);
});
