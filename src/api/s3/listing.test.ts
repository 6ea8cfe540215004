import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { codeOf, type S3UnderTest, startS3 } from '../../../test/s3-endpoint.ts';

const Bucket = 'bucket';
/** In the order of their bytes, in which U+FFFD is before what needs a surrogate pair. */
const KEYS = ['a b', 'a+b', 'a/1', 'a/2', 'a/b/3', 'b', 'c/1', 'c/2', 'd', 'ü', '\ufffd', '😀'];
let s3: S3UnderTest;
before(async () => {
  s3 = await startS3({ maxListKeys: 5 });
  await s3.store.createBucket(Bucket);
  for (const Key of KEYS) await s3.client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
});
after(() => s3.close());

test('a page, and what it says of each object', async () => {
  const page = await s3.client.send(new ListObjectsV2Command({ Bucket, Prefix: 'a/', MaxKeys: 2, FetchOwner: true }));
  assert.deepEqual([page.Name, page.Prefix, page.MaxKeys, page.KeyCount, page.IsTruncated], [Bucket, 'a/', 2, 2, true]);
  const [first] = page.Contents ?? [];
  assert(first?.LastModified instanceof Date);
  assert.deepEqual(
    { ...first, LastModified: undefined },
    {
      Key: 'a/1',
      LastModified: undefined,
      ETag: `"${createHash('md5').update('a/1').digest('hex')}"`,
      ChecksumAlgorithm: ['CRC32'],
      ChecksumType: 'FULL_OBJECT',
      Size: 3,
      StorageClass: 'STANDARD',
      Owner: { ID: '123456789012', DisplayName: '123456789012' },
    },
  );
  const without = await s3.client.send(new ListObjectsV2Command({ Bucket, Prefix: 'a/' }));
  assert.equal(without.Contents?.[0]?.Owner, undefined);
});

test('pages of the second version are everything, once, in order', async () => {
  for (const pageSize of [1, 2, 3, 5, 1000]) {
    const keys: (string | undefined)[] = [];
    for await (const page of paginateListObjectsV2({ client: s3.client, pageSize }, { Bucket })) {
      assert(page.Contents !== undefined && page.Contents.length <= Math.min(pageSize, 5));
      keys.push(...page.Contents.map(({ Key }) => Key));
    }
    assert.deepEqual(keys, KEYS);
  }
});

test('so are those of the first version, and of the versions', async () => {
  for (const Delimiter of [undefined, '/']) {
    for (const MaxKeys of [1, 2, 5]) {
      const v1: string[] = [];
      for (let Marker: string | undefined = ''; Marker !== undefined; ) {
        const page: Awaited<ReturnType<typeof listV1>> = await listV1(Marker, MaxKeys, Delimiter);
        const keys = page.Contents?.map(({ Key }) => Key ?? '') ?? [];
        v1.push(...keys, ...(page.CommonPrefixes?.map(({ Prefix }) => Prefix ?? '') ?? []));
        assert.equal(page.NextMarker !== undefined, page.IsTruncated === true && Delimiter !== undefined);
        Marker = page.IsTruncated ? (page.NextMarker ?? keys.at(-1)) : undefined;
      }
      const expected = Delimiter === undefined ? KEYS : ['a b', 'a+b', 'a/', 'b', 'c/', 'd', 'ü', '\ufffd', '😀'];
      assert.deepEqual(v1.sort(byBytes), expected);

      const versions: string[] = [];
      for (let KeyMarker: string | undefined = ''; KeyMarker !== undefined; ) {
        const page: Awaited<ReturnType<typeof listVersions>> = await listVersions(KeyMarker, MaxKeys, Delimiter);
        versions.push(...(page.Versions?.map(({ Key }) => Key ?? '') ?? []));
        versions.push(...(page.CommonPrefixes?.map(({ Prefix }) => Prefix ?? '') ?? []));
        assert(page.Versions?.every(({ VersionId, IsLatest }) => VersionId === 'null' && IsLatest) ?? true);
        KeyMarker = page.IsTruncated ? page.NextKeyMarker : undefined;
      }
      assert.deepEqual(versions.sort(byBytes), expected);
    }
  }
});

