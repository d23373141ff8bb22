import type { Readable } from 'node:stream';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { ByteStream } from '../stream/byte-stream.js';
import { type Alive, IDLE_LIMIT, retried, RETRY, Transient, withIdleLimit } from './retry.js';
import {
  bodyBytes,
  changed,
  companion,
  HEAD_BYTES,
  parseContentRange,
  RemoteObject,
  requireSameVersion,
  type ObjectVersion,
} from './remote-object.js';
import { parseS3, s3Access, type S3Access } from '../s3-client.js';
import type { Source } from '../source.js';

/**
 * Requests in flight: a bucket takes thousands a second, and tables whose pages lie apart need hundreds. The SDK keeps 50
 * connections.
 */
const AT_ONCE = 32;

/** One object in a bucket. */
class S3Object {
  constructor(
    readonly name: string,
    private readonly access: S3Access,
    private readonly bucket: string,
    private readonly key: string,
  ) {}

  /** Fetches a range; the SDK retries requests, but not interrupted bodies. */
  fetch(offset: number, length: number, opened: ObjectVersion): Promise<Uint8Array> {
    return retried(RETRY, () =>
      withIdleLimit(IDLE_LIMIT, async (signal, alive) => {
        const answer = await this.get(offset, length, opened, signal);
        const found = parseContentRange(answer.ContentRange);
        if (found === null || found.first !== offset || found.last !== offset + length - 1) {
          throw this.unreadable(
            `asked for bytes ${offset} to ${offset + length - 1}, the server says '${answer.ContentRange ?? 'nothing'}'`,
          );
        }
        requireSameVersion(this.name, opened, versionOf(answer, found.total));
        return this.body(answer, length, alive);
      }),
    );
  }

  /** The first bytes and the object's version; from a server that ignores ranges, the whole object as a stream. */
  open(): Promise<{ head: Uint8Array; version: ObjectVersion } | ByteStream> {
    return retried(RETRY, () =>
      withIdleLimit(IDLE_LIMIT, async (signal, alive) => {
        const answer = await this.get(0, HEAD_BYTES, null, signal);
        if (answer.ContentRange === undefined) return this.whole(answer);
        const found = parseContentRange(answer.ContentRange);
        if (found?.first !== 0)
          throw this.unreadable(`asked for its first bytes, the server says '${answer.ContentRange}'`);
        return { head: await this.body(answer, found.last + 1, alive), version: versionOf(answer, found.total) };
      }),
    );
  }

  private async get(
    offset: number,
    length: number,
    opened: ObjectVersion | null,
    signal: AbortSignal,
  ): Promise<GetObjectCommandOutput> {
    const { client, sdk } = this.access;
    try {
      return await client.send(
        new sdk.GetObjectCommand({
          Bucket: this.bucket,
          Key: this.key,
          Range: `bytes=${offset}-${offset + length - 1}`,
          ...(opened?.etag == null ? {} : { IfMatch: opened.etag }),
        }),
        { abortSignal: signal },
      );
    } catch (error) {
      throw this.refusal(error);
    }
  }

  private async body({ Body: body }: GetObjectCommandOutput, length: number, alive: Alive): Promise<Uint8Array> {
    try {
      return await bodyBytes(body as Readable, length, alive);
    } catch (error) {
      throw new Transient(this.unreadable(messageOf(error), error));
    }
  }

  private whole({ Body: body, ContentLength: length }: GetObjectCommandOutput): ByteStream {
    const { name } = this;
    async function* pieces(): AsyncGenerator<Uint8Array> {
      try {
        yield* body as Readable;
      } catch (error) {
        throw new PoolTrackerError('SOURCE_UNREADABLE', `cannot read ${name}: ${messageOf(error)}`, { cause: error });
      }
    }
    return new ByteStream(name, length ?? null, pieces());
  }

  private refusal(error: unknown): PoolTrackerError {
    const { S3ServiceException } = this.access.sdk;
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    const why = `cannot read ${this.name}: ${messageOf(error)}`;
    if (status === 412) return changed(this.name, 'its ETag is another one now');
    if (status === 404)
      return new PoolTrackerError('SOURCE_NOT_FOUND', why, { hint: 'check bucket and key', cause: error });
    if (status === 401 || status === 403)
      return new PoolTrackerError('SOURCE_NOT_PERMITTED', why, {
        hint: 'check the credentials and the policy of the bucket',
        cause: error,
      });
    if (status === 416)
      return new PoolTrackerError('NOT_AN_IMAGE', `${this.name} is not a memory image: it is empty`, { cause: error });
    const unset = /region|credential/i.test(messageOf(error));
    return new PoolTrackerError('SOURCE_UNREADABLE', why, {
      ...(unset ? { hint: 'set AWS_REGION, AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY' } : {}),
      cause: error,
    });
  }

  private unreadable(why: string, cause?: unknown): PoolTrackerError {
    return new PoolTrackerError('SOURCE_UNREADABLE', `cannot read ${this.name}: ${why}`, { cause });
  }
}

function versionOf({ ETag: etag, LastModified: modified }: GetObjectCommandOutput, byteLength: number): ObjectVersion {
  return { byteLength, etag: etag ?? null, lastModified: modified?.toUTCString() ?? null };
}

/**
 * Opens `s3://bucket/key`: as a Source, or as a stream from a server that ignores ranges.
 * @throws PoolTrackerError DEPENDENCY_MISSING, USAGE, SOURCE_NOT_FOUND, SOURCE_NOT_PERMITTED, SOURCE_UNREADABLE
 */
export async function openS3(location: string): Promise<Source | ByteStream> {
  const { bucket, key } = parseS3(location);
  if (key === '') throw new PoolTrackerError('USAGE', `'${location}' names a bucket: expected s3://BUCKET/KEY`);
  const object = new S3Object(location, s3Access(), bucket, key);
  const opened = await object.open();
  if (opened instanceof ByteStream) return opened;
  const { head, version } = opened;
  return new RemoteObject(
    location,
    version.byteLength,
    head,
    (offset, length) => object.fetch(offset, length, version),
    // A missing key gives 403 where listing the bucket is not permitted.
    (fileName) => companion(openS3(`s3://${bucket}/${key.replace(/[^/]*$/, '')}${fileName}`)),
    AT_ONCE,
  );
}
