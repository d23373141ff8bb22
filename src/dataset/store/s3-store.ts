import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { requirePackage } from '../../required-package.js';
import { parseS3, s3Access, type S3Access, s3Objects } from '../../source/s3-client.js';
import { hasBytes } from './has-bytes.js';
import type { DatasetStore, LineLog, StoredFile } from './store.js';

/** @throws PoolTrackerError DEPENDENCY_MISSING */
function loadStorage(): typeof import('@aws-sdk/lib-storage') {
  try {
    return requirePackage('@aws-sdk/lib-storage') as typeof import('@aws-sdk/lib-storage');
  } catch (error) {
    throw new PoolTrackerError(
      'DEPENDENCY_MISSING',
      `--out s3:// needs the package @aws-sdk/lib-storage: ${messageOf(error)}`,
      { cause: error, hint: 'npm install @aws-sdk/lib-storage' },
    );
  }
}

/** Number of lines that may be lost with the process; their images are scanned again. */
const SEGMENT_LINES = 50;
const SEGMENT_MS = 10_000;

/** A log as a sequence of files that are each written once, for stores whose files cannot grow. */
export class SegmentedLog implements LineLog {
  private lines: string[] = [];
  private segment = 0;
  private since = Date.now();
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly write: (segment: number, text: string) => Promise<void>) {}

  async append(line: string): Promise<void> {
    this.lines.push(line);
    if (this.lines.length >= SEGMENT_LINES || Date.now() - this.since >= SEGMENT_MS) await this.flush();
  }

  flush(): Promise<void> {
    const text = `${this.lines.join('\n')}\n`;
    if (this.lines.length > 0) {
      const segment = this.segment++;
      this.writing = this.writing.then(() => this.write(segment, text));
    }
    this.lines = [];
    this.since = Date.now();
    return this.writing;
  }

  close(): Promise<void> {
    return this.flush();
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

/**
 * A dataset below a prefix of a bucket. An object appears whole when its upload is completed; a process that is killed
 * leaves at most the parts of an upload, which are in no listing (a lifecycle rule of the bucket removes them).
 */
export class S3Store implements DatasetStore {
  readonly stagingFolder: string;
  private readonly bucket: string;
  private readonly prefix: string;

  constructor(readonly name: string) {
    const { bucket, key } = parseS3(name);
    this.bucket = bucket;
    this.prefix = key === '' || key.endsWith('/') ? key : `${key}/`;
    this.stagingFolder = join(tmpdir(), `pool-tracker-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`);
  }

  private async send<T>(path: string, request: (access: S3Access, key: string) => Promise<T>): Promise<T> {
    try {
      return await request(s3Access(), this.prefix + path);
    } catch (error) {
      if (error instanceof PoolTrackerError) throw error;
      throw new PoolTrackerError('OUTPUT_FAILED', `s3://${this.bucket}/${this.prefix}${path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  location(): Promise<string> {
    return Promise.resolve(`s3://${this.bucket}/${this.prefix}`.replace(/\/$/, ''));
  }

  async *list(folder: string): AsyncGenerator<StoredFile> {
    const prefix = this.prefix + (folder === '' ? '' : `${folder}/`);
    const objects = s3Objects(this.bucket, prefix);
    for (;;) {
      const next = await this.send(folder, () => objects.next());
      if (next.done === true) return;
      yield { path: next.value.Key.slice(this.prefix.length), bytes: next.value.Size ?? 0 };
    }
  }

  has(path: string): Promise<boolean> {
    return this.send(path, async ({ sdk, client }, Key) => {
      try {
        await client.send(new sdk.HeadObjectCommand({ Bucket: this.bucket, Key }));
        return true;
      } catch (error) {
        if (statusOf(error) === 404) return false;
        throw error;
      }
    });
  }

  open(path: string): Promise<Readable | null> {
    return this.send(path, async ({ sdk, client }, Key) => {
      try {
        const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: this.bucket, Key }));
        return Body as Readable;
      } catch (error) {
        if (error instanceof sdk.NoSuchKey || (error as { name?: string }).name === 'NotFound') return null;
        throw error;
      }
    });
  }

  async localPath(path: string, folder: string): Promise<string> {
    const local = join(await mkdtemp(join(folder, 'copy-')), basename(path));
    const body = await this.open(path);
    if (body === null)
      throw new PoolTrackerError('OUTPUT_FAILED', `s3://${this.bucket}/${this.prefix}${path}: it no longer exists`);
    await pipeline(body, createWriteStream(local));
    return local;
  }

  async publish(local: string, path: string): Promise<void> {
    await this.send(path, async ({ client }, Key) => {
      const { Upload } = loadStorage();
      await new Upload({ client, params: { Bucket: this.bucket, Key, Body: createReadStream(local) } }).done();
    });
  }

  /** Needs a bucket that heeds If-None-Match: without, two writers at the same moment both believe to be first. */
  async create(path: string, bytes: Buffer): Promise<boolean> {
    const isMade = await this.send(path, async ({ sdk, client }, Key) => {
      try {
        await client.send(new sdk.PutObjectCommand({ Bucket: this.bucket, Key, Body: bytes, IfNoneMatch: '*' }));
        return true;
      } catch (error) {
        // 409: another request for the same name is under way, and may have been first.
        if (statusOf(error) === 412 || statusOf(error) === 409) return false;
        throw error;
      }
    });
    // A request whose answer was lost is sent again, and meets what it has made.
    return isMade || hasBytes(await this.open(path), bytes);
  }

  async remove(path: string): Promise<void> {
    await this.send(path, ({ sdk, client }, Key) =>
      client.send(new sdk.DeleteObjectCommand({ Bucket: this.bucket, Key })),
    );
  }

  openLog(path: string): Promise<LineLog> {
    return Promise.resolve(
      new SegmentedLog((segment, text) =>
        this.send(`${path}`, async ({ sdk, client }, Key) => {
          await client.send(
            new sdk.PutObjectCommand({
              Bucket: this.bucket,
              Key: Key.replace(/\.ndjson$/, `-${segment}.ndjson`),
              Body: text,
            }),
          );
        }),
      ),
    );
  }
}
