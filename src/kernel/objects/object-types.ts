import { hex, virtualAddress, type VirtualAddress } from '../../address.js';
import { readCached, type VirtualMemory } from '../../memory/virtual-memory.js';
import { readUnicodeString } from '../../memory/structures.js';
import type { Kernel } from '../root/root.js';
import { FIRST_ENCODED } from '../structures/structures.js';
import type { KernelLayout } from '../symbols/symbols.js';
import type { Tally } from './object-count.js';

/** The kernel's own count of one type's objects. */
export interface ObjectType {
  readonly index: number;
  /** As `Process`, `File`. */
  readonly name: string;
  /** TotalNumberOfObjects. */
  readonly objects: number;
}

/** A type index is one byte. */
const MAX_TYPES = 256;
/** The first two slots hold no type: NULL, and a marker. */
const FIRST_TYPE = 2;

/** The types in ObTypeIndexTable, or why they are not available. */
export async function readObjectTypes(
  memory: VirtualMemory,
  layout: KernelLayout,
  tally: Tally,
): Promise<ObjectType[] | string> {
  const table = layout.address('ObTypeIndexTable');
  if (typeof table === 'string') return table;
  const offsets = layout.fields('objectType', 'size', 'Name', 'Index', 'TotalNumberOfObjects');
  if (typeof offsets === 'string') return offsets;
  const types: ObjectType[] = [];
  for (let index = FIRST_TYPE; index < MAX_TYPES; index++) {
    const pointer = await memory.readPointer(virtualAddress(table + BigInt(index * memory.pointerSize)));
    if (pointer === null) tally.miss(`ObTypeIndexTable[${index}] is missing`);
    if (pointer === null || pointer === 0n) break;
    const type = memory.pageTable.isKernelAddress(pointer) ? await readCached(memory, pointer, offsets.size) : null;
    const name = type === null ? null : await readUnicodeString(memory, type, offsets.Name);
    if (type === null || name === null || type.readUInt8(offsets.Index) !== index) {
      tally.miss(`no object type lies at ${hex(pointer)}, where ObTypeIndexTable[${index}] points to`);
      continue;
    }
    types.push({ index, name, objects: type.readUInt32LE(offsets.TotalNumberOfObjects) });
  }
  return types.length > 0 ? types : (tally.reason ?? 'ObTypeIndexTable is empty');
}

/** Decodes the type of an object from its header. */
export class TypeDecoder {
  private readonly names = new Map<number, string>();

  private constructor(
    private readonly memory: VirtualMemory,
    private readonly isEncoded: boolean,
    private readonly offsets: Readonly<Record<'TypeIndex' | 'Body', number>>,
  ) {}

  /**
   * @param examples objects whose type is known by other means: where the cookie or the type table is not known, types
   * are recognised by what the headers of these hold
   */
  static async of(
    kernel: Kernel,
    layout: KernelLayout,
    types: readonly ObjectType[] | string,
    examples: Readonly<Record<string, readonly VirtualAddress[]>>,
  ): Promise<TypeDecoder | string> {
    const offsets = layout.fields('objectHeader', 'TypeIndex', 'Body');
    if (typeof offsets === 'string') return offsets;
    const decoder = new TypeDecoder(kernel.memory, kernel.sharedData.majorVersion >= FIRST_ENCODED, offsets);
    const cookie = await decoder.cookie(layout);
    if (typeof cookie === 'number' && typeof types !== 'string') {
      for (const { index, name } of types) decoder.names.set(index ^ cookie, name);
    } else {
      for (const [name, objects] of Object.entries(examples)) await decoder.learn(name, objects);
    }
    return decoder.names.size > 0
      ? decoder
      : 'the types of objects cannot be told: neither ObHeaderCookie and ObTypeIndexTable nor an example is readable';
  }

  private async cookie(layout: KernelLayout): Promise<number | null> {
    if (!this.isEncoded) return 0;
    const address = layout.address('ObHeaderCookie');
    return typeof address === 'string' ? null : ((await readCached(this.memory, address, 1))?.readUInt8() ?? null);
  }

  /** Takes the value that more than half of the examples' headers hold as the code of their type. */
  private async learn(name: string, objects: readonly VirtualAddress[]): Promise<void> {
    const votes = new Map<number, number>();
    for (const object of objects) {
      const code = await this.code(virtualAddress(object - BigInt(this.offsets.Body)));
      if (code !== null) votes.set(code, (votes.get(code) ?? 0) + 1);
    }
    for (const [code, count] of votes) {
      if (count * 2 > objects.length) this.names.set(code, name);
    }
  }

  /**
   * The index as stored in the header, with the address byte removed but not the cookie; null when the header is
   * missing.
   */
  private async code(header: VirtualAddress): Promise<number | null> {
    const stored = (
      await readCached(this.memory, virtualAddress(header + BigInt(this.offsets.TypeIndex)), 1)
    )?.readUInt8();
    if (stored === undefined) return null;
    return this.isEncoded ? stored ^ Number((header >> 8n) & 0xffn) : stored;
  }

  /** The types that are told apart. */
  typeNames(): string[] {
    return [...new Set(this.names.values())];
  }

  /** The type's name; null for one that has none; undefined when the header is missing. */
  async typeOf(header: VirtualAddress): Promise<string | null | undefined> {
    const code = this.memory.pageTable.isKernelAddress(header) ? await this.code(header) : null;
    return code === null ? undefined : (this.names.get(code) ?? null);
  }

  /** The object behind a header. */
  body(header: VirtualAddress): VirtualAddress {
    return virtualAddress(header + BigInt(this.offsets.Body));
  }
}
