import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { startFauxqs } from 'fauxqs';
import { directClient, type S3Server } from './s3-server.ts';

/** An S3 server within the test's process, for machines that have nothing but Node. It accepts any credentials. */
export async function fauxqsServer(): Promise<S3Server> {
  const server = await startFauxqs({ port: 0, logger: false });
  const access = { endpoint: `http://127.0.0.1:${server.port}`, accessKeyId: 'test', secretAccessKey: 'test' };
  const client = directClient(access);

  const move = async (from: string, to: string): Promise<void> => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: from }));
    for (const { Key = '' } of Contents) {
      const CopySource = `/${from}/${encodeURIComponent(Key)}`;
      await client.send(new CopyObjectCommand({ Bucket: to, Key, CopySource }));
      await client.send(new DeleteObjectCommand({ Bucket: from, Key }));
    }
  };

  /** It cannot list uploads, but refuses to delete a bucket that has one: empty the bucket, try, and put all back. */
  const openUploads = async (bucket: string): Promise<number> => {
    const aside = `${bucket}-aside`;
    await client.send(new CreateBucketCommand({ Bucket: aside }));
    await move(bucket, aside);
    let uploads = 0;
    try {
      await client.send(new DeleteBucketCommand({ Bucket: bucket }));
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
    } catch (error) {
      if ((error as Error).name !== 'BucketNotEmpty') throw error;
      uploads = 1; // at least
    }
    await move(aside, bucket);
    return uploads;
  };

  return {
    ...access,
    openUploads,
    abortUploads: async (bucket) => server.emptyBucket(bucket), // the objects go too: it has nothing else
    close: async () => {
      client.destroy();
      await server.stop();
    },
  };
}
