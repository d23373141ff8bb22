import type { _Object, S3Client } from '@aws-sdk/client-s3';
import { messageOf, PoolTrackerError } from '../errors.js';
import { requirePackage } from '../required-package.js';

export type S3Sdk = typeof import('@aws-sdk/client-s3');

export interface S3Access {
  readonly sdk: S3Sdk;
  readonly client: S3Client;
}

let opened: { readonly settings: string; readonly access: S3Access } | null = null;

/** Custom endpoints are addressed by path: few have a wildcard name for their buckets. */
function byPath(): boolean {
  const { AWS_S3_FORCE_PATH_STYLE: forced, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  return forced === undefined ? (AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL) !== undefined : forced === 'true';
}

/**
 * The S3 client as configured by the environment; loads the SDK on first use. The SDK itself finds credentials, region
 * and endpoint; AWS_S3_FORCE_PATH_STYLE, which it does not know, overrides how buckets are addressed.
 * @throws PoolTrackerError DEPENDENCY_MISSING
 */
export function s3Access(): S3Access {
  // Otherwise the SDK warns on standard error about the Node version.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const settings = JSON.stringify(Object.entries(process.env).filter(([name]) => name.startsWith('AWS_')));
  if (opened?.settings !== settings) opened = { settings, access: newClient() };
  return opened.access;
}

function newClient(): S3Access {
  try {
    const sdk = requirePackage('@aws-sdk/client-s3') as S3Sdk;
    return { sdk, client: new sdk.S3Client({ forcePathStyle: byPath() }) };
  } catch (error) {
    throw new PoolTrackerError(
      'DEPENDENCY_MISSING',
      `s3:// names need the package @aws-sdk/client-s3: ${messageOf(error)}`,
      {
        hint: 'npm install @aws-sdk/client-s3',
        cause: error,
      },
    );
  }
}

/** `s3://bucket/some/key` → bucket, some/key. @throws PoolTrackerError USAGE */
export function parseS3(url: string): { bucket: string; key: string } {
  const match = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(url);
  if (match === null) throw new PoolTrackerError('USAGE', `'${url}' names no object: expected s3://BUCKET/KEY`);
  return { bucket: match[1]!, key: match[2]! };
}

/** An object in a listing. */
export type ListedObject = _Object & { readonly Key: string };

/** The objects below a prefix, in key order. @throws whatever the SDK throws */
export async function* s3Objects(bucket: string, prefix: string): AsyncGenerator<ListedObject> {
  const { sdk, client } = s3Access();
  for await (const page of sdk.paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
    for (const object of page.Contents ?? []) if (object.Key !== undefined) yield { ...object, Key: object.Key };
  }
}
