import { readBytes, type Source } from '../../../source/source.js';

/** `Microsoft C/C++ MSF 7.00`, a line end, and what ends a text file. */
const MAGIC = Buffer.from('Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0', 'latin1');
/** Bytes of a file by which a PDB is known. */
export const MSF_HEAD = MAGIC.length;

const SUPER_BLOCK = 56;
const MIN_BLOCK = 512;
const MAX_BLOCK = 1 << 16;
/** A kernel's PDB has some hundreds of streams; one with private symbols has a few for each of its modules. */
const MAX_STREAMS = 1 << 16;
/** Streams are held whole; in a kernel's PDB the largest has some 10 MB. */
const MAX_STREAM = 1 << 28;
/** The directory has four bytes for each block. */
const MAX_DIRECTORY = 1 << 24;
const NO_STREAM = 0xffffffff;

/** What is wrong with a PDB, in a few words. */
export class MsfDamage extends Error {}

export function isMsf(head: Buffer): boolean {
  return head.subarray(0, MSF_HEAD).equals(MAGIC);
}

interface StreamPlace {
  readonly size: number;
  readonly blocks: readonly number[];
}

/** A multi-stream file (MSF 7.00): streams of bytes, each in blocks anywhere in the file. */
export class MsfFile {
  private constructor(
    private readonly source: Source,
    private readonly blockSize: number,
    private readonly streams: readonly StreamPlace[],
  ) {}

  /** @throws MsfDamage; a PoolTrackerError of the source */
  static async open(source: Source): Promise<MsfFile> {
    const head = await readBytes(source, 0, SUPER_BLOCK);
    if (head.length < SUPER_BLOCK || !isMsf(head)) throw new MsfDamage('it is no PDB (MSF 7.00)');
    const blockSize = head.readUInt32LE(32);
    const blocks = head.readUInt32LE(40);
    const directorySize = head.readUInt32LE(44);
    if (blockSize < MIN_BLOCK || blockSize > MAX_BLOCK || (blockSize & (blockSize - 1)) !== 0)
      throw new MsfDamage(
        `its blocks have ${blockSize} bytes; expected a power of two from ${MIN_BLOCK} to ${MAX_BLOCK}`,
      );
    if (blocks * blockSize > source.byteLength)
      throw new MsfDamage(
        `it is cut: it has ${source.byteLength} bytes, its ${blocks} blocks need ${blocks * blockSize}`,
      );
    if (directorySize > Math.min(source.byteLength, MAX_DIRECTORY))
      throw new MsfDamage(
        `its directory has ${directorySize} bytes; expected at most ${Math.min(source.byteLength, MAX_DIRECTORY)}`,
      );
    const file = new MsfFile(source, blockSize, []);
    const list = await file.blockList(head.readUInt32LE(52), Math.ceil(directorySize / blockSize), blocks);
    const directory = await file.bytes({ size: directorySize, blocks: list });
    return new MsfFile(source, blockSize, streamsOf(directory, blockSize, blocks));
  }

  /** The block numbers of the directory, which lie in one block, or several that follow one another. */
  private async blockList(first: number, count: number, blocks: number): Promise<number[]> {
    if (first >= blocks) throw new MsfDamage(`its directory begins in block ${first} of ${blocks}`);
    const bytes = await readBytes(this.source, first * this.blockSize, count * 4);
    if (bytes.length < count * 4) throw new MsfDamage('its directory is cut');
    return numbers(bytes, 0, count, blocks);
  }

  /** All bytes of a stream. @throws MsfDamage when there is none of this number, or it is too large */
  async stream(number: number): Promise<Buffer> {
    const place = this.streams[number];
    if (place === undefined) throw new MsfDamage(`it has no stream ${number}`);
    if (place.size > MAX_STREAM)
      throw new MsfDamage(`its stream ${number} has ${place.size} bytes; expected at most ${MAX_STREAM}`);
    return this.bytes(place);
  }

  /** Neighbouring blocks are read at once. */
  private async bytes({ size, blocks }: StreamPlace): Promise<Buffer> {
    const target = Buffer.alloc(size);
    for (let first = 0; first < blocks.length;) {
      let next = first + 1;
      while (next < blocks.length && blocks[next] === blocks[next - 1]! + 1) next++;
      const start = first * this.blockSize;
      const part = target.subarray(start, Math.min(size, next * this.blockSize));
      const filled = await this.source.read(part, blocks[first]! * this.blockSize);
      if (filled < part.length) throw new MsfDamage(`block ${blocks[first]} is cut`);
      first = next;
    }
    return target;
  }
}

/** Block numbers, each of which must be one of the file's. */
function numbers(bytes: Buffer, at: number, count: number, blocks: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const block = bytes.readUInt32LE(at + index * 4);
    if (block >= blocks) throw new MsfDamage(`it names block ${block} of ${blocks}`);
    return block;
  });
}

function streamsOf(directory: Buffer, blockSize: number, blocks: number): StreamPlace[] {
  if (directory.length < 4) throw new MsfDamage('its directory is empty');
  const count = directory.readUInt32LE(0);
  if (count > MAX_STREAMS || 4 + count * 4 > directory.length)
    throw new MsfDamage(`its directory of ${directory.length} bytes lists ${count} streams`);
  const streams: StreamPlace[] = [];
  let at = 4 + count * 4;
  for (let index = 0; index < count; index++) {
    const claimed = directory.readUInt32LE(4 + index * 4);
    const size = claimed === NO_STREAM ? 0 : claimed;
    const length = Math.ceil(size / blockSize);
    if (length > blocks || at + length * 4 > directory.length)
      throw new MsfDamage(`its stream ${index} has ${size} bytes, more than the file`);
    streams.push({ size, blocks: numbers(directory, at, length, blocks) });
    at += length * 4;
  }
  return streams;
}
