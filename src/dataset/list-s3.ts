import type { _Object } from '@aws-sdk/client-s3';
import { messageOf, PoolTrackerError } from '../errors.js';
import { companionOf } from './companions.js';
import type { ListedImage } from './images/images.js';
import { parseS3, s3Access } from '../source/remote/s3-client.js';

/** The objects below a prefix, in the order of their keys. */
export async function* s3Objects(bucket: string, prefix: string): AsyncGenerator<_Object & { Key: string }> {
  const { sdk, client } = await s3Access();
  for await (const page of sdk.paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
    for (const object of page.Contents ?? []) if (object.Key !== undefined) yield { ...object, Key: object.Key };
  }
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

/** The images below `s3://bucket/prefix/`. Keys come sorted, so that only one folder's names are held at a time. */
export async function* listS3(url: string): AsyncGenerator<ListedImage> {
  const { bucket, key: prefix } = parseS3(url);
  let folder: (_Object & { Key: string })[] = [];
  try {
    for await (const object of s3Objects(bucket, prefix)) {
      if (folder.length > 0 && folderOf(folder[0]!.Key) !== folderOf(object.Key)) {
        yield* imagesOfFolder(bucket, folder);
        folder = [];
      }
      if (!object.Key.endsWith('/')) folder.push(object);
    }
  } catch (error) {
    if (error instanceof PoolTrackerError) throw error;
    throw new PoolTrackerError('SOURCE_UNREADABLE', `cannot list ${url}: ${messageOf(error)}`, { cause: error });
  }
  yield* imagesOfFolder(bucket, folder);
}

function* imagesOfFolder(bucket: string, objects: readonly (_Object & { Key: string })[]): Generator<ListedImage> {
  const nameOf = (key: string): string => key.slice(folderOf(key).length);
  const names = new Set(objects.map(({ Key }) => nameOf(Key).toLowerCase()));
  for (const { Key, ETag, Size } of objects) {
    if (companionOf(nameOf(Key), names) !== null) continue;
    const location = `s3://${bucket}/${Key}`;
    yield { location, source: location, found: true, version: ETag === undefined ? null : `${Size ?? ''} ${ETag}` };
  }
}
