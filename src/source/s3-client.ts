import type { S3Client } from '@aws-sdk/client-s3';
import { messageOf, PoolTrackerError } from '../errors.js';

export type S3Sdk = typeof import('@aws-sdk/client-s3');

export interface S3Access {
  readonly sdk: S3Sdk;
  readonly client: S3Client;
}

let opened: Promise<S3Access> | null = null;

/** An endpoint of one's own is addressed by path: few have a wildcard name for their buckets. */
function byPath(): boolean {
  const { AWS_S3_FORCE_PATH_STYLE: forced, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  return forced === undefined ? (AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL) !== undefined : forced === 'true';
}

/**
 * The S3 client of this process; loads the SDK when first asked. Credentials, region and endpoint come from where the
 * SDK takes them; AWS_S3_FORCE_PATH_STYLE, which it does not know, overrules how buckets are addressed.
 * @throws PoolTrackerError DEPENDENCY_MISSING
 */
export function s3Access(): Promise<S3Access> {
  opened ??= import('@aws-sdk/client-s3').then(
    (sdk) => ({ sdk, client: new sdk.S3Client({ forcePathStyle: byPath() }) }),
    (error: unknown) => {
      opened = null;
      throw new PoolTrackerError('DEPENDENCY_MISSING', 's3:// names need the package @aws-sdk/client-s3, which is not installed', {
        hint: 'npm install @aws-sdk/client-s3', data: { package: '@aws-sdk/client-s3', reason: messageOf(error) }, cause: error,
      });
    },
  );
  return opened;
}

/** `s3://bucket/some/key` → bucket, some/key. @throws PoolTrackerError USAGE */
export function parseS3(url: string): { bucket: string; key: string } {
  const match = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(url);
  if (match === null) throw new PoolTrackerError('USAGE', `'${url}' names no object: expected s3://BUCKET/KEY`);
  return { bucket: match[1]!, key: match[2]! };
}
