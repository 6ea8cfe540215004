import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';

/** Uploads in parts that somebody has begun and a kill has left: nobody will finish them, and their parts cost room. */
export interface AbandonedUploads {
  readonly bucket: string;
  readonly prefix: string;
  /** Of the keys under the prefix those whose uploads are ours. */
  readonly isOurs: (key: string) => boolean;
}

/** Aborts them. Rejects with what the store says. */
export async function abortUploads(
  client: S3Client,
  { bucket, prefix, isOurs }: AbandonedUploads,
  signal: AbortSignal,
): Promise<void> {
  let markers: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } | undefined = {};
  while (markers !== undefined) {
    // A line end or the like in a key has no place in XML.
    const list: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      Bucket: bucket,
      Prefix: prefix,
      EncodingType: 'url',
      ...markers,
    });
    const page: ListMultipartUploadsCommandOutput = await client.send(list, { abortSignal: signal });
    for (const { Key = '', UploadId } of page.Uploads ?? []) {
      const key = page.EncodingType === 'url' ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key;
      if (!isOurs(key)) continue;
      const abort = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId });
      await client.send(abort, { abortSignal: signal });
    }
    const { NextKeyMarker, NextUploadIdMarker } = page;
    markers =
      page.IsTruncated && NextKeyMarker !== undefined
        ? {
            KeyMarker:
              page.EncodingType === 'url' ? decodeURIComponent(NextKeyMarker.replaceAll('+', ' ')) : NextKeyMarker,
            ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
          }
        : undefined;
  }
}
