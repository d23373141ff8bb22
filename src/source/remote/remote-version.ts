import { authorized } from './http-source.js';
import { parseS3, s3Access } from '../s3-client.js';

/** A server that takes longer only to say what it has is not waited for: the scan has a time limit of its own. */
const ANSWER_MS = 10_000;

/**
 * What changes when an object does, asked of its server without reading the object: its length and ETag, or its length
 * and Last-Modified. Null when the server tells neither.
 * @param location a URL, with its credentials
 * @throws Error for whatever goes wrong on the way
 */
export function remoteVersion(location: string): Promise<string | null> {
  return location.startsWith('s3://') ? s3Version(location) : httpVersion(location);
}

async function s3Version(url: string): Promise<string | null> {
  const { bucket, key } = parseS3(url);
  const { sdk, client } = await s3Access();
  const { ETag, ContentLength } = await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), {
    abortSignal: AbortSignal.timeout(ANSWER_MS),
  });
  return ETag === undefined ? null : `${ContentLength ?? ''} ${ETag}`;
}

async function httpVersion(location: string): Promise<string | null> {
  const { url, headers } = authorized(new URL(location));
  const answer = await fetch(url, { method: 'HEAD', headers, signal: AbortSignal.timeout(ANSWER_MS) });
  const tag = answer.headers.get('etag') ?? answer.headers.get('last-modified');
  return !answer.ok || tag === null ? null : `${answer.headers.get('content-length') ?? ''} ${tag}`;
}
