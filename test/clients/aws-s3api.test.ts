import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type AwsAnswer, all, assertNow } from './aws-answer.ts';
import { awsSuite } from './client-suites.ts';

const MIB = 2 ** 20;

await awsSuite('aws s3api', (aws) => {
  const s3api = (command: string, bucket: string, ...args: string[]): Promise<AwsAnswer> =>
    aws.json(['s3api', command, '--bucket', bucket, ...args]);
  const refused = (command: string, bucket: string, ...args: string[]): Promise<string> =>
    aws.refused(['s3api', command, '--bucket', bucket, ...args]);

  test('put-object, head-object, get-object --range: what was sent with an object comes back with it', async () => {
    const folder = await aws.folder();
    const [file, part] = [join(folder, 'file'), join(folder, 'part')];
    await writeFile(file, '0123456789');
    await s3api('create-bucket', 'headers');
    const sent = ['--content-type', 'text/csv; charset=utf-8', '--cache-control', 'max-age=60'];
    const more = ['--content-disposition', 'attachment; filename="x.csv"', '--metadata', 'owner=Ann B,stage=raw'];
    const put = await s3api('put-object', 'headers', '--key', 'x', '--body', file, ...sent, ...more);
    assert.equal(put['ETag'], '"781e5e245d69b566979b86e28d23f2c7"');
    const head = await s3api('head-object', 'headers', '--key', 'x');
    const { LastModified: modified, ...known } = head;
    assertNow(modified);
    assert.deepEqual(known, {
      AcceptRanges: 'bytes',
      ContentLength: 10,
      ETag: '"781e5e245d69b566979b86e28d23f2c7"',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment; filename="x.csv"',
      ContentType: 'text/csv; charset=utf-8',
      Metadata: { owner: 'Ann B', stage: 'raw' },
    });
    const ranged = await s3api('get-object', 'headers', '--key', 'x', '--range', 'bytes=3-5', part);
    assert.deepEqual([ranged['ContentLength'], ranged['ContentRange']], [3, 'bytes 3-5/10']);
    assert.equal(await readFile(part, 'utf8'), '345');
    const beyond = await refused('get-object', 'headers', '--key', 'x', '--range', 'bytes=10-', part);
    assert.match(
      beyond,
      /\(InvalidRange\) when calling the GetObject operation.*: The requested range is not satisfiable/,
    );
  });

  test('copy-object: with the metadata of the original, or with new', async () => {
    await s3api('create-bucket', 'copies');
    await s3api('put-object', 'copies', '--key', 'a b', '--metadata', 'k=old', '--content-type', 'text/plain');
    const copied = await s3api('copy-object', 'copies', '--copy-source', 'copies/a b', '--key', 'same');
    assert.equal((copied['CopyObjectResult'] as { ETag: string }).ETag, '"d41d8cd98f00b204e9800998ecf8427e"');
    const replacing = ['--metadata-directive', 'REPLACE', '--metadata', 'k=new', '--content-type', 'text/csv'];
    await s3api('copy-object', 'copies', '--copy-source', 'copies/a b', '--key', 'other', ...replacing);
    const [same, other] = await Promise.all(
      ['same', 'other'].map((key) => s3api('head-object', 'copies', '--key', key)),
    );
    assert.deepEqual([same?.['Metadata'], same?.['ContentType']], [{ k: 'old' }, 'text/plain']);
    assert.deepEqual([other?.['Metadata'], other?.['ContentType']], [{ k: 'new' }, 'text/csv']);
    assert.match(
      await refused('copy-object', 'copies', '--copy-source', 'copies/none', '--key', 'x'),
      /\(NoSuchKey\) when calling the CopyObject operation/,
    );
  });

  test('list-objects-v2: pages of every size tell the same, from where --starting-token says', async () => {
    const folder = await aws.folder();
    const names = ['a/1', 'a/2', 'b', 'c/1', 'd', 'e'];
    await s3api('create-bucket', 'pages');
    for (const name of names) await mkdir(join(folder, dirname(name)), { recursive: true });
    for (const name of names) await writeFile(join(folder, name), name);
    await aws.run(['s3', 'sync', folder, 's3://pages', '--quiet']);
    const list = (...args: string[]): Promise<AwsAnswer> => s3api('list-objects-v2', 'pages', ...args);
    const whole = await list('--page-size', '2');
    assert.deepEqual(all(whole, 'Contents', 'Key'), names);
    assert.equal(whole['NextToken'], undefined);
    const first = await list('--max-items', '3', '--page-size', '2');
    assert.deepEqual(all(first, 'Contents', 'Key'), ['a/1', 'a/2', 'b']);
    const rest = await list('--starting-token', String(first['NextToken']), '--page-size', '2');
    assert.deepEqual(all(rest, 'Contents', 'Key'), ['c/1', 'd', 'e']);
    const folders = await list('--delimiter', '/', '--page-size', '2');
    assert.deepEqual(all(folders, 'Contents', 'Key'), ['b', 'd', 'e']);
    assert.deepEqual(all(folders, 'CommonPrefixes', 'Prefix'), ['a/', 'c/']);
    const after = await list('--start-after', 'b', '--prefix', 'c');
    assert.deepEqual(all(after, 'Contents', 'Key'), ['c/1']);
  });

  test('delete-objects: several at once, also those that are not there', async () => {
    await s3api('create-bucket', 'deleted');
    await Promise.all(['a & b', 'c'].map((key) => s3api('put-object', 'deleted', '--key', key)));
    const keys = { Objects: [{ Key: 'a & b' }, { Key: 'c' }, { Key: 'not there' }] };
    const answer = await s3api('delete-objects', 'deleted', '--delete', JSON.stringify(keys));
    assert.deepEqual(all(answer, 'Deleted', 'Key').sort(), ['a & b', 'c', 'not there']);
    assert.equal(answer['Errors'], undefined);
    assert.equal((await s3api('list-objects-v2', 'deleted'))['Contents'], undefined);
    await aws.run(['s3api', 'wait', 'object-not-exists', '--bucket', 'deleted', '--key', 'c']);
  });

  test('multipart uploads by hand: parts, their lists, the whole, and an upload that is given up', async () => {
    const folder = await aws.folder();
    const parts = [randomBytes(5 * MIB), randomBytes(1000)];
    await s3api('create-bucket', 'uploads');
    const upload = String((await s3api('create-multipart-upload', 'uploads', '--key', 'k'))['UploadId']);
    const of = ['--key', 'k', '--upload-id', upload];
    const sendPart = async (part: Buffer, at: number): Promise<object> => {
      const file = join(folder, String(at));
      await writeFile(file, part);
      const sent = await s3api('upload-part', 'uploads', ...of, '--part-number', `${at + 1}`, '--body', file);
      return { PartNumber: at + 1, ETag: sent['ETag'] };
    };
    const Parts = await Promise.all(parts.map(sendPart));
    const [listed, open] = await Promise.all([
      s3api('list-parts', 'uploads', ...of),
      s3api('list-multipart-uploads', 'uploads'),
    ]);
    assert.deepEqual(all(listed, 'Parts', 'Size'), [5 * MIB, 1000]);
    assert.deepEqual(all(open, 'Uploads', 'UploadId'), [upload]);
    const done = ['--multipart-upload', JSON.stringify({ Parts })];
    const whole = await s3api('complete-multipart-upload', 'uploads', ...of, ...done);
    assert.match(String(whole['ETag']), /^"[0-9a-f]{32}-2"$/);
    assert((await aws.bytes(['s3', 'cp', 's3://uploads/k', '-'])).equals(Buffer.concat(parts)));

    const other = String((await s3api('create-multipart-upload', 'uploads', '--key', 'k'))['UploadId']);
    await s3api('abort-multipart-upload', 'uploads', '--key', 'k', '--upload-id', other);
    assert.match(
      await refused('list-parts', 'uploads', '--key', 'k', '--upload-id', other),
      /\(NoSuchUpload\) when calling the ListParts operation/,
    );
  });

  test('get-object-attributes and checksums: as they were computed by the client', async () => {
    const folder = await aws.folder();
    const file = join(folder, 'file');
    await writeFile(file, 'hello');
    await s3api('create-bucket', 'sums');
    await s3api('put-object', 'sums', '--key', 'k', '--body', file, '--checksum-algorithm', 'SHA256');
    const sha256 = 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=';
    const wanted = ['--object-attributes', 'ETag', 'Checksum', 'ObjectSize', 'StorageClass'];
    const attributes = await s3api('get-object-attributes', 'sums', '--key', 'k', ...wanted);
    assert.equal(attributes['ETag'], '5d41402abc4b2a76b9719d911017c592');
    assert.equal(attributes['ObjectSize'], 5);
    assert.equal(attributes['StorageClass'], 'STANDARD');
    assert.equal((attributes['Checksum'] as Record<string, string>)['ChecksumSHA256'], sha256);
    const head = await s3api('head-object', 'sums', '--key', 'k', '--checksum-mode', 'ENABLED');
    assert.equal(head['ChecksumSHA256'], sha256);
    const wrong = ['--checksum-sha256', `AAAA${sha256.slice(4)}`];
    assert.match(
      await refused('put-object', 'sums', '--key', 'w', '--body', file, ...wrong),
      /\(BadDigest\) when calling the PutObject operation.*: The SHA256 you specified did not match/,
    );
  });

  test("put-object --if-none-match '*': the first one wins", async (t) => {
    await s3api('create-bucket', 'once');
    const put = ['s3api', 'put-object', '--bucket', 'once', '--key', 'k', '--if-none-match', '*'];
    const first = await aws.run(put).catch((error: Error) => error.message);
    if (first.includes('Unknown options')) return t.skip(`aws-cli ${aws.program.version} has no such option`);
    assert.match(first, /"ETag"/);
    assert.match(
      await aws.refused(put),
      /\(PreconditionFailed\) when calling the PutObject operation.*: At least one of the pre-conditions you specified/,
    );
  });

  test('buckets: what they are asked, and those that are not there or not empty', async () => {
    await s3api('create-bucket', 'there');
    await s3api('put-object', 'there', '--key', 'k');
    await s3api('head-bucket', 'there');
    await aws.run(['s3api', 'wait', 'bucket-exists', '--bucket', 'there']);
    assert.deepEqual(await s3api('get-bucket-location', 'there'), { LocationConstraint: null });
    assert.match(await refused('head-bucket', 'none'), /\(404\) when calling the HeadBucket operation.*: Not Found/);
    assert.match(
      await refused('list-objects-v2', 'none'),
      /\(NoSuchBucket\) when calling the ListObjectsV2 operation.*: The specified bucket does not exist/,
    );
    assert.match(await refused('get-object', 'there', '--key', 'none', '/dev/null'), /\(NoSuchKey\) when calling/);
    assert.match(await refused('delete-bucket', 'there'), /\(BucketNotEmpty\) when calling the DeleteBucket/);
    assert.match(await refused('create-bucket', 'Not_A_Name'), /\(InvalidBucketName\)|Invalid bucket name/);
  });
});
