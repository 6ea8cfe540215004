import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { decodePayload } from './payload.ts';
import { parseBasicDate } from './timestamp.ts';
import { SignatureVerifier } from './verify.ts';

const keys = new Map([['AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY']]);

/*
 * Requests as boto3 1.43.11, aws-cli 1.45.11 and curl 7.88.1 sent them on 2026-11-22, without some headers that they do not
 * sign. `at` is the time of the signature.
 */
const captured = [
  {
    name: 'boto3: sagemaker.describe_transform_job',
    at: '20261122T225939Z',
    method: 'POST',
    rawUrl: '/',
    rawHeaders: [
      'Host',
      '127.0.0.1:18411',
      'X-Amz-Target',
      'SageMaker.DescribeTransformJob',
      'Content-Type',
      'application/x-amz-json-1.1',
      'X-Amz-Date',
      '20261122T225939Z',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/sagemaker/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=98b83e960f282ef60c98dfc2a7a5896e48a2c4a1225c6ad2161b91968563ba88',
      'Content-Length',
      '34',
    ],
    body: '{"TransformJobName": "diamonds-1"}',
  },
  {
    name: 'boto3: logs.describe_log_groups',
    at: '20261122T225939Z',
    method: 'POST',
    rawUrl: '/',
    rawHeaders: [
      'Host',
      '127.0.0.1:18411',
      'X-Amz-Target',
      'Logs_20140328.DescribeLogGroups',
      'Content-Type',
      'application/x-amz-json-1.1',
      'X-Amz-Date',
      '20261122T225939Z',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/logs/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=40b5c6e8bf2df994249ae2a2efa0a99943b5acf383ea1ea85e54dc170cdfabf9',
      'Content-Length',
      '2',
    ],
    body: '{}',
  },
  {
    name: 'boto3: sts.get_caller_identity',
    at: '20261122T225939Z',
    method: 'POST',
    rawUrl: '/',
    rawHeaders: [
      'Host',
      '127.0.0.1:18411',
      'Content-Type',
      'application/x-www-form-urlencoded; charset=utf-8',
      'X-Amz-Date',
      '20261122T225939Z',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=c793205052102632d6292b8577786baac025cf383d22d84a63617369f51720c6',
      'Content-Length',
      '43',
    ],
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  },
  {
    name: 'boto3: a presigned URL of sts.get_caller_identity',
    at: '20261122T230009Z',
    method: 'GET',
    rawUrl:
      '/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261122%2Feu-central-1%2Fsts%2Faws4_request&X-Amz-Date=20261122T230009Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=e717bb36349c9041275d16dc1c07bfc081459455b79289461d8de8c9ba498846',
    rawHeaders: ['Host', '127.0.0.1:18411'],
    body: '',
  },
  {
    name: 'boto3: s3.put_object with an odd key and spaces in metadata',
    at: '20261122T225939Z',
    method: 'PUT',
    rawUrl: '/buck/a%20b/%2520/%C3%A9%2B~',
    rawHeaders: [
      'Host',
      '127.0.0.1:18411',
      'x-amz-meta-a',
      'inner  double   space',
      'x-amz-meta-b',
      'lead',
      'x-amz-checksum-crc32',
      'NhCmhg==',
      'x-amz-sdk-checksum-algorithm',
      'CRC32',
      'X-Amz-Date',
      '20261122T225939Z',
      'X-Amz-Content-SHA256',
      '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/s3/aws4_request, SignedHeaders=host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-meta-b;x-amz-sdk-checksum-algorithm, Signature=132f473a212bd7055d4fcc0e127028340c267720c9eeefcf1fa1699bd47e1d38',
      'Content-Length',
      '5',
    ],
    body: 'hello',
  },
  {
    name: 'boto3: s3.get_object of "//"',
    at: '20261122T225939Z',
    method: 'GET',
    rawUrl: '/buck///',
    rawHeaders: [
      'Host',
      '127.0.0.1:18411',
      'Range',
      'bytes=0-9',
      'x-amz-checksum-mode',
      'ENABLED',
      'X-Amz-Date',
      '20261122T225939Z',
      'X-Amz-Content-SHA256',
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/s3/aws4_request, SignedHeaders=host;range;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date, Signature=87696da3540dd0fac930f3f27101bbb731747e82902ec0f8cafbc4fd88aaaf19',
    ],
    body: '',
  },
  {
    name: 'boto3: s3.list_objects_v2',
    at: '20261122T225939Z',
    method: 'GET',
    rawUrl: '/buck?list-type=2&prefix=a%20b%2B%C3%A9~%2F&delimiter=%2F&start-after=&encoding-type=url',
    rawHeaders: [
      'Host',
      '127.0.0.1:18411',
      'X-Amz-Date',
      '20261122T225939Z',
      'X-Amz-Content-SHA256',
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=cf0a8a23137f400f6c3bb64c579cd13b7d9574341e106d258eb7aacd6ff254b6',
    ],
    body: '',
  },
  {
    name: 'boto3: a presigned URL of s3.put_object',
    at: '20261122T225939Z',
    method: 'PUT',
    rawUrl:
      '/buck/up?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261122%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20261122T225939Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=ea1748cf9e791b68ef7311bbbfc1e2cfb133c6d0b5c01341368626f465d085b2',
    rawHeaders: ['Content-Type', 'application/x-www-form-urlencoded', 'Content-Length', '3', 'Host', '127.0.0.1:18411'],
    body: 'zzz',
  },
  {
    name: 'boto3: a presigned URL with a session token',
    at: '20261122T225939Z',
    method: 'GET',
    rawUrl:
      '/buck/tok?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261122%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20261122T225939Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Security-Token=tok%2Fen%2B%3D&X-Amz-Signature=8b5c6d43750c227d5652b196b769717744b18d991bf4f6f5b9d7de12e8c2d65c',
    rawHeaders: ['Host', '127.0.0.1:18411'],
    body: '',
  },
  {
    name: 'aws s3 cp',
    at: '20261122T230009Z',
    method: 'PUT',
    rawUrl: '/buck/dir/s%20p%2B%C3%A9%281%29%27%2A%21.txt',
    rawHeaders: [
      'Host',
      '127.0.0.1:18411',
      'x-amz-meta-k',
      'a  b',
      'x-amz-sdk-checksum-algorithm',
      'CRC32',
      'Content-Type',
      'text/plain',
      'x-amz-checksum-crc32',
      '7W96eg==',
      'X-Amz-Date',
      '20261122T230009Z',
      'X-Amz-Content-SHA256',
      '98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/s3/aws4_request, SignedHeaders=content-type;host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;x-amz-meta-k;x-amz-sdk-checksum-algorithm, Signature=5e8c8da8727c8c7b8f5bb15b472f438ade29680bb6a10bdcc5a7fe7f3bda223c',
      'Content-Length',
      '3',
    ],
    body: 'hi\n',
  },
  {
    name: 'aws sagemaker describe-transform-job',
    at: '20261122T230011Z',
    method: 'POST',
    rawUrl: '/',
    rawHeaders: [
      'Host',
      '127.0.0.1:18411',
      'X-Amz-Target',
      'SageMaker.DescribeTransformJob',
      'Content-Type',
      'application/x-amz-json-1.1',
      'X-Amz-Date',
      '20261122T230011Z',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/sagemaker/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=00de3687b3baa0db58dd1abd742af0c1ab5def457efffb5a1d9afc3f11eadd79',
      'Content-Length',
      '25',
    ],
    body: '{"TransformJobName": "x"}',
  },
  {
    name: 'aws sts get-caller-identity',
    at: '20261122T230012Z',
    method: 'POST',
    rawUrl: '/',
    rawHeaders: [
      'Host',
      '127.0.0.1:18411',
      'Content-Type',
      'application/x-www-form-urlencoded; charset=utf-8',
      'X-Amz-Date',
      '20261122T230012Z',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=0dc62328044d985cc309ded0e1b6ef1d5716926447170af6114aa0cb8f7eb1dc',
      'Content-Length',
      '43',
    ],
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  },
  {
    name: 'curl --aws-sigv4 aws:amz:eu-central-1:s3',
    at: '20261122T230012Z',
    method: 'GET',
    rawUrl: '/buck/a(b)+c',
    rawHeaders: [
      'Host',
      '127.0.0.1:18411',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=160953fdf577e02c6051a4104a1ec597a9005d342aec4b774a2610acb3abd321',
      'X-Amz-Date',
      '20261122T230012Z',
      'x-amz-content-sha256',
      'UNSIGNED-PAYLOAD',
    ],
    body: '',
  },
  {
    name: 'curl --aws-sigv4 aws:amz:eu-central-1:sagemaker',
    at: '20261122T230012Z',
    method: 'POST',
    rawUrl: '/',
    rawHeaders: [
      'Host',
      '127.0.0.1:18411',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/sagemaker/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=a0ba912493c4571ec27227064957c10a3269227f122d9d1c5dce2e2dd0e4176b',
      'X-Amz-Date',
      '20261122T230012Z',
      'x-amz-target',
      'SageMaker.ListModels',
      'content-type',
      'application/x-amz-json-1.1',
      'Content-Length',
      '2',
    ],
    body: '{}',
  },
  {
    name: 'boto3: s3.put_object of a stream, as over TLS',
    at: '20261122T230136Z',
    method: 'PUT',
    rawUrl: '/buck/chunks',
    rawHeaders: [
      'Host',
      '127.0.0.1:18411',
      'Transfer-Encoding',
      'chunked',
      'Content-Encoding',
      'aws-chunked',
      'X-Amz-Trailer',
      'x-amz-checksum-crc32',
      'X-Amz-Decoded-Content-Length',
      '5',
      'x-amz-sdk-checksum-algorithm',
      'CRC32',
      'X-Amz-Date',
      '20261122T230136Z',
      'X-Amz-Content-SHA256',
      'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/s3/aws4_request, SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-sdk-checksum-algorithm;x-amz-trailer, Signature=25147e27d3f8b4ee9bb26d34bb086efa52ec14ef2edc55aa4ee0ad41afffae45',
    ],
    body: '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n',
  },
] as const;

for (const { name, at, method, rawUrl, rawHeaders, body } of captured) {
  test(`accepted: ${name}`, async () => {
    const headers: Record<string, string> = {};
    for (let index = 0; index < rawHeaders.length; index += 2) {
      headers[String(rawHeaders[index]).toLowerCase()] = String(rawHeaders[index + 1]);
    }
    const request = { method, rawUrl, headers, rawHeaders };
    const verifier = new SignatureVerifier({ keys, region: 'eu-central-1', now: () => parseBasicDate(at)?.ms ?? 0 });
    if (!rawUrl.startsWith('/buck')) {
      const verified = await verifier.verify({ ...request, service: 'json', body: Buffer.from(body) });
      assert.equal(verified.accessKeyId, 'AKIDEXAMPLE');
      return;
    }
    const verified = await verifier.verify({ ...request, service: 's3' });
    assert.equal(verified.accessKeyId, 'AKIDEXAMPLE');
    const payload = decodePayload(Readable.from([Buffer.from(body)]), verified, headers);
    const pieces: Buffer[] = await Readable.from(payload.body).toArray();
    assert.equal(Buffer.concat(pieces).length, payload.decodedLength ?? 0);
  });
}
