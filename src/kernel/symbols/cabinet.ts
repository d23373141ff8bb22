import { inflateRawSync } from 'node:zlib';
import { readBytes, type Source } from '../../source/source.js';

/** `MSCF`. */
const MAGIC = 0x4643534d;
const HEADER = 36;
const FOLDER = 8;
const FILE = 16;
const DATA = 8;
const HAS_RESERVE = 4;
/** A block holds at most this many bytes, and refers back at most as far. */
const BLOCK = 1 << 15;
/** A kernel's PDB has some 15 MB. */
const MAX_UNPACKED = 1 << 28;
const MAX_BLOCKS = MAX_UNPACKED / BLOCK;

const METHODS = ['none', 'MSZIP', 'Quantum', 'LZX'] as const;

/** What is wrong with a cabinet, in a few words. */
export class CabinetDamage extends Error {}

export function isCabinet(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32LE(0) === MAGIC;
}

/**
 * The one file of a cabinet, as symbol stores keep it (`.pd_`, `.dl_`): stored or compressed as MSZIP.
 * @throws CabinetDamage also for LZX and Quantum; a PoolTrackerError of the source
 */
export async function unpackCabinet(source: Source): Promise<Buffer> {
  const head = await readBytes(source, 0, HEADER + 4);
  if (head.length < HEADER || !isCabinet(head)) throw new CabinetDamage('it is no cabinet');
  const [folders, files, flags] = [head.readUInt16LE(26), head.readUInt16LE(28), head.readUInt16LE(30)];
  if (folders !== 1 || files !== 1)
    throw new CabinetDamage(`it has ${files} files in ${folders} folders; expected one`);
  const hasReserve = (flags & HAS_RESERVE) !== 0;
  const [ofHeader, ofFolder, ofData] =
    hasReserve && head.length >= HEADER + 4
      ? [4 + head.readUInt16LE(HEADER), head.readUInt8(HEADER + 2), head.readUInt8(HEADER + 3)]
      : [0, 0, 0];
  const folder = await exactly(source, HEADER + ofHeader, FOLDER + ofFolder);
  const size = (await exactly(source, head.readUInt32LE(16), FILE)).readUInt32LE(0);
  const blocks = folder.readUInt16LE(4);
  const method = METHODS[folder.readUInt16LE(6) & 0xf];
  if (size > MAX_UNPACKED) throw new CabinetDamage(`its file has ${size} bytes; expected at most ${MAX_UNPACKED}`);
  if (method !== 'none' && method !== 'MSZIP')
    throw new CabinetDamage(
      `it is compressed by ${method ?? 'an unknown method'}, which is not read: unpack it with expand or cabextract`,
    );
  return unpackBlocks(source, {
    at: folder.readUInt32LE(0),
    blocks: Math.min(blocks, MAX_BLOCKS),
    size,
    method,
    ofData,
  });
}

interface Blocks {
  readonly at: number;
  readonly blocks: number;
  /** Bytes of the file. */
  readonly size: number;
  readonly method: 'none' | 'MSZIP';
  /** Reserved bytes behind the head of each block. */
  readonly ofData: number;
}

async function unpackBlocks(source: Source, { at, blocks, size, method, ofData }: Blocks): Promise<Buffer> {
  const target = Buffer.alloc(size);
  let filled = 0;
  let place = at;
  for (let index = 0; index < blocks && filled < size; index++) {
    const head = await exactly(source, place, DATA + ofData);
    const [packed, unpacked] = [head.readUInt16LE(4), head.readUInt16LE(6)];
    if (unpacked > BLOCK)
      throw new CabinetDamage(`its block ${index} has ${unpacked} bytes; expected at most ${BLOCK}`);
    const bytes = await exactly(source, place + head.length, packed);
    const window = target.subarray(Math.max(0, filled - BLOCK), filled);
    const block = method === 'none' ? bytes : inflated(bytes, window, unpacked, index);
    if (block.length !== unpacked)
      throw new CabinetDamage(`its block ${index} has ${block.length} bytes; expected ${unpacked}`);
    filled += block.copy(target, filled);
    place += head.length + packed;
  }
  if (filled < size) throw new CabinetDamage(`it is cut: ${filled} of ${size} bytes are there`);
  return target;
}

/** One MSZIP block: `CK`, then deflate that may refer back to the block before. */
function inflated(bytes: Buffer, window: Buffer, length: number, index: number): Buffer {
  if (bytes.length < 2 || bytes.toString('latin1', 0, 2) !== 'CK')
    throw new CabinetDamage(`its block ${index} does not begin with CK`);
  try {
    return inflateRawSync(bytes.subarray(2), { dictionary: window, maxOutputLength: Math.max(1, length) });
  } catch {
    throw new CabinetDamage(`its block ${index} cannot be decompressed`);
  }
}

async function exactly(source: Source, at: number, length: number): Promise<Buffer> {
  const bytes = await readBytes(source, at, length);
  if (bytes.length < length) throw new CabinetDamage(`it is cut: ${length} bytes are expected at ${at}`);
  return bytes;
}
