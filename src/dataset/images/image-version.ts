import { stat } from 'node:fs/promises';
import { isUrl, type ListedImage } from './images.js';
import { authorized } from '../../source/remote/http-source.js';
import { parseS3, s3Access } from '../../source/remote/s3-client.js';

/** A server that takes longer only to say what it has is not waited for: the scan has a time limit of its own. */
const ANSWER_MS = 10_000;

/**
 * What changes when an image does: size and time of a file, size and ETag of an object or a URL. Null when there is
 * nothing to tell by; such an image is done every time.
 */
export async function versionOf(image: ListedImage): Promise<string | null> {
  if (image.version !== null) return image.version;
  try {
    if (image.source.startsWith('s3://')) return await s3Version(image.source);
    if (isUrl(image.location)) return await httpVersion(image.location);
    const { size, mtimeNs } = await stat(image.source, { bigint: true });
    return `${size} ${mtimeNs}`;
  } catch {
    // The scan will say what is wrong with it.
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
