import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { Sha256 } from '../../core/sha256.ts';
import { Fault } from '../fault.ts';
import { type S3Request, type ServiceRequest, SignatureVerifier } from './verify.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'tok/en+=' };
const signingDate = new Date(Date.UTC(2026, 0, 1));
const verifier = new SignatureVerifier({
  keys: new Map([[credentials.accessKeyId, credentials.secretAccessKey]]),
  region: 'us-east-1',
  now: () => signingDate.getTime(),
});
const signer = (service: string): SignatureV4 =>
  new SignatureV4({ credentials, region: 'us-east-1', service, sha256: Sha256, uriEscapePath: service !== 's3' });

async function verify(request: S3Request | ServiceRequest): Promise<string> {
  try {
    await (request.service === 's3' ? verifier.verify(request) : verifier.verify(request));
    return 'accepted';
  } catch (error) {
    assert(error instanceof Fault, String(error));
    return error.code;
  }
}

const headOf = (headers: Readonly<Record<string, string>>) => ({ headers, rawHeaders: Object.entries(headers).flat() });

const text = fc.string({ unit: 'binary', maxLength: 6 }).map((value) => value.toWellFormed());
const segment = fc.oneof(text, fc.constantFrom('a b', '%20', 'é+~', '', '.', '..', '日本'));
const s3Requests = fc
  .record({
    method: fc.constantFrom('GET', 'PUT', 'HEAD', 'DELETE'),
    path: fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.map(encodeURIComponent).join('/')}`),
    query: fc.dictionary(text, fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })), { maxKeys: 4 }),
    meta: fc.constantFrom<string>('plain', 'inner  double   space', ' outer ', '\ttab\t', ''),
    presigned: fc.boolean(),
  })
  .map(async ({ method, path, query, meta, presigned }): Promise<S3Request> => {
    const headers = { host: '127.0.0.1:8400', 'x-amz-meta-a': meta, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    const request = { method, protocol: 'http:', hostname: '127.0.0.1', path, query, headers };
    // As @aws-sdk/s3-request-presigner does it: x-amz-content-sha256 becomes a parameter.
    const unhoistableHeaders = new Set(['x-amz-meta-a']);
    const signed = presigned
      ? await signer('s3').presign(request, { signingDate, unhoistableHeaders })
      : await signer('s3').sign(request, { signingDate });
    const search = Object.entries(signed.query ?? {}).flatMap(([name, values]) =>
      [values ?? []].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
    );
    return { service: 's3', method, rawUrl: `${path}?${search.join('&')}`, ...headOf(signed.headers) };
  });
const serviceRequests = fc
  .record({
    name: text,
    service: fc.constantFrom('sagemaker', 'logs'),
    path: fc.constantFrom('/', '/a%20b//c'),
  })
  .map(async ({ name, service, path }): Promise<ServiceRequest> => {
    const body = JSON.stringify({ TransformJobName: name });
    const headers = {
      host: '127.0.0.1:8400',
      'user-agent': 'test',
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': service === 'logs' ? 'Logs_20140328.GetLogEvents' : 'SageMaker.DescribeTransformJob',
    };
    const request = { method: 'POST', protocol: 'http:', hostname: '127.0.0.1', path, query: {}, headers, body };
    // No SDK signs User-Agent by itself, but a client may.
    const signed = await signer(service).sign(request, { signingDate, signableHeaders: new Set(['user-agent']) });
    return { service: 'json', method: 'POST', rawUrl: path, body: Buffer.from(body), ...headOf(signed.headers) };
  });

test('what an SDK signs is accepted: odd paths, repeated and empty parameters, spaces in headers, session tokens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(s3Requests, serviceRequests), async (request) => {
      assert.equal(await verify(await request), 'accepted');
    }),
  );
});

/** The text with one character changed. */
function changed(value: string, at: number): string {
  const index = at % Math.max(value.length, 1);
  return `${value.slice(0, index)}${value[index] === 'x' ? 'y' : 'x'}${value.slice(index + 1)}`;
}

test('a signed request is refused when any character is another one: of the path, the query, a header or the body', async () => {
  const parts = fc.record({ which: fc.nat(), at: fc.nat() });
  await fc.assert(
    fc.asyncProperty(fc.oneof(s3Requests, serviceRequests), parts, async (signed, { which, at }) => {
      const request = await signed;
      const { method, rawUrl, headers } = request;
      const [path = '', search = ''] = rawUrl.split('?');
      const values = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
      const others = [
        { ...request, method: changed(method, at) },
        { ...request, rawUrl: `/${changed(path.slice(1), at)}?${search}` },
        { ...request, rawUrl: `${rawUrl}${search === '' ? '?' : '&'}more` },
        ...values.map(([name, value]) => ({
          ...request,
          ...headOf({ ...Object.fromEntries(values), [name]: changed(value, at) }),
        })),
        // One that is empty may as well not be there.
        ...values
          .filter(([, value]) => value !== '')
          .map(([name]) => ({ ...request, ...headOf(Object.fromEntries(values.filter(([other]) => other !== name))) })),
        ...(search === '' ? [] : [{ ...request, rawUrl: `${path}?${changed(search, at)}` }]),
        ...('body' in request ? [{ ...request, body: Buffer.from(changed(String(request.body), at)) }] : []),
      ];
      const other = others[which % others.length];
      assert(other);
      assert.notEqual(await verify(other), 'accepted');
    }),
    { numRuns: 300 },
  );
});
