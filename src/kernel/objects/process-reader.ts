import { hex, type PhysicalAddress, rootAddress, virtualAddress, type VirtualAddress } from '../../address.js';
import { dateOfFileTime } from '../../filetime.js';
import { readCached, type VirtualMemory } from '../../memory/virtual-memory.js';
import { DISPATCHER_PROCESS, FAST_REF_BITS } from '../structures/structures.js';
import type { KernelLayout } from '../symbols/symbols.js';

/** What an EPROCESS says. A field whose offset is not known for the build is undefined. */
export interface Process {
  /** Of the EPROCESS. */
  readonly address: VirtualAddress;
  /** UniqueProcessId. */
  readonly pid: number;
  /** InheritedFromUniqueProcessId: the parent, which may have ended and its id been given to another process. */
  readonly ppid: number;
  /** ImageFileName: the first 14 or 15 characters. */
  readonly name: string;
  /** Null when the field holds no sensible time. */
  readonly createTime: Date | null;
  /** Null while it runs; undefined where it cannot be told. */
  readonly exitTime: Date | null | undefined;
  /** Physical address of its page table root (DirectoryTableBase without its flags). */
  readonly pageTableRoot: PhysicalAddress | undefined;
  /** Number of its threads that have not ended. */
  readonly activeThreads: number | undefined;
  /** Address of its handle table, 0 when it has none. */
  readonly objectTable: VirtualAddress | undefined;
  /** Address of its token. */
  readonly token: VirtualAddress | undefined;
  /** Address of its MM_SESSION_SPACE, 0 when it is in none. */
  readonly session: VirtualAddress | undefined;
}

const NAME_LENGTH = 15;

const NEEDED = ['size', 'UniqueProcessId', 'InheritedFromUniqueProcessId', 'ImageFileName', 'CreateTime'] as const;

/** Reads EPROCESS structures, each only once. */
export class ProcessReader {
  private readonly known = new Map<VirtualAddress, Process>();

  private constructor(
    private readonly memory: VirtualMemory,
    private readonly layout: KernelLayout,
    private readonly offsets: Readonly<Record<(typeof NEEDED)[number], number>>,
  ) {}

  /** A reader, or why there is none for this build. */
  static of(memory: VirtualMemory, layout: KernelLayout): ProcessReader | string {
    const offsets = layout.fields('eprocess', ...NEEDED);
    return typeof offsets === 'string' ? offsets : new ProcessReader(memory, layout, offsets);
  }

  /** The process at an address, or why there is none: a page is missing, or what lies there is no process. */
  async read(address: VirtualAddress): Promise<Process | string> {
    const known = this.known.get(address);
    if (known !== undefined) return known;
    if (!this.memory.pageTable.isKernelAddress(address)) return `${hex(address)} is no kernel address`;
    const bytes = await readCached(this.memory, address, this.offsets.size);
    if (bytes === null) return `the EPROCESS at ${hex(address)} is missing`;
    const process = this.decode(address, bytes);
    if (process === null) return `no process lies at ${hex(address)}`;
    this.known.set(address, process);
    return process;
  }

  private decode(address: VirtualAddress, bytes: Buffer): Process | null {
    const { offsets, memory } = this;
    const pid = memory.pointerAt(bytes, offsets.UniqueProcessId);
    const ppid = memory.pointerAt(bytes, offsets.InheritedFromUniqueProcessId);
    if (bytes.readUInt8(0) !== DISPATCHER_PROCESS || pid > 0xffffffffn || ppid > 0xffffffffn) return null;
    const name = bytes
      .toString('latin1', offsets.ImageFileName, offsets.ImageFileName + NAME_LENGTH)
      .replace(/\0.*$/s, '');
    const pointer = (field: string): VirtualAddress | undefined => {
      const offset = this.layout.field('eprocess', field);
      return offset === undefined ? undefined : memory.pointerAt(bytes, offset);
    };
    const exitTime = this.layout.field('eprocess', 'ExitTime');
    const root = this.layout.field('kprocess', 'DirectoryTableBase');
    const threads = this.layout.field('eprocess', 'ActiveThreads');
    const token = pointer('Token');
    return {
      address,
      name,
      pid: Number(pid),
      ppid: Number(ppid),
      createTime: dateOfFileTime(bytes.readBigUInt64LE(offsets.CreateTime)) ?? null,
      exitTime: exitTime === undefined ? undefined : (dateOfFileTime(bytes.readBigUInt64LE(exitTime)) ?? null),
      pageTableRoot:
        root === undefined
          ? undefined
          : rootAddress(memory.pointerAt(bytes, root), memory.pageTable.paging.architecture),
      activeThreads: threads === undefined ? undefined : bytes.readUInt32LE(threads),
      objectTable: pointer('ObjectTable'),
      token: token === undefined ? undefined : virtualAddress(token & ~FAST_REF_BITS[memory.pointerSize]),
      session: pointer('Session'),
    };
  }
}
