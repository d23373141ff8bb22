import { authorized } from './http-source.js';
import { parseS3, s3Access } from '../s3-client.js';

/** Limit for a metadata response, in milliseconds; the scan has a time limit of its own. */
const ANSWER_MS = 10_000;

/**
 * A version string of a remote object, obtained without reading the object: its length and ETag, or its length and
 * Last-Modified. Null when the server gives neither.
 * @param location a URL, with its credentials
 * @throws Error for any failure of the request
 */
export function remoteVersion(location: string): Promise<string | null> {
  return location.startsWith('s3://') ? s3Version(location) : httpVersion(location);
}

/**
 * When a remote object was last modified, without reading it; null when the server does not tell.
 * @throws Error as `remoteVersion` does
 */
export async function remoteModified(location: string): Promise<Date | null> {
  if (location.startsWith('s3://')) return (await s3Head(location)).LastModified ?? null;
  const answer = await httpHead(location);
  const told = answer.ok ? answer.headers.get('last-modified') : null;
  return told === null ? null : new Date(told);
}

async function s3Head(url: string) {
  const { bucket, key } = parseS3(url);
  const { sdk, client } = s3Access();
  return client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), {
    abortSignal: AbortSignal.timeout(ANSWER_MS),
  });
}

async function s3Version(url: string): Promise<string | null> {
  const { ETag, ContentLength } = await s3Head(url);
  return ETag === undefined ? null : `${ContentLength ?? ''} ${ETag}`;
}

async function httpVersion(location: string): Promise<string | null> {
  const answer = await httpHead(location);
  const tag = answer.headers.get('etag') ?? answer.headers.get('last-modified');
  return !answer.ok || tag === null ? null : `${answer.headers.get('content-length') ?? ''} ${tag}`;
}

function httpHead(location: string): Promise<Response> {
  const { url, headers } = authorized(new URL(location));
  // Behind a redirect nothing is asked for: the image is scanned again.
  return fetch(url, {
    method: 'HEAD',
    headers,
    signal: AbortSignal.timeout(ANSWER_MS),
    redirect: 'manual',
  });
}
