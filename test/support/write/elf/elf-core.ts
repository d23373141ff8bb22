import type { GeneratedMemory } from '../../generate/memory-plan.js';
import type { RamRange } from '../../generate/sparse-memory.js';
import { layoutBuffer, writeLayout, type ImageLayout } from '../image.js';
import { packRanges } from '../runs.js';

const HEADER = 64;
const PROGRAM_HEADER = 56;
const PRSTATUS = 0x150;
const ARM64_PRSTATUS = 392;
const ARM64_FPREGS = 528;
/** e_machine. */
const MACHINES = { x64: 62, x86: 3, arm64: 183 } as const;
const CPU_STATE = 0x1b8;

export interface ElfCoreOptions {
  /** `qemu` (CORE notes and, but for ARM64, QEMU notes with CR3), `virtualbox` (a VBCORE note), or none. */
  readonly notes?: 'qemu' | 'virtualbox' | 'none';
  /** Some writers leave p_paddr 0 and put the physical address into p_vaddr. */
  readonly addressIn?: 'paddr' | 'vaddr';
  /** CR3 of each processor; the System process's by default. */
  readonly cr3?: readonly number[];
  /** What the header says, by the mode that processor 0 is in; by default the machine's own. */
  readonly machine?: keyof typeof MACHINES;
  /** Further processors, which no system has started. */
  readonly waiting?: number;
  /** Cuts ranges into segments of at most so many bytes. */
  readonly segmentBytes?: number;
}

function* cut(ranges: Iterable<RamRange>, size: number): Generator<RamRange> {
  for (const [start, end] of ranges) for (let at = start; at < end; at += size) yield [at, Math.min(end, at + size)];
}

/** ELF64 core of physical memory: a PT_NOTE, then a PT_LOAD for each range. */
export function elfCoreLayout({ memory, truth }: GeneratedMemory, options: ElfCoreOptions = {}): ImageLayout {
  const kind = options.notes ?? 'qemu';
  const roots = options.cr3 ?? truth.tables.map(() => truth.dtb);
  const waiting = Array.from({ length: options.waiting ?? 0 }, waitingState);
  const notes = Buffer.concat(
    kind === 'none'
      ? []
      : kind === 'virtualbox'
        ? [note('VBCORE', 0xb00, Buffer.alloc(0x20))]
        : truth.build.arch === 'arm64'
          ? roots.flatMap(() => [
              note('CORE', 1, Buffer.alloc(ARM64_PRSTATUS)),
              note('CORE', 2, Buffer.alloc(ARM64_FPREGS)),
            ])
          : [
              ...[...roots, ...waiting].map((_, processor) => note('CORE', 1, processStatus(processor))),
              ...[...waiting, ...roots.map((root) => cpuState(root, truth.build.arch === 'x64'))].map((state) =>
                note('QEMU', 0, state),
              ),
            ],
  );
  const ranges = [...cut(memory.presentRanges(), options.segmentBytes ?? Infinity)];
  const notesAt = HEADER + PROGRAM_HEADER * (ranges.length + 1);
  const packed = packRanges(memory, ranges, notesAt + notes.length);
  const head = Buffer.alloc(notesAt);
  head.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  head.writeUInt16LE(4, 0x10);
  head.writeUInt16LE(MACHINES[options.machine ?? truth.build.arch], 0x12);
  head.writeUInt32LE(1, 0x14);
  head.writeBigUInt64LE(BigInt(HEADER), 0x20);
  head.writeUInt16LE(HEADER, 0x34);
  head.writeUInt16LE(PROGRAM_HEADER, 0x36);
  head.writeUInt16LE(ranges.length + 1, 0x38);
  programHeader(head, 0, { type: 4, offset: notesAt, virtual: 0, physical: 0, size: notes.length });
  for (const [i, { start, end, offset }] of packed.ranges.entries()) {
    const virtual = options.addressIn === 'vaddr';
    programHeader(head, i + 1, {
      type: 1,
      offset,
      virtual: virtual ? start : 0,
      physical: virtual ? 0 : start,
      size: end - start,
    });
  }
  return {
    byteLength: packed.end,
    parts: [{ offset: 0, bytes: head }, { offset: notesAt, bytes: notes }, ...packed.parts],
  };
}

export function writeElfCore(generated: GeneratedMemory, path: string, options: ElfCoreOptions = {}): Promise<void> {
  return writeLayout(elfCoreLayout(generated, options), path);
}

export function elfCoreBuffer(generated: GeneratedMemory, options: ElfCoreOptions = {}): Buffer {
  return layoutBuffer(elfCoreLayout(generated, options));
}

function programHeader(
  head: Buffer,
  index: number,
  values: { type: number; offset: number; virtual: number; physical: number; size: number },
): void {
  const at = HEADER + PROGRAM_HEADER * index;
  head.writeUInt32LE(values.type, at);
  for (const [offset, value] of [
    [8, values.offset],
    [16, values.virtual],
    [24, values.physical],
    [32, values.size],
    [40, values.size],
  ] as const) {
    head.writeBigUInt64LE(BigInt(value), at + offset);
  }
}

function note(name: string, type: number, content: Buffer): Buffer {
  const nameBytes = Buffer.from(`${name}\0`);
  const padded = Buffer.alloc(Math.ceil(nameBytes.length / 4) * 4);
  nameBytes.copy(padded);
  const head = Buffer.alloc(12);
  head.writeUInt32LE(nameBytes.length, 0);
  head.writeUInt32LE(content.length, 4);
  head.writeUInt32LE(type, 8);
  return Buffer.concat([head, padded, content, Buffer.alloc((4 - (content.length % 4)) % 4)]);
}

function processStatus(processor: number): Buffer {
  const status = Buffer.alloc(PRSTATUS);
  status.writeUInt32LE(processor + 1, 0x20);
  return status;
}

/** QEMUCPUState, version 1: the table of interrupts from 0x170 on, control registers from 0x188 on. */
function cpuState(root: number, isWide: boolean): Buffer {
  const state = Buffer.alloc(CPU_STATE);
  state.writeUInt32LE(1, 0);
  state.writeUInt32LE(CPU_STATE, 4);
  if (isWide) state.writeBigUInt64LE(0xfffff80000001000n, 0x180);
  state.writeBigUInt64LE(0x80050033n, 0x188);
  state.writeBigUInt64LE(BigInt(root), 0x1a0);
  state.writeBigUInt64LE(0x370678n, 0x1a8);
  return state;
}

/** One that nothing has started: only CR0 is not 0. */
function waitingState(): Buffer {
  const state = Buffer.alloc(CPU_STATE);
  state.writeUInt32LE(1, 0);
  state.writeUInt32LE(CPU_STATE, 4);
  state.writeBigUInt64LE(0x60000010n, 0x188);
  return state;
}
