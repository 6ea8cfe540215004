import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { codeOf, refusal, type S3UnderTest, startS3 } from '../../../test/s3-endpoint.ts';
import { Digest } from '../../objects/local/digest.ts';

const Bucket = 'bucket';
const MIB = 1024 * 1024;
/** Parts of an odd size each. */
const PARTS = [Buffer.alloc(5 * MIB, 'ab'), Buffer.alloc(5 * MIB + 3, 'cde'), Buffer.from('the end')];
const WHOLE = Buffer.concat(PARTS);
let s3: S3UnderTest;
before(async () => {
  s3 = await startS3({ maxListKeys: 3 });
  await s3.store.createBucket(Bucket);
});
after(async () => {
  await s3.close();
  assert.deepEqual(s3.errors, []);
});

async function begin(Key: string, input: Partial<CreateMultipartUploadCommandInput> = {}): Promise<string> {
  const { UploadId } = await s3.client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...input }));
  assert(UploadId);
  return UploadId;
}

async function upload(
  Key: string,
  UploadId: string,
  PartNumber: number,
  Body: string | Buffer,
): Promise<CompletedPart> {
  const { ETag } = await s3.client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
  return { PartNumber, ETag };
}

function complete(
  Key: string,
  UploadId: string,
  Parts: CompletedPart[],
  input: Partial<CompleteMultipartUploadCommandInput> = {},
) {
  return s3.client.send(
    new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...input }),
  );
}

function checksumOf(algorithm: 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256', bytes: Buffer): string {
  const digest = new Digest(algorithm);
  digest.update(bytes);
  return digest.finish().checksum?.value ?? '';
}

test('an upload in parts from beginning to end', async () => {
  const Key = 'whole';
  const UploadId = await begin(Key, { ContentType: 'text/csv', Metadata: { a: '1' } });
  await upload(Key, UploadId, 2, 'replaced');
  const parts = [await upload(Key, UploadId, 1, PARTS[0] ?? ''), await upload(Key, UploadId, 2, PARTS[1] ?? '')];
  parts.push(await upload(Key, UploadId, 7, PARTS[2] ?? ''));
  assert.deepEqual(await refusal(s3.client.send(new HeadObjectCommand({ Bucket, Key }))), ['NotFound', 404]);
  const { ETag, Location } = await complete(Key, UploadId, parts, { MpuObjectSize: WHOLE.length });
  const digests = PARTS.map((part) => createHash('md5').update(part).digest());
  assert.equal(ETag, `"${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-3"`);
  assert.equal(Location, `${s3.endpoint}/bucket/whole`);

  const got = await s3.client.send(new GetObjectCommand({ Bucket, Key }));
  assert.deepEqual([got.ContentType, got.Metadata, got.ETag], ['text/csv', { a: '1' }, ETag]);
  assert(WHOLE.equals((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0)));
  const second = await s3.client.send(new GetObjectCommand({ Bucket, Key, PartNumber: 2 }));
  assert.equal(second.PartsCount, 3);
  assert.equal(second.ContentRange, `bytes ${5 * MIB}-${10 * MIB + 2}/${WHOLE.length}`);
  assert((PARTS[1] ?? Buffer.alloc(0)).equals((await second.Body?.transformToByteArray()) ?? Buffer.alloc(1)));
  const ObjectAttributes = [
    'ETag' as const,
    'Checksum' as const,
    'ObjectParts' as const,
    'StorageClass' as const,
    'ObjectSize' as const,
  ];
  const attributes = await s3.client.send(
    new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes, MaxParts: 2, PartNumberMarker: '1' }),
  );
  assert.equal(attributes.ETag, ETag?.slice(1, -1));
  assert.equal(attributes.ObjectSize, WHOLE.length);
  assert.equal(attributes.StorageClass, 'STANDARD');
  assert.equal(attributes.Checksum, undefined);
  assert.equal(attributes.ObjectParts?.TotalPartsCount, 3);
  assert.equal(attributes.ObjectParts?.IsTruncated, false);
  assert.equal(attributes.ObjectParts?.Parts, undefined, 'parts without checksums are not told one by one');
  assert.deepEqual(await refusal(complete(Key, 'gone', parts)), ['NoSuchUpload', 404]);
});

