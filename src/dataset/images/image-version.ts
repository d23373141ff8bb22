import { stat } from 'node:fs/promises';
import { isUrl, type ListedImage } from './images.js';
import { authorized } from '../../source/remote/http-source.js';
import { parseS3, s3Access } from '../../source/remote/s3-client.js';

/**
 * Milliseconds that a server may take to describe a file; after that the version is unknown, and the scan has its own
 * time limit.
 */
const ANSWER_MS = 10_000;

/**
 * A string that changes when the image does: from size and time of a file, or size and ETag of an object or URL. Null
 * when there is nothing to tell a change by; such an image is scanned every time.
 */
export async function versionOf(image: ListedImage): Promise<string | null> {
  if (image.version !== null) return image.version;
  try {
    if (image.source.startsWith('s3://')) return await s3Version(image.source);
    if (isUrl(image.location)) return await httpVersion(image.location);
    const { size, mtimeNs } = await stat(image.source, { bigint: true });
    return `${size} ${mtimeNs}`;
  } catch {
    // The scan will report what is wrong with it.
    return null;
  }
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
