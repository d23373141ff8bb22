import { virtualAddress, type VirtualAddress } from '../../address.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import type { KernelImage } from '../root/root.js';
import type { KernelSymbols } from './kernel-symbols.js';

/** The contents of KDDEBUGGER_DATA64, decoded. */
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
}

const TAG = 0x4742444b; // KDBG
const TAG_AT = 0x10;
const SIZE_AT = 0x14;
const KERN_BASE_AT = 0x18;
const PS_LOADED_MODULE_LIST_AT = 0x48;
const PS_ACTIVE_PROCESS_HEAD_AT = 0x50;
const PSP_CID_TABLE_AT = 0x58;
const POOL_TRACK_TABLE_AT = 0x1b8;
const MIN_SIZE = 0x1c0;
const MAX_SIZE = 0x1000;

/**
 * Where the block may lie: where the container says, where the symbols say, then at every `KDBG` in the kernel's
 * writable sections.
 */
async function* candidates(
  memory: VirtualMemory,
  kernel: KernelImage,
  symbols: KernelSymbols | null,
): AsyncGenerator<VirtualAddress> {
  const hint = memory.physical.image.hints.kdDebuggerDataBlock;
  if (hint !== undefined) yield hint;
  const rva = symbols?.rva.KdDebuggerDataBlock;
  if (rva !== undefined) yield virtualAddress(kernel.base + BigInt(rva));
  const magic = Buffer.from('KDBG', 'latin1');
  for (const section of kernel.header.sections.filter(({ writable }) => writable)) {
    const start = virtualAddress(kernel.base + BigInt(section.rva));
    const { bytes } = await memory.read(start, section.size);
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
      if (at % memory.pointerSize === 0 && at >= TAG_AT) yield virtualAddress(start + BigInt(at - TAG_AT));
    }
  }
}

/**
 * Each 64-bit word of an encoded block: XOR KiWaitNever, rotate left by its low byte, XOR the address of
 * KdpDataBlockEncoded (sign-extended), swap bytes, XOR KiWaitAlways.
 */
export function decodeWord(word: bigint, waitNever: bigint, waitAlways: bigint, encodedFlag: VirtualAddress): bigint {
  const turn = waitNever & 0x3fn;
  const mixed = BigInt.asUintN(64, word ^ waitNever);
  const rotated = BigInt.asUintN(64, (mixed << turn) | (mixed >> (64n - turn)));
  const swapped = Buffer.alloc(8);
  swapped.writeBigUInt64LE(BigInt.asUintN(64, rotated ^ encodedFlag));
  return swapped.readBigUInt64BE() ^ waitAlways;
}

async function decoded(
  memory: VirtualMemory,
  kernel: KernelImage,
  symbols: KernelSymbols | null,
  block: Buffer,
): Promise<Buffer | null> {
  const { KiWaitNever, KiWaitAlways, KdpDataBlockEncoded } = symbols?.rva ?? {};
  if (KiWaitNever === undefined || KiWaitAlways === undefined || KdpDataBlockEncoded === undefined) return null;
  const at = (rva: number): VirtualAddress => virtualAddress(kernel.base + BigInt(rva));
  const never = await memory.readUint64(at(KiWaitNever));
  const always = await memory.readUint64(at(KiWaitAlways));
  if (never === null || always === null) return null;
  const flag = virtualAddress(BigInt.asIntN(memory.pointerSize * 8, at(KdpDataBlockEncoded)));
  const plain = Buffer.alloc(block.length);
  for (let offset = 0; offset + 8 <= block.length; offset += 8) {
    plain.writeBigUInt64LE(decodeWord(block.readBigUInt64LE(offset), never, always, flag), offset);
  }
  return plain;
}

/** Every address in the block has 64 bits: those of a 32-bit kernel are sign-extended. */
function describe(
  address: VirtualAddress,
  block: Buffer,
  { base }: KernelImage,
  encoded: boolean,
  pointerSize: number,
): DebuggerDataBlock | null {
  const pointer = (at: number): VirtualAddress =>
    virtualAddress(BigInt.asUintN(pointerSize * 8, block.readBigUInt64LE(at)));
  const size = block.readUInt32LE(SIZE_AT);
  if (block.readUInt32LE(TAG_AT) !== TAG || size < MIN_SIZE || size > MAX_SIZE) return null;
  if (pointer(KERN_BASE_AT) !== base) return null;
  return {
    address,
    encoded,
    poolTrackTable: pointer(POOL_TRACK_TABLE_AT),
    psLoadedModuleList: pointer(PS_LOADED_MODULE_LIST_AT),
    psActiveProcessHead: pointer(PS_ACTIVE_PROCESS_HEAD_AT),
    pspCidTable: pointer(PSP_CID_TABLE_AT),
  };
}

/**
 * Finds this kernel's debugger data block, plain or, where the symbols give the addresses of its keys, encoded. A block
 * counts only when it names this kernel's base: those of earlier boots do not. Null, with the reason, when there is
 * none.
 */
export async function findDebuggerDataBlock(
  memory: VirtualMemory,
  kernel: KernelImage,
  symbols: KernelSymbols | null,
): Promise<DebuggerDataBlock | string> {
  let unreadable = 0;
  for await (const address of candidates(memory, kernel, symbols)) {
    const block = await memory.readWhole(address, MIN_SIZE);
    if (block === null) {
      unreadable++;
      continue;
    }
    const plain = describe(address, block, kernel, false, memory.pointerSize);
    if (plain !== null) return plain;
    const words = await decoded(memory, kernel, symbols, block);
    const found = words === null ? null : describe(address, words, kernel, true, memory.pointerSize);
    if (found !== null) return found;
  }
  if (unreadable > 0) return 'the kernel debugger block lies on a page that is missing';
  return symbols === null
    ? 'no plain kernel debugger block names this kernel; an encoded one needs the symbols of a known build'
    : 'no kernel debugger block, plain or encoded, names this kernel';
}