test('what cannot be put together', async () => {
  const Key = 'broken';
  const UploadId = await begin(Key);
  const one = await upload(Key, UploadId, 1, 'small');
  const two = await upload(Key, UploadId, 2, 'small');
  const refused = async (parts: CompletedPart[], input = {}) =>
    (await refusal(complete(Key, UploadId, parts, input)))[0];
  assert.equal(await refused([one, two]), 'EntityTooSmall');
  assert.equal(await refused([two, one]), 'InvalidPartOrder');
  assert.equal(await refused([one, one]), 'InvalidPartOrder');
  assert.equal(await refused([one, { ...two, PartNumber: 3 }]), 'InvalidPart');
  assert.equal(await refused([{ ...one, ETag: '"0"' }]), 'InvalidPart');
  assert.equal(await refused([{ ...one, ChecksumCRC32: 'AAAAAA==' }]), 'InvalidPart');
  assert.equal(await refused([]), 'MalformedXML');
  assert.equal(await refused([{ ...one, PartNumber: 0 }]), 'MalformedXML');
  assert.equal(await refused([one], { MpuObjectSize: 6 }), 'InvalidRequest');
  assert.equal(await refused([one], { ChecksumType: 'FULL_OBJECT' }), 'InvalidRequest');
  assert.equal(await refused([one], { ChecksumCRC32: 'AAAAAA==' }), 'InvalidRequest');
  assert.deepEqual(await refusal(complete('other', UploadId, [one])), ['NoSuchUpload', 404], 'an upload is of its key');
  await complete(Key, UploadId, [one], { MpuObjectSize: 5 });
  const got = await s3.client.send(new GetObjectCommand({ Bucket, Key }));
  assert.equal(await got.Body?.transformToString(), 'small');
});

test('a condition that does not hold leaves the upload', async () => {
  const Key = 'conditional';
  await s3.client.send(new PutObjectCommand({ Bucket, Key, Body: 'there' }));
  const UploadId = await begin(Key);
  const one = await upload(Key, UploadId, 1, 'new');
  assert.deepEqual(await refusal(complete(Key, UploadId, [one], { IfNoneMatch: '*' })), ['PreconditionFailed', 412]);
  assert.deepEqual(await refusal(complete(Key, UploadId, [one], { IfMatch: '"0"' })), ['PreconditionFailed', 412]);
  const { ETag } = await s3.client.send(new HeadObjectCommand({ Bucket, Key }));
  await complete(Key, UploadId, [one], { IfMatch: ETag });
});

test('checksums of the whole and of the parts', async () => {
  const cases = [
    ['CRC32', 'FULL_OBJECT'],
    ['CRC32', 'COMPOSITE'],
    ['CRC32C', 'FULL_OBJECT'],
    ['CRC32C', 'COMPOSITE'],
    ['CRC64NVME', 'FULL_OBJECT'],
    ['SHA1', 'COMPOSITE'],
    ['SHA256', 'COMPOSITE'],
  ] as const;
  for (const [ChecksumAlgorithm, ChecksumType] of cases) {
    const Key = `${ChecksumAlgorithm}-${ChecksumType}`;
    const name = `Checksum${ChecksumAlgorithm}` as const;
    const UploadId = await begin(Key, { ChecksumAlgorithm, ChecksumType });
    const parts: CompletedPart[] = [];
    for (const [at, Body] of PARTS.entries()) {
      const input = { Bucket, Key, UploadId, PartNumber: at + 1, Body, ChecksumAlgorithm };
      const part = await s3.client.send(new UploadPartCommand(input));
      assert.equal(part[name], checksumOf(ChecksumAlgorithm, Body));
      parts.push({ PartNumber: at + 1, ETag: part.ETag, [name]: part[name] });
    }
    const composite = checksumOf(
      ChecksumAlgorithm,
      Buffer.concat(parts.map((part) => Buffer.from(part[name] ?? '', 'base64'))),
    );
    const expected = ChecksumType === 'COMPOSITE' ? `${composite}-3` : checksumOf(ChecksumAlgorithm, WHOLE);
    const wrong = parts.map((part, at) => (at === 1 ? { ...part, [name]: parts[0]?.[name] } : part));
    assert.deepEqual(await refusal(complete(Key, UploadId, wrong)), ['InvalidPart', 400]);
    assert.deepEqual(await refusal(complete(Key, UploadId, parts, { [name]: parts[0]?.[name] })), ['BadDigest', 400]);
    const completed = await complete(Key, UploadId, parts, { [name]: expected, ChecksumType });
    assert.deepEqual([completed[name], completed.ChecksumType], [expected, ChecksumType]);
    const attributes = await s3.client.send(
      new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ['ObjectParts'], PartNumberMarker: '1' }),
    );
    assert.deepEqual(
      attributes.ObjectParts?.Parts?.map((part) => [part.PartNumber, part.Size, part[name]]),
      [2, 3].map((number) => [number, PARTS[number - 1]?.length, parts[number - 1]?.[name]]),
    );
    const head = await s3.client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
    assert.deepEqual([head[name], head.ChecksumType], [expected, ChecksumType]);
    const got = await s3.client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
    assert(WHOLE.equals((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0)), 'the SDK has compared it');
  }
});

