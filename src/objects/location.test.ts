import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { test } from 'node:test';
import { parseLocation } from './location.ts';

const s3 = (bucket: string, key: string) => ({ kind: 's3', bucket, key });
const file = (path: string) => ({ kind: 'file', path });

test('a location is read as users write it', () => {
  const rows: [text: string, expected: object][] = [
    ['s3://bucket/dir/x.csv', s3('bucket', 'dir/x.csv')],
    ['s3://bucket/dir/', s3('bucket', 'dir/')],
    ['s3://bucket/', s3('bucket', '')],
    ['s3://bucket', s3('bucket', '')],
    ['s3://my.bucket-1/a b%20c?d#e', s3('my.bucket-1', 'a b%20c?d#e')],
    ['s3://bucket//slash', s3('bucket', '/slash')],
    ['https://bucket.s3.amazonaws.com/dir/x.csv', s3('bucket', 'dir/x.csv')],
    ['https://bucket.s3.eu-west-1.amazonaws.com/a%20b', s3('bucket', 'a b')],
    ['https://bucket.s3-eu-west-1.amazonaws.com/x', s3('bucket', 'x')],
    ['https://my.bucket.s3.cn-north-1.amazonaws.com.cn/x', s3('my.bucket', 'x')],
    ['https://s3.amazonaws.com/bucket/dir/x', s3('bucket', 'dir/x')],
    ['https://s3.eu-west-1.amazonaws.com/bucket/x', s3('bucket', 'x')],
    ['https://s3-eu-west-1.amazonaws.com/bucket', s3('bucket', '')],
    ['data', file('/home/ann/data')],
    ['./data/', file('/home/ann/data')],
    ['../bob/x.csv', file('/home/bob/x.csv')],
    ['/data/x.csv', file('/data/x.csv')],
    ['file:///data/a%20b', file('/data/a b')],
    ['~/data', file(`${homedir()}/data`)],
    ['~', file(homedir())],
    ['a:b', file('/home/ann/a:b')],
  ];
  for (const [text, expected] of rows) assert.deepEqual(parseLocation(text, '/home/ann'), expected, text);
});

test('what cannot be a location is refused with the reason', () => {
  const rows: [text: string, reason: RegExp][] = [
    ['', /empty/],
    ['s3://', /"" is not a bucket name/],
    ['s3:///x', /"" is not a bucket name/],
    ['s3://b/x', /"b" is not a bucket name/],
    ['s3://under score/x', /not a bucket name/],
    ['gs://bucket/x', /gs:\/\/ is not supported/],
    ['https://example.com/x', /https:\/\/ is not supported/],
    ['file://host/x', /starts with file:\/\/\//],
    ['a\0b', /NUL/],
    ['https://bucket.s3.amazonaws.com/100%', /write %25/],
    ['file:///100%', /write %25/],
  ];
  for (const [text, reason] of rows) {
    const parsed = parseLocation(text, '/home/ann');
    assert('invalid' in parsed, text);
    assert.match(parsed.invalid, reason);
  }
});
