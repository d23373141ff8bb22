import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { virtualAddress } from '../../address.js';
import { messageOf, PoolTrackerError } from '../../errors.js';
import type { LoadedModule } from '../../kernel/objects/objects.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { openSource } from '../../source/open-source.js';
import type { DriverImage } from './driver-search.js';

const CHUNK = 1 << 20;
/** Maximum number of bytes read from a file; no driver is larger. */
const MAX_DRIVER = 1 << 28;
const MAX_FILES = 10_000;
/** The first bytes of every executable image. */
const MZ = 0x5a4d;

/** Whether `path` is a local directory. */
export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Whether the file or URL begins as an executable image does. */
export async function isExecutable(location: string): Promise<boolean> {
  const source = await openSource(location);
  try {
    const start = Buffer.alloc(2);
    return (await source.read(start, 0)) === 2 && start.readUInt16LE() === MZ;
  } finally {
    await source.close();
  }
}

/** One driver's file. */
export function driverFile(location: string): DriverImage {
  return { name: location.slice(location.search(/[^/\\]*$/)), chunks: () => fileChunks(location) };
}

/**
 * The executable images among the files of a directory, by name; subdirectories are not entered. A file that cannot be
 * opened is included: searching it will say why.
 * @throws PoolTrackerError USAGE when there is none
 */
export async function* driversInDirectory(directory: string): AsyncGenerator<DriverImage> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw new PoolTrackerError('SOURCE_UNREADABLE', `cannot read the directory ${directory}: ${messageOf(error)}`, {
      cause: error,
    });
  });
  let found = 0;
  for (const name of names.sort().slice(0, MAX_FILES)) {
    const path = join(directory, name);
    const isFile = await stat(path).then(
      (entry) => entry.isFile(),
      () => false,
    );
    if (!isFile || !(await isExecutable(path).catch(() => true))) continue;
    found++;
    yield driverFile(path);
  }
  if (found > 0) return;
  throw new PoolTrackerError('USAGE', `no file in ${directory} is a driver: none begins with MZ`, {
    hint: 'name the directory that holds the .sys files, or a memory image',
  });
}

async function* fileChunks(location: string): AsyncGenerator<Buffer> {
  const source = await openSource(location);
  try {
    const end = Math.min(source.byteLength, MAX_DRIVER);
    for (let offset = 0; offset < end; offset += CHUNK) {
      const chunk = Buffer.alloc(Math.min(CHUNK, end - offset));
      yield chunk.subarray(0, await source.read(chunk, offset));
    }
  } finally {
    await source.close();
  }
}

/** A module as it lies in memory; pages that are missing read as zeros. */
export function moduleInMemory(memory: VirtualMemory, { base, size, name }: LoadedModule): DriverImage {
  return {
    name,
    async *chunks() {
      for (let offset = 0; offset < size; offset += CHUNK) {
        yield (await memory.read(virtualAddress(base + BigInt(offset)), Math.min(CHUNK, size - offset))).bytes;
      }
    },
  };
}
