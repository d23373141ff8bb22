import { virtualAddress, type VirtualAddress } from '../../address.js';
import type { Missing } from '../../errors.js';
import { readUnicodeString } from '../../memory/structures.js';
import { readCached } from '../../memory/virtual-memory.js';
import { type Kernel, writableSections } from '../root/root.js';
import type { FieldOffsets, Structures } from '../symbols/symbols.js';
import { outweighs } from './field-search.js';

/**
 * OBJECT_HEADER and OBJECT_TYPE have not moved from Windows 7 to 11; what a kernel's objects do not bear out is not used.
 * By pointer size.
 */
const OBJECT_STRUCTURES: Readonly<Record<4 | 8, Structures>> = {
  4: {
    objectHeader: { size: 0x20, TypeIndex: 0x0c, Body: 0x18 },
    objectType: { size: 0x20, Name: 0x08, Index: 0x14, TotalNumberOfObjects: 0x18 },
  },
  8: {
    objectHeader: { size: 0x38, TypeIndex: 0x18, Body: 0x30 },
    objectType: { size: 0x38, Name: 0x10, Index: 0x28, TotalNumberOfObjects: 0x2c },
  },
};

/** Since Windows 10 the index in an object header is XORed with a cookie and with the second byte of its address. */
export const FIRST_ENCODED = 10;
/** ObTypeIndexTable: its first two slots hold no type, and a type's slot is the index that it has. */
const FIRST_TYPE = 2;
/** Objects that are looked at. */
const MAX_OBJECTS = 256;

/** The index of an object's type as its header holds it, the byte of the address taken off; null when it is missing, or none. */
async function typeCode(kernel: Kernel, object: VirtualAddress, header: FieldOffsets): Promise<number | null> {
  const start = virtualAddress(object - BigInt(header.Body!));
  const stored = (await readCached(kernel.memory, virtualAddress(start + BigInt(header.TypeIndex!)), 1))?.readUInt8();
  if (stored === undefined) return null;
  const isEncoded = kernel.sharedData.majorVersion >= FIRST_ENCODED;
  if (isEncoded) return stored ^ Number((start >> 8n) & 0xffn);
  return stored >= FIRST_TYPE ? stored : null;
}

/** The code that nearly all of the objects have; null when there is none. */
async function commonCode(
  kernel: Kernel,
  objects: readonly VirtualAddress[],
  header: FieldOffsets,
): Promise<number | null> {
  const counts = new Map<number, number>();
  let known = 0;
  for (const object of objects.slice(0, MAX_OBJECTS)) {
    const code = await typeCode(kernel, object, header);
    if (code === null) continue;
    known++;
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return [...counts].find(([, count]) => outweighs(count, known - count))?.[0] ?? null;
}

/** OBJECT_HEADER, when it gives all processes one type and all threads another. */
export async function findObjectHeader(
  kernel: Kernel,
  processes: readonly VirtualAddress[],
  threads: readonly VirtualAddress[],
): Promise<FieldOffsets | Missing> {
  const header = OBJECT_STRUCTURES[kernel.memory.pointerSize].objectHeader!;
  const process = await commonCode(kernel, processes, header);
  if (process === null) return { missing: 'the headers before processes do not give them one type' };
  const thread = threads.length === 0 ? null : await commonCode(kernel, threads, header);
  if (threads.length > 0 && (thread === null || thread === process))
    return { missing: 'the headers before threads do not give them a type of their own' };
  return header;
}

/** No Windows has fewer types. */
const MIN_TYPES = 8;
/** Types that are looked at. */
const MAX_TYPES = 64;
const NEEDED_NAMES = ['Type', 'Process', 'Thread'];

/** ObTypeIndexTable, and the layout of the types that it lists. */
export interface TypeTable {
  readonly address: VirtualAddress;
  readonly objectType: FieldOffsets;
}

/** How many objects of a type there are by its own count, by its name; null when no table of types lies at an address. */
async function typesAt(kernel: Kernel, table: Buffer, fields: FieldOffsets): Promise<Map<string, number> | null> {
  const { memory } = kernel;
  const size = memory.pointerSize;
  const types = new Map<string, number>();
  for (let index = FIRST_TYPE; index < MAX_TYPES && (index + 1) * size <= table.length; index++) {
    const address = memory.pointerAt(table, index * size);
    if (address === 0n) break;
    const type = memory.pageTable.isKernelAddress(address) ? await readCached(memory, address, fields.size!) : null;
    const name = type === null ? null : await readUnicodeString(memory, type, fields.Name!);
    if (type === null || name === null || type.readUInt8(fields.Index!) !== index) return null;
    types.set(name, type.readUInt32LE(fields.TotalNumberOfObjects!));
  }
  return types.size >= MIN_TYPES && NEEDED_NAMES.every((name) => types.has(name)) ? types : null;
}

/**
 * Finds ObTypeIndexTable in the kernel's data: pointers to types, each of which has a name and its own slot as index.
 * They count as many processes and threads as there are, at least.
 */
export async function findTypeTable(kernel: Kernel, processes: number, threads: number): Promise<TypeTable | Missing> {
  const size = kernel.memory.pointerSize;
  const objectType = OBJECT_STRUCTURES[size].objectType!;
  const tables: VirtualAddress[] = [];
  for (const { start, bytes } of await writableSections(kernel)) {
    for (let at = 0; at + (FIRST_TYPE + MIN_TYPES) * size <= bytes.length; at += size) {
      const pointer = (index: number): VirtualAddress => kernel.memory.pointerAt(bytes, at + index * size);
      if (pointer(0) !== 0n || !areAddresses(kernel, bytes, at + FIRST_TYPE * size)) continue;
      const types = await typesAt(kernel, bytes.subarray(at), objectType);
      if (types !== null && types.get('Process')! >= processes && types.get('Thread')! >= threads)
        tables.push(virtualAddress(start + BigInt(at)));
    }
  }
  const [only, second] = tables;
  if (only === undefined)
    return { missing: "no table in the kernel's data leads to types of objects by their indices" };
  return second === undefined
    ? { address: only, objectType }
    : { missing: `${tables.length} tables in the kernel's data lead to types of objects` };
}

function areAddresses({ memory }: Kernel, bytes: Buffer, at: number): boolean {
  const size = memory.pointerSize;
  for (let index = 0; index < MIN_TYPES; index++) {
    const end = at + (index + 1) * size;
    if (bytes[end - 1]! < 0x80 || !memory.pageTable.isKernelAddress(memory.pointerAt(bytes, end - size))) return false;
  }
  return true;
}

/** Whether the objects that a field of every process leads to all have one type, and not that of processes. */
export async function isFieldOfOneType(
  kernel: Kernel,
  header: FieldOffsets,
  process: VirtualAddress,
  targets: readonly VirtualAddress[],
): Promise<boolean> {
  const code = await commonCode(kernel, targets, header);
  return code !== null && code !== (await typeCode(kernel, process, header));
}
