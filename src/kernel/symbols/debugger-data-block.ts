import { foundOnce } from '../../source/reading/cache.js';
import { virtualAddress, type VirtualAddress } from '../../address.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { type KernelImage, writableSections } from '../root/root.js';
import { decodeBlock, encodedBlocks, KERN_BASE_AT, MAX_SIZE, MIN_SIZE, TAG, TAG_AT } from './encoded-block.js';
import type { KernelSymbols } from './kernel-symbols.js';

/** The contents of KDDEBUGGER_DATA64, decoded. (Debugging Tools for Windows, wdbgexts.h.) */
export interface DebuggerDataBlock {
  readonly address: VirtualAddress;
  readonly encoded: boolean;
  /** Address of the variable PoolTrackTable (not its value). */
  readonly poolTrackTable: VirtualAddress;
  /** Address of the list head PsLoadedModuleList. */
  readonly psLoadedModuleList: VirtualAddress;
  /** Address of the list head PsActiveProcessHead. */
  readonly psActiveProcessHead: VirtualAddress;
  /** Address of the variable PspCidTable. */
  readonly pspCidTable: VirtualAddress;
  /** Offsets in EPROCESS that it names, in bytes, and its size; null where the block is too short or has a page missing. */
  readonly eprocess: {
    readonly size: number;
    readonly parentId: number;
    readonly directoryTableBase: number;
  } | null;
}

const SIZE_AT = TAG_AT + 4;
const PS_LOADED_MODULE_LIST_AT = 0x48;
const PS_ACTIVE_PROCESS_HEAD_AT = 0x50;
const PSP_CID_TABLE_AT = 0x58;
const POOL_TRACK_TABLE_AT = 0x1b8;
/** SizeEProcess, OffsetEprocessPeb, OffsetEprocessParentCID, OffsetEprocessDirectoryTableBase: 16 bits each. */
const SIZE_EPROCESS_AT = 0x2a8;
const PARENT_CID_AT = 0x2ac;
const DIRECTORY_TABLE_BASE_AT = 0x2ae;
const OFFSETS_END = 0x2b0;

/** A place where a block may lie; `turn` when it is encoded there. */
interface Place {
  readonly address: VirtualAddress;
  readonly size: number;
  readonly turn: number | null;
}

/** An address as the block has it, in 64 bits: those of a 32-bit kernel are sign-extended. */
function extended(address: VirtualAddress, { pointerSize }: VirtualMemory): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(pointerSize * 8, address));
}

/**
 * Where the block may lie: where the container says, where the symbols say, then at every `KDBG`, plain or encoded, in
 * the kernel's writable sections.
 */
async function* places(
  memory: VirtualMemory,
  kernel: KernelImage,
  symbols: KernelSymbols | null,
): AsyncGenerator<Place> {
  const rva = symbols?.rva.KdDebuggerDataBlock;
  const named = [
    memory.physical.image.hints.kdDebuggerDataBlock,
    rva === undefined ? undefined : virtualAddress(kernel.base + BigInt(rva)),
  ];
  for (const address of named) if (address !== undefined) yield { address, size: MIN_SIZE, turn: null };
  const magic = Buffer.from('KDBG', 'latin1');
  for (const { start, bytes } of await writableSections({ memory, image: kernel })) {
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
      if (at % memory.pointerSize === 0 && at >= TAG_AT)
        yield { address: virtualAddress(start + BigInt(at - TAG_AT)), size: MIN_SIZE, turn: null };
    }
    for (const { at, size, turn } of encodedBlocks(bytes, extended(kernel.base, memory), memory.pointerSize))
      yield { address: virtualAddress(start + BigInt(at)), size, turn };
  }
}

/** What a block names; null when it is not this kernel's. */
function describe(
  { address, turn }: Place,
  block: Buffer,
  kernel: KernelImage,
  pointerSize: number,
): DebuggerDataBlock | null {
  const size = block.readUInt32LE(SIZE_AT);
  const encoded = turn !== null;
  if (block.readUInt32LE(TAG_AT) !== TAG || size < MIN_SIZE || size > MAX_SIZE) return null;
  const bits = pointerSize * 8;
  const pointer = (at: number): VirtualAddress => virtualAddress(BigInt.asUintN(bits, block.readBigUInt64LE(at)));
  if (pointer(KERN_BASE_AT) !== kernel.base) return null;
  const end = kernel.base + BigInt(kernel.header.imageSize);
  const isInside = (at: number): boolean => pointer(at) > kernel.base && pointer(at) < end;
  // By chance a place may look like the first words of an encoded block, but not like all of these.
  const variables = [PS_LOADED_MODULE_LIST_AT, PS_ACTIVE_PROCESS_HEAD_AT, PSP_CID_TABLE_AT, POOL_TRACK_TABLE_AT];
  if (encoded && !variables.every(isInside)) return null;
  return {
    address,
    encoded,
    poolTrackTable: pointer(POOL_TRACK_TABLE_AT),
    psLoadedModuleList: pointer(PS_LOADED_MODULE_LIST_AT),
    psActiveProcessHead: pointer(PS_ACTIVE_PROCESS_HEAD_AT),
    pspCidTable: pointer(PSP_CID_TABLE_AT),
    eprocess:
      size < OFFSETS_END || block.length < OFFSETS_END
        ? null
        : {
            size: block.readUInt16LE(SIZE_EPROCESS_AT),
            parentId: block.readUInt16LE(PARENT_CID_AT),
            directoryTableBase: block.readUInt16LE(DIRECTORY_TABLE_BASE_AT),
          },
  };
}

/** The block's bytes at a place, as far as they are needed and it has them; null when the necessary ones are missing. */
async function blockAt(memory: VirtualMemory, kernel: KernelImage, { address, turn }: Place): Promise<Buffer | null> {
  const bytes = (await memory.readWhole(address, OFFSETS_END)) ?? (await memory.readWhole(address, MIN_SIZE));
  return bytes === null || turn === null ? bytes : decodeBlock(bytes, turn, extended(kernel.base, memory));
}

/** Each kernel's block, or why there is none: it is asked for several times. */
const known = new WeakMap<KernelImage, Promise<DebuggerDataBlock | string>>();

/**
 * Finds this kernel's debugger data block, plain or encoded; the keys of an encoded one are not needed. A block counts
 * only when it names this kernel's base: those of earlier boots do not. The reason, when there is none.
 */
export function findDebuggerDataBlock(
  memory: VirtualMemory,
  kernel: KernelImage,
  symbols: KernelSymbols | null,
): Promise<DebuggerDataBlock | string> {
  return foundOnce(known, kernel, () => search(memory, kernel, symbols));
}

async function search(
  memory: VirtualMemory,
  kernel: KernelImage,
  symbols: KernelSymbols | null,
): Promise<DebuggerDataBlock | string> {
  let unreadable = 0;
  for await (const place of places(memory, kernel, symbols)) {
    const block = await blockAt(memory, kernel, place);
    if (block === null) unreadable++;
    const found = block === null ? null : describe(place, block, kernel, memory.pointerSize);
    if (found !== null) return found;
  }
  return unreadable > 0
    ? 'the kernel debugger block lies on a page that is missing'
    : 'no kernel debugger block, plain or encoded, names this kernel';
}
