import type { S3Client } from '@aws-sdk/client-s3';
import { messageOf, PoolTrackerError } from '../errors.js';

export type S3Sdk = typeof import('@aws-sdk/client-s3');

export interface S3Access {
  readonly sdk: S3Sdk;
  readonly client: S3Client;
}

let opened: Promise<S3Access> | null = null;

/**
 * The S3 client of this process; loads the SDK when first asked. Credentials, region and endpoint come from where the
 * SDK takes them. An endpoint of one's own is addressed by path: few have a wildcard name for their buckets.
 *
 * @throws PoolTrackerError DEPENDENCY_MISSING
 */
export function s3Access(): Promise<S3Access> {
  opened ??= import('@aws-sdk/client-s3').then((sdk) => {
    const ownEndpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
    return { sdk, client: new sdk.S3Client({ forcePathStyle: ownEndpoint !== undefined }) };
  }, (error: unknown) => {
    throw new PoolTrackerError('DEPENDENCY_MISSING', `s3:// needs the package @aws-sdk/client-s3: ${messageOf(error)}`, { cause: error, hint: 'npm install @aws-sdk/client-s3 @aws-sdk/lib-storage' });
  });
  return opened;
}

/** `s3://bucket/some/key` → bucket, some/key */
export function parseS3(url: string): { bucket: string; key: string } {
  const match = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(url);
  if (match === null) throw new PoolTrackerError('USAGE', `${url}: expected s3://BUCKET/KEY`);
  return { bucket: match[1]!, key: match[2]! };
}
