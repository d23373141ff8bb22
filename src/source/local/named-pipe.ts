import { open } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { awaitWriter } from '../stream/blocking-pipe.js';
import type { LocationOptions } from '../source-scheme.js';
import { ByteStream } from '../stream/byte-stream.js';

const openDescriptor = promisify(open);

/**
 * A pipe that has a name, as a stream: a FIFO, /dev/stdin, or what a shell makes of `<(COMMAND)`. Waits for a writer.
 * @returns null for anything else, and for what is not there
 * @throws PoolTrackerError SOURCE_UNREADABLE, SOURCE_NOT_PERMITTED where only files of some places may be read: a pipe
 *   keeps who opens it waiting for as long as it likes
 */
export async function openNamedPipe(path: string, { within, signal }: LocationOptions): Promise<ByteStream | null> {
  const isPipe = await stat(path).then(
    (found) => found.isFIFO(),
    () => false,
  );
  if (!isPipe) return null;
  if (within !== undefined)
    throw new PoolTrackerError('SOURCE_NOT_PERMITTED', `cannot read ${path}: it is a pipe, and files are to be read`, {
      hint: 'copy what comes out of it to a file',
    });
  try {
    return ByteStream.ofDescriptor(path, await awaitWriter(path, () => openDescriptor(path, 'r'), signal));
  } catch (error) {
    throw new PoolTrackerError('SOURCE_UNREADABLE', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
