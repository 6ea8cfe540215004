import { randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { S3Store, s3Client } from '../../src/objects/s3-store.ts';
import type { StoreUnderTest } from '../contract/store-under-test.ts';

/** An S3 server that somebody else wrote, running for a test. */
export interface S3Server {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Multipart uploads of a bucket that were neither completed nor aborted. */
  openUploads(bucket: string): Promise<number>;
  /** Ends them all, as a bucket's lifecycle rule does. */
  abortUploads(bucket: string): Promise<void>;
  close(): Promise<void>;
}

/** A client of the test's own, which shares nothing with the code under test. */
export function directClient(server: Pick<S3Server, 'endpoint' | 'accessKeyId' | 'secretAccessKey'>): S3Client {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey };
  return new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
}

/** The environment of a user of this server who has no other AWS settings. */
export function awsEnvironment(server: S3Server): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** fauxqs takes 10 MiB in one request. */
const MAX_PUT_BYTES = 8 * 2 ** 20;

/** One bucket, looked at with a client of the test's own. */
export class TestBucket {
  readonly name = `t-${randomUUID()}`;
  readonly #server: S3Server;
  readonly #client: S3Client;

  static async create(server: S3Server): Promise<TestBucket> {
    const bucket = new TestBucket(server);
    await bucket.#client.send(new CreateBucketCommand({ Bucket: bucket.name }));
    return bucket;
  }

  private constructor(server: S3Server) {
    this.#server = server;
    this.#client = directClient(server);
  }

  async put(key: string, body: Uint8Array | string): Promise<void> {
    const bytes = Buffer.from(body);
    const target = { Bucket: this.name, Key: key };
    if (bytes.length <= MAX_PUT_BYTES) {
      await this.#client.send(new PutObjectCommand({ ...target, Body: bytes }));
      return;
    }
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(target));
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let at = 0; at < bytes.length; at += MAX_PUT_BYTES) {
      const part = { PartNumber: Parts.length + 1, Body: bytes.subarray(at, at + MAX_PUT_BYTES) };
      const { ETag } = await this.#client.send(new UploadPartCommand({ ...target, UploadId, ...part }));
      Parts.push({ PartNumber: part.PartNumber, ETag });
    }
    await this.#client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
  }

  async get(key: string): Promise<Buffer | undefined> {
    const answer = await this.#client.send(new GetObjectCommand({ Bucket: this.name, Key: key })).catch((error) => {
      if (error.name === 'NoSuchKey') return undefined;
      throw error;
    });
    return answer && Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
  }

  async remove(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.name, Key: key }));
  }

  async text(key: string): Promise<string | undefined> {
    return (await this.get(key))?.toString();
  }

  async contentType(key: string): Promise<string | undefined> {
    const answer = await this.#client.send(new GetObjectCommand({ Bucket: this.name, Key: key }));
    await answer.Body?.transformToByteArray();
    return answer.ContentType;
  }

  openUploads(): Promise<number> {
    return this.#server.openUploads(this.name);
  }

  abortUploads(): Promise<void> {
    return this.#server.abortUploads(this.name);
  }

  close(): void {
    this.#client.destroy();
  }
}

/** A store for the contract suite: the process's environment must have the server's credentials. */
export async function s3StoreUnderTest(server: S3Server): Promise<StoreUnderTest> {
  const bucket = await TestBucket.create(server);
  const client = s3Client({ endpointUrl: server.endpoint, defaultRegion: 'us-east-1' });
  return {
    store: new S3Store(client, bucket.name),
    broken: new S3Store(client, `${bucket.name}-missing`),
    put: (key, bytes) => bucket.put(key, bytes),
    get: (key) => bucket.get(key),
    leftovers: () => bucket.openUploads(),
    sabotage: () => bucket.abortUploads(),
    dispose: async () => {
      bucket.close();
      client.destroy();
    },
  };
}

export async function listUploads(client: S3Client, bucket: string): Promise<{ key: string; uploadId: string }[]> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return Uploads.map(({ Key = '', UploadId = '' }) => ({ key: Key, uploadId: UploadId }));
}

export async function abortAllUploads(client: S3Client, bucket: string): Promise<void> {
  for (const { key, uploadId } of await listUploads(client, bucket)) {
    await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }));
  }
}
