import { stat } from 'node:fs/promises';
import { virtualAddress } from '../../address.js';
import type { LoadedModule } from '../../kernel/objects/objects.js';
import { decodePeHeader, type PeHeader } from '../../kernel/pe.js';
import { type ReadImage, readVersionResource, type VersionResource } from '../../kernel/version-resource.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { openSource } from '../../source/open-source.js';
import type { LocationOptions } from '../../source/source-scheme.js';
import { locationName, readBytes, type Source } from '../../source/source.js';

/** What a binary's headers and its version resource say; null what they do not say. */
export interface DriverFacts {
  /** `program` for one of user mode, which allocates no pool; `other` for what is no executable image. */
  readonly kind: 'driver' | 'program' | 'other';
  readonly imageSize: number | null;
  readonly timeDateStamp: number | null;
  readonly version: VersionResource | null;
}

/** A driver's bytes, as a file holds them or as they lie in memory. */
export interface DriverImage {
  /** File name without its path. */
  readonly name: string;
  /** Where it lies, from the folder that was named; null for a module in memory. */
  readonly path: string | null;
  /** Bytes; null when not known yet. */
  readonly size: number | null;
  /** @throws PoolTrackerError when it cannot be read */
  facts(): Promise<DriverFacts>;
  chunks(): AsyncIterable<Buffer>;
}

const CHUNK = 1 << 20;
/** Maximum number of bytes read from a file; no driver is larger. */
const MAX_DRIVER = 1 << 28;
/** Headers lie in the first page. */
const HEADERS = 0x1000;
/** The first bytes of every executable image. */
const MZ = 0x5a4d;
/** IMAGE_SUBSYSTEM of programs with windows, and of those of the console. */
const USER_MODE = [2, 3];

const NO_FACTS = { imageSize: null, timeDateStamp: null, version: null };

/** Whether `path` is a local directory. */
export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Whether the file or URL begins as an executable image does. */
export async function isExecutable(location: string, options: LocationOptions = {}): Promise<boolean> {
  const source = await openSource(location, options);
  try {
    return isExecutableHead(await readBytes(source, 0, 2));
  } finally {
    await source.close();
  }
}

function isExecutableHead(head: Buffer): boolean {
  return head.length >= 2 && head.readUInt16LE() === MZ;
}

/**
 * One driver's file.
 * @param path how it is told; its location by default
 * @param options how far the location may lead, whenever it is opened
 */
export function driverFile(
  location: string,
  path = locationName(location),
  size: number | null = null,
  options: LocationOptions = {},
): DriverImage {
  return {
    name: path.slice(path.search(/[^/\\]*$/)),
    path,
    size,
    facts: () => fileFacts(location, options),
    chunks: () => fileChunks(location, options),
  };
}

async function fileFacts(location: string, options: LocationOptions): Promise<DriverFacts> {
  const source = await openSource(location, options);
  try {
    const head = await readBytes(source, 0, HEADERS);
    if (!isExecutableHead(head)) return { kind: 'other', ...NO_FACTS };
    const header = decodePeHeader(Buffer.concat([head, Buffer.alloc(HEADERS - head.length)]));
    return await factsOf(header, (rva, length) => readSection(source, header!, rva, length));
  } finally {
    await source.close();
  }
}

/** Bytes of an image by their address in memory, from the file of it; null when they are in no section. */
async function readSection(source: Source, header: PeHeader, rva: number, length: number): Promise<Buffer | null> {
  const section = header.sections.find((one) => rva >= one.rva && rva + length <= one.rva + one.fileSize);
  if (section === undefined) return null;
  const bytes = await readBytes(source, section.fileOffset + rva - section.rva, length);
  return bytes.length === length ? bytes : null;
}

/** A binary without headers that can be read is taken for a driver: it is searched. */
async function factsOf(header: PeHeader | null, read: ReadImage): Promise<DriverFacts> {
  if (header === null) return { kind: 'driver', ...NO_FACTS };
  return {
    kind: USER_MODE.includes(header.subsystem) ? 'program' : 'driver',
    imageSize: header.imageSize,
    timeDateStamp: header.timeDateStamp,
    version: header.resources === null ? null : await readVersionResource(header.resources, read),
  };
}

async function* fileChunks(location: string, options: LocationOptions): AsyncGenerator<Buffer> {
  const source = await openSource(location, options);
  try {
    const end = Math.min(source.byteLength, MAX_DRIVER);
    for (let offset = 0; offset < end; offset += CHUNK)
      yield await readBytes(source, offset, Math.min(CHUNK, end - offset));
  } finally {
    await source.close();
  }
}

/** A module as it lies in memory; pages that are missing read as zeros. */
export function moduleInMemory(memory: VirtualMemory, { base, size, name }: LoadedModule): DriverImage {
  const at = (rva: number) => virtualAddress(base + BigInt(rva));
  return {
    name,
    path: null,
    size,
    async facts() {
      const page = await memory.readWhole(at(0), HEADERS);
      const header = page === null ? null : decodePeHeader(page);
      const facts = await factsOf(header, (rva, length) => memory.readWhole(at(rva), length));
      return { ...facts, kind: 'driver', imageSize: size };
    },
    async *chunks() {
      for (let offset = 0; offset < size; offset += CHUNK) {
        yield (await memory.read(at(offset), Math.min(CHUNK, size - offset))).bytes;
      }
    },
  };
}