function listV1(Marker: string, MaxKeys: number, Delimiter: string | undefined) {
  return s3.client.send(new ListObjectsCommand({ Bucket, Marker, MaxKeys, Delimiter }));
}

function listVersions(KeyMarker: string, MaxKeys: number, Delimiter: string | undefined) {
  return s3.client.send(new ListObjectVersionsCommand({ Bucket, KeyMarker, MaxKeys, Delimiter }));
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

test('prefixes, delimiters and beginnings', async () => {
  const list = async (query: string) => {
    const { body } = await s3.raw('GET', `/${Bucket}?list-type=2&${query}`);
    return Array.from(body.matchAll(/<(?:Key|CommonPrefixes><Prefix)>(.*?)</g), ([, name]) => name);
  };
  assert.deepEqual(await list('prefix=a/'), ['a/1', 'a/2', 'a/b/3']);
  assert.deepEqual(await list('prefix=a/&delimiter=/'), ['a/1', 'a/2', 'a/b/']);
  assert.deepEqual(await list('prefix=c&delimiter=/'), ['c/']);
  assert.deepEqual(await list('prefix=a&delimiter=b'), ['a/1', 'a/2', 'a b', 'a+b', 'a/b']);
  assert.deepEqual(await list('start-after=c/1&max-keys=2'), ['c/2', 'd']);
  assert.deepEqual(await list('start-after=zz'), ['ü', '\ufffd', '😀']);
  assert.deepEqual(await list('prefix=none'), []);
  assert.deepEqual(await list('max-keys=0'), []);
  assert.deepEqual(await list('prefix=a%20&encoding-type=url'), ['a%20b']);
  assert.deepEqual(await list('prefix=a%2B&encoding-type=url'), ['a%2Bb']);
});

test('what a page says about itself', async () => {
  const zero = await s3.raw('GET', `/${Bucket}?list-type=2&max-keys=0`);
  assert(zero.body.includes('<MaxKeys>0</MaxKeys><IsTruncated>false</IsTruncated>'));
  assert(zero.body.includes('<KeyCount>0</KeyCount>'));
  const { body } = await s3.raw(
    'GET',
    `/${Bucket}?list-type=2&max-keys=1&start-after=a%2Fb&delimiter=/&encoding-type=url`,
  );
  assert(body.includes('<StartAfter>a/b</StartAfter>'));
  assert(body.includes('<Delimiter>/</Delimiter><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>'));
  const token = /<NextContinuationToken>(.*)<\/NextContinuationToken>/.exec(body)?.[1] ?? '';
  const next = await s3.raw('GET', `/${Bucket}?list-type=2&max-keys=1&start-after=zzz&continuation-token=${token}`);
  assert(next.body.includes(`<ContinuationToken>${token}</ContinuationToken>`));
  assert(next.body.includes('<Key>c/1</Key>'), 'the token counts, not where it began');
});

test('what XML cannot carry is a reference, or escaped when asked for', async () => {
  await s3.raw('PUT', `/${Bucket}/zz/%01%0D%26`, { body: '' });
  const plain = await s3.raw('GET', `/${Bucket}?prefix=zz/`);
  assert(plain.body.includes('<Key>zz/&#x1;&#xd;&amp;</Key>'));
  const escaped = await s3.raw('GET', `/${Bucket}?prefix=zz/&encoding-type=url`);
  assert(escaped.body.includes('<Key>zz/%01%0D%26</Key>'));
  await s3.raw('DELETE', `/${Bucket}/zz/%01%0D%26`);
});

test('questions that make no sense', async () => {
  for (const query of [
    'max-keys=-1',
    'max-keys=x',
    'max-keys=1.5',
    'list-type=3',
    'encoding-type=xml',
    'list-type=2&continuation-token=',
    'list-type=2&continuation-token=a/1',
  ]) {
    const answer = await s3.raw('GET', `/${Bucket}?${query}`);
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'InvalidArgument'], query);
  }
});
