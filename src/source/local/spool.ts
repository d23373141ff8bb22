import { open, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { PAGE_SIZE } from '../../address.js';
import { messageOf, PoolTrackerError, systemErrorCode, type Warning } from '../../errors.js';
import type { ByteStream } from '../stream/byte-stream.js';
import { FileSource } from './file-source.js';
import type { Source } from '../source.js';

/** Disk space that is left free for other uses. */
const MARGIN = 64 << 20;
/** Bytes written between two checks of the free space. */
const LOOK_EVERY = 256 << 20;

const ZEROS = Buffer.alloc(PAGE_SIZE);

/** A stream in a temporary file that is already unlinked. */
class SpooledSource implements Source {
  constructor(
    readonly name: string,
    private readonly file: FileSource,
    private readonly origin: Pick<ByteStream, 'bytesRead' | 'warnings' | 'sibling'>,
  ) {}

  get warnings(): readonly Warning[] {
    return this.origin.warnings;
  }

  get byteLength(): number {
    return this.file.byteLength;
  }

  get bytesRead(): number {
    return this.origin.bytesRead;
  }

  read(target: Uint8Array, offset: number): Promise<number> {
    return this.file.read(target, offset);
  }

  /** Beside the file that was unwrapped. */
  sibling(fileName: string): Promise<Source | null> {
    return this.origin.sibling(fileName);
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/**
 * Writes a stream into a sparse temporary file in `folder`, for random access. The file is unlinked as soon as it is
 * open, so that the system removes it with the process, however that ends.
 * @throws PoolTrackerError OUTPUT_FAILED when there is no room; whatever the stream ends with
 */
export async function spool(stream: ByteStream, folder: string): Promise<Source> {
  const path = join(folder, `pool-tracker-${randomUUID()}.spool`);
  let file: FileHandle | undefined;
  try {
    await requireRoom(folder, stream, stream.claimedLength ?? 0);
    file = await open(path, 'wx+', 0o600);
    await unlink(path);
    await fill(file, stream, folder);
    return new SpooledSource(stream.name, await FileSource.of(stream.name, file), stream);
  } catch (error) {
    await file?.close();
    stream.close();
    if (error instanceof PoolTrackerError) throw error;
    throw new PoolTrackerError('OUTPUT_FAILED', `cannot spool ${stream.name} into ${folder}: ${messageOf(error)}`, {
      hint:
        systemErrorCode(error) === 'ENOENT' ? 'name a directory that exists' : 'name another directory with --spool',
      cause: error,
    });
  }
}

async function requireRoom(folder: string, stream: ByteStream, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= needed + MARGIN) return;
  throw new PoolTrackerError(
    'OUTPUT_FAILED',
    `cannot spool ${stream.name} into ${folder}: ${needed + MARGIN} bytes are needed, ${free} are free`,
    {
      hint: 'name a directory with more room, or scan without --spool: tables are then carved from the stream',
      data: { needed: needed + MARGIN, free },
    },
  );
}

/** Runs of zero pages become holes; the free space is checked at bounded intervals. */
async function fill(file: FileHandle, stream: ByteStream, folder: string): Promise<void> {
  let offset = 0;
  let unseen = 0;
  for await (const piece of stream.reader.rest()) {
    for (let at = 0; at < piece.length;) {
      const zero = isZero(piece, at);
      let end = at;
      while (end < piece.length && isZero(piece, end) === zero) end += PAGE_SIZE;
      const stretch = piece.subarray(at, end);
      if (!zero) {
        await writeAll(file, stretch, offset + at);
        unseen += stretch.length;
      }
      at = end;
    }
    offset += piece.length;
    if (unseen >= LOOK_EVERY) {
      await requireRoom(folder, stream, 0);
      unseen = 0;
    }
  }
  await file.truncate(offset);
}

function isZero(piece: Buffer, at: number): boolean {
  const page = piece.subarray(at, at + PAGE_SIZE);
  return page.equals(page.length === PAGE_SIZE ? ZEROS : ZEROS.subarray(0, page.length));
}

async function writeAll(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }
}