test('kinds of checksums that there are not', async () => {
  const refused = async (input: Partial<CreateMultipartUploadCommandInput>) =>
    (await refusal(begin('kinds', input)))[0];
  assert.equal(await refused({ ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' }), 'InvalidRequest');
  assert.equal(await refused({ ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'COMPOSITE' }), 'InvalidRequest');
  const post = async (headers: Record<string, string>) =>
    codeOf(await s3.raw('POST', `/${Bucket}/kinds?uploads`, { headers }));
  assert.equal(await post({ 'x-amz-checksum-type': 'COMPOSITE' }), 'InvalidRequest');
  assert.equal(await post({ 'x-amz-checksum-algorithm': 'MD4' }), 'NotImplemented');
  const UploadId = await begin('kinds', { ChecksumAlgorithm: 'SHA1' });
  const path = `/${Bucket}/kinds?uploadId=${UploadId}`;
  const other = { 'x-amz-checksum-crc32': 'y/Q5Jg==' };
  assert.equal(
    codeOf(await s3.raw('PUT', `${path}&partNumber=1`, { body: '123456789', headers: other })),
    'InvalidRequest',
  );
  const silent = await s3.raw('PUT', `${path}&partNumber=1`, { body: '123456789' });
  assert.equal(
    silent.headers['x-amz-checksum-sha1'],
    checksumOf('SHA1', Buffer.from('123456789')),
    'computed all the same',
  );
  await s3.raw('DELETE', path);
});

test('parts copied from objects', async () => {
  await s3.client.send(new PutObjectCommand({ Bucket, Key: 'source', Body: PARTS[0] ?? '' }));
  const Key = 'from copies';
  const UploadId = await begin(Key, { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
  const copy = (PartNumber: number, CopySourceRange?: string) => {
    const range = CopySourceRange === undefined ? {} : { CopySourceRange };
    return s3.client.send(
      new UploadPartCopyCommand({ Bucket, Key, UploadId, PartNumber, CopySource: `${Bucket}/source`, ...range }),
    );
  };
  const whole = await copy(1);
  const part = await copy(2, 'bytes=1-3');
  assert.equal(part.CopyPartResult?.ChecksumCRC32, checksumOf('CRC32', Buffer.from('bab')));
  for (const range of ['bytes=0-', 'bytes=-3', 'bytes=3-1', '0-1', `bytes=0-${5 * MIB}`]) {
    assert.deepEqual(await refusal(copy(3, range)), ['InvalidArgument', 400], range);
  }
  const parts = [whole, part].map(({ CopyPartResult }, at) => ({ PartNumber: at + 1, ETag: CopyPartResult?.ETag }));
  const { ChecksumCRC32 } = await complete(Key, UploadId, parts);
  assert.equal(ChecksumCRC32, checksumOf('CRC32', Buffer.concat([PARTS[0] ?? Buffer.alloc(0), Buffer.from('bab')])));
});

test('parts are listed page by page', async () => {
  const Key = 'listed';
  const UploadId = await begin(Key, { StorageClass: 'STANDARD_IA', ChecksumAlgorithm: 'CRC32' });
  for (const number of [9, 2, 5, 10_000]) await upload(Key, UploadId, number, `${number}`);
  const first = await s3.client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
  assert.deepEqual(
    first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]),
    [
      [2, 1],
      [5, 1],
      [9, 1],
    ],
  );
  assert.deepEqual([first.IsTruncated, first.NextPartNumberMarker, first.MaxParts], [true, '9', 3]);
  assert.deepEqual(
    [first.StorageClass, first.ChecksumAlgorithm, first.ChecksumType],
    ['STANDARD_IA', 'CRC32', 'COMPOSITE'],
  );
  assert.equal(first.Parts?.[0]?.ChecksumCRC32, checksumOf('CRC32', Buffer.from('2')));
  const rest = await s3.client.send(new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker: '9' }));
  assert.deepEqual([rest.Parts?.map(({ PartNumber }) => PartNumber), rest.IsTruncated], [[10_000], false]);
  await s3.client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  for (const command of [
    s3.client.send(new ListPartsCommand({ Bucket, Key, UploadId })),
    s3.client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })),
    upload(Key, UploadId, 1, 'x'),
  ]) {
    assert.deepEqual(await refusal(command), ['NoSuchUpload', 404]);
  }
});

