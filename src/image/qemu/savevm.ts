import { PAGE_SIZE, physicalAddress } from '../../address.js';
import type { Warning } from '../../errors.js';
import { type ByteReader, readerOf } from '../../source/reading/byte-reader.js';
import { type Chunk, ChunkedSource, evenChunks } from '../../source/reading/chunked-source.js';
import { Container } from '../../source/reading/container.js';
import type { ImageFormat, StreamedRun } from '../image.js';
import { type RunList, RunListBuilder } from '../run-list.js';
import { readMachineName } from './machine-name.js';
import { type RamBlocks, RamRecords } from './ram.js';
import { type StateComplaints, StateReader } from './state-reader.js';

const MAGIC = 0x5145564d;
const VERSION = 3;

const FOUR_GIB = 2 ** 32;

/** With this much memory or more, PC machines have a PCI hole: memory stops below it and continues at 4 GiB. */
const PCI_HOLE = {
  q35: { from: 0xb000_0000, below: 0x8000_0000 },
  i440fx: { from: 0xe000_0000, below: 0xc000_0000 },
};

/** A page that the state does not hold. A page filled with the byte b is ABSENT - 1 - b. */
const ABSENT = 0;

/** Where an offset in the machine's memory lies: the PCI hole splits it into two runs. */
function addressesOf({ byteLength }: RamBlocks, machine: string): (offset: number) => number {
  const hole = machine.includes('q35') ? PCI_HOLE.q35 : PCI_HOLE.i440fx;
  const below = byteLength >= hole.from ? hole.below : byteLength;
  return (offset) => (offset < below ? offset : FOUR_GIB + offset - below);
}

/** Reads what stands before memory. @returns the machine type */
async function readHead(reader: StateReader, complaints: StateComplaints): Promise<string> {
  await reader.skip(4);
  const version = await reader.u32();
  if (version !== VERSION) throw complaints.damaged(`its version is ${version}; expected ${VERSION}`);
  return readMachineName(reader, complaints);
}

function blockWarnings({ names }: RamBlocks): Warning[] {
  if (names.length === 1 && names[0] === 'pc.ram') return [];
  const message = `the machine's memory has other names than pc.ram: ${names.join(', ')} are taken for it, in this order`;
  return [{ code: 'memory-blocks', message }];
}

/** By page: its file offset, ABSENT, or its fill value. The last record of a page is valid. */
async function offsetsOf(records: RamRecords, reader: StateReader): Promise<Float64Array> {
  let offsets: Float64Array | null = null;
  for await (const { page, fill } of records.pages()) {
    offsets ??= new Float64Array(records.blocks!.byteLength / PAGE_SIZE);
    if (fill !== null) {
      offsets[page] = ABSENT - 1 - fill;
      continue;
    }
    const { offset } = reader;
    if (!(await reader.skip(PAGE_SIZE))) break;
    offsets[page] = offset;
  }
  return offsets ?? new Float64Array(0);
}

/** A virtual machine's state, written by QEMU's `migrate` or `savevm`: a stream that begins with memory. */
export const qemuSavevm: ImageFormat = {
  name: 'qemu-savevm',
  title: 'QEMU saved state (migrate to a file)',
  probe: (head) => head.length >= 8 && head.readUInt32BE(0) === MAGIC,
  async open(source) {
    const container = new Container(source, 'QEMU saved state');
    const reader = new StateReader(readerOf(source, source.name, container.title), container, source.byteLength);
    const machine = await readHead(reader, container);
    const records = new RamRecords(reader, container);
    const offsets = await offsetsOf(records, reader);
    const { blocks } = records;
    const runs = blocks === null ? null : runsOf(offsets, addressesOf(blocks, machine), container);
    if (blocks === null || runs === null || runs.count === 0)
      throw container.damaged('it ends before its first page of memory');
    const missing = blocks.byteLength - runs.byteLength;
    const warnings = blockWarnings(blocks);
    if (missing > 0)
      warnings.unshift({
        code: 'image-cut',
        message: `the saved state is cut short: ${missing} of ${blocks.byteLength} bytes of memory are not in it`,
      });
    const load = (chunk: Chunk): Promise<Buffer> => {
      const offset = offsets[chunk.index]!;
      return offset > 0
        ? container.bytes(offset, PAGE_SIZE, 'a page')
        : Promise.resolve(Buffer.alloc(PAGE_SIZE, ABSENT - 1 - offset));
    };
    const view = new ChunkedSource([source], { ...evenChunks(PAGE_SIZE, blocks.byteLength), load });
    return { format: 'qemu-savevm', source: view, runs, hints: {}, warnings };
  },
  stream: streamedPages,
};

function runsOf(offsets: Float64Array, addressOf: (offset: number) => number, container: Container): RunList {
  const runs = new RunListBuilder(container.label);
  for (let page = 0; page < offsets.length; page++)
    if (offsets[page] !== ABSENT) runs.add(addressOf(page * PAGE_SIZE), PAGE_SIZE, page * PAGE_SIZE);
  return runs.build();
}

/** The pages as they come; those that a byte fills hold no tables. */
async function* streamedPages(input: ByteReader, warn: (warning: Warning) => void): AsyncGenerator<StreamedRun> {
  const state = input.as('QEMU saved state');
  const reader = new StateReader(state, state, Infinity);
  const machine = await readHead(reader, state);
  const records = new RamRecords(reader, state);
  let addressOf: ((offset: number) => number) | null = null;
  let seen: Uint8Array | null = null;
  for await (const { page, fill } of records.pages()) {
    if (seen === null || addressOf === null) {
      const blocks = records.blocks!;
      seen = new Uint8Array(Math.ceil(blocks.byteLength / PAGE_SIZE / 8));
      addressOf = addressesOf(blocks, machine);
      blockWarnings(blocks).forEach(warn);
    }
    const bit = 1 << (page & 7);
    if ((seen[page >> 3]! & bit) !== 0)
      throw state.refused(
        'it holds pages twice, as a machine writes that runs on, and a stream shows the older one first',
        'copy it to a file first, or keep it with --spool DIR',
      );
    seen[page >> 3]! |= bit;
    if (fill === null) yield { start: physicalAddress(addressOf(page * PAGE_SIZE)), length: PAGE_SIZE };
  }
  if (!records.isWhole)
    warn({ code: 'image-cut', message: 'the saved state is cut short: it ends before the end of its memory' });
}