test('uploads under way are listed page by page', async () => {
  const keys = ['a/1', 'a/2', 'b', 'b', 'b', 'c/1', 'd', '😀'];
  for (const key of keys) await begin(`list/${key}`);
  const list = async (MaxUploads: number, Delimiter?: string) => {
    const found: unknown[] = [];
    let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
    for (;;) {
      const input = { Bucket, Prefix: 'list/', MaxUploads, ...markers, ...(Delimiter && { Delimiter }) };
      const page = await s3.client.send(new ListMultipartUploadsCommand(input));
      const names = [
        ...(page.Uploads ?? []).map(({ Key }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      ];
      assert(names.length <= Math.min(MaxUploads, 3));
      found.push(...names.map((name) => name?.slice('list/'.length)));
      if (!page.IsTruncated) return found;
      markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
  };
  for (const limit of [1, 2, 1000]) {
    assert.deepEqual(await list(limit), keys);
    assert.deepEqual((await list(limit, '/')).sort(), ['a/', 'b', 'b', 'b', 'c/', 'd', '😀']);
  }
  const page = (query: string) => s3.raw('GET', `/${Bucket}?uploads&prefix=list/&${query}`);
  const { body } = await page('max-uploads=2&key-marker=list/b&upload-id-marker=gone');
  assert.deepEqual(body.match(/<Key>list\/b<\/Key>/g)?.length, 2, 'an upload that has ended hides none of the others');
  assert(!(await page('key-marker=list/b')).body.includes('<Key>list/b</Key>'));
  assert((await page('max-uploads=0')).body.includes('<IsTruncated>false</IsTruncated>'));
  assert.equal(codeOf(await page('max-uploads=x')), 'InvalidArgument');
});

test('part numbers are 1 to 10,000, and a part is never an object', async () => {
  const UploadId = await begin('numbers');
  for (const number of ['0', '10001', '-1', 'x', '']) {
    const path = `/${Bucket}/numbers?uploadId=${UploadId}&partNumber=${number}`;
    assert.equal(codeOf(await s3.raw('PUT', path, { body: 'x' })), 'InvalidArgument', number);
  }
  assert.equal(
    codeOf(await s3.raw('PUT', `/${Bucket}/numbers?uploadId=${UploadId}`, { body: 'x' })),
    'InvalidArgument',
  );
  assert.equal(codeOf(await s3.raw('PUT', `/${Bucket}/numbers?partNumber=1`, { body: 'x' })), 'InvalidArgument');
  assert.equal((await s3.raw('HEAD', `/${Bucket}/numbers`)).status, 404);
});
