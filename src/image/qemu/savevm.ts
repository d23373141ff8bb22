import { PAGE_SIZE, physicalAddress } from '../../address.js';
import { decodeZlib } from '../../codec/zlib.js';
import { PoolTrackerError, type Warning } from '../../errors.js';
import { type ByteReader, readerOf } from '../../source/reading/byte-reader.js';
import { ChunkedSource, evenChunks } from '../../source/reading/chunked-source.js';
import { Container } from '../../source/reading/container.js';
import { doubtful, type ImageFormat, type StreamedRun } from '../image.js';
import { RunListBuilder } from '../run-list.js';
import { readConfiguration, type StateConfiguration } from './configuration.js';
import { bitmapLength, isMarked } from './mapped-ram.js';
import { PageVersions } from './page-versions.js';
import { RamRecords } from './ram.js';
import { MACHINE_MEMORY, type RamBlocks } from './ram-blocks.js';
import { type StateComplaints, StateReader } from './state-reader.js';

const MAGIC = 0x5145564d;
const VERSION = 3;

const FOUR_GIB = 2 ** 32;

/** With this much memory or more, PC machines have a PCI hole: memory stops below it and continues at 4 GiB. */
const PCI_HOLE = {
  q35: { from: 0xb000_0000, below: 0x8000_0000 },
  i440fx: { from: 0xe000_0000, below: 0xc000_0000 },
};

/** Where an offset in the machine's memory lies: the PCI hole splits it into two runs. */
function addressesOf({ byteLength }: RamBlocks, machine: string): (offset: number) => number {
  const hole = machine.includes('q35') ? PCI_HOLE.q35 : PCI_HOLE.i440fx;
  const below = byteLength >= hole.from ? hole.below : byteLength;
  return (offset) => (offset < below ? offset : FOUR_GIB + offset - below);
}

/** Reads what stands before memory. */
async function readHead(reader: StateReader, complaints: StateComplaints): Promise<StateConfiguration> {
  await reader.skip(4);
  const version = await reader.u32();
  if (version !== VERSION) throw complaints.damaged(`its version is ${version}; expected ${VERSION}`);
  return readConfiguration(reader, complaints);
}

function namesOf(blocks: readonly { readonly name: string }[]): string {
  return blocks.map(({ name }) => name).join(', ');
}

function blockWarnings({ blocks, isOrdered, others }: RamBlocks): Warning[] {
  const added: Warning[] =
    others.length === 0
      ? []
      : [
          {
            code: 'image-damaged',
            message: `the state holds memory that was added to the running machine (${namesOf(others)}), at addresses that are not known: it counts as missing`,
          },
        ];
  if (blocks.length === 1 && blocks[0]!.name === MACHINE_MEMORY) return added;
  const message = `the machine's memory has other names than ${MACHINE_MEMORY}: ${namesOf(blocks)} are taken for it, in this order`;
  const order = `the names of the machine's blocks of memory (${namesOf(blocks)}) do not tell their order: any page may lie elsewhere`;
  return [{ code: 'memory-blocks', message }, ...added, ...(isOrdered ? [] : [doubtful(order)])];
}

/** The last version of each page; null where the state ends before its first one. */
async function versionsOf(
  records: RamRecords,
  reader: StateReader,
  container: Container,
): Promise<PageVersions | null> {
  let versions: PageVersions | null = null;
  const ready = (): PageVersions => (versions ??= new PageVersions(container, records.blocks!.byteLength / PAGE_SIZE));
  for await (const { page, form, length, byte } of records.pages()) {
    const { offset } = reader;
    if (!(await reader.skip(length))) break;
    if (form === 'filled') ready().fill(page, byte);
    else if (form === 'stored') ready().store(page, offset);
    else if (form === 'packed') ready().pack(page, offset);
    else ready().change(page, offset, length);
  }
  for (const { start, size, mapped } of records.blocks?.blocks ?? []) {
    if (mapped === null) continue;
    const length = bitmapLength(size);
    if (mapped.bitmapOffset + length > reader.byteLength) continue;
    const bitmap = await container.bytes(mapped.bitmapOffset, length, 'the bitmap of pages');
    // It is written last: one without a mark is that of a state which was not written to its end.
    if (!records.isWhole && bitmap.every((byte) => byte === 0)) continue;
    for (let page = 0; page < size / PAGE_SIZE; page++) {
      const offset = mapped.pagesOffset + page * PAGE_SIZE;
      if (!isMarked(bitmap, page)) ready().fill(start / PAGE_SIZE + page, 0);
      else if (offset + PAGE_SIZE <= reader.byteLength) ready().store(start / PAGE_SIZE + page, offset);
    }
  }
  return versions;
}

/** A virtual machine's state, written by QEMU's `migrate` or `savevm`: a stream that begins with memory. */
export const qemuSavevm: ImageFormat = {
  name: 'qemu-savevm',
  title: 'QEMU saved state (migrate to a file)',
  probe: (head) => head.length >= 8 && head.readUInt32BE(0) === MAGIC,
  async open(source) {
    const container = new Container(source, 'QEMU saved state');
    const reader = new StateReader(readerOf(source, source.name, container.title), container, source.byteLength);
    const { machine, capabilities } = await readHead(reader, container);
    const records = new RamRecords(reader, capabilities, container);
    const versions = await versionsOf(records, reader, container);
    const { blocks } = records;
    if (blocks === null || versions === null) throw noPages(records, capabilities, container);
    const addressOf = addressesOf(blocks, machine);
    const runs = new RunListBuilder(container.label);
    let absent = 0;
    let lost = 0;
    for (let page = 0; page < versions.count; page++) {
      if (versions.isPresent(page)) runs.add(addressOf(page * PAGE_SIZE), PAGE_SIZE, page * PAGE_SIZE);
      else if (versions.isLost(page)) lost++;
      else absent++;
    }
    if (absent + lost === versions.count) throw noPages(records, capabilities, container);
    const warnings: Warning[] = [];
    const missing = `${absent * PAGE_SIZE} of ${blocks.byteLength} bytes of memory are not in it`;
    // Of a machine that ran on, the end has the last versions of pages that are there in earlier ones.
    const doubts = records.isWhole ? [] : unfinished(capabilities);
    const older = doubts.length === 0 ? '' : ', and of others there may be an earlier version only';
    if (absent > 0 || doubts.length > 0)
      warnings.push({ code: 'image-cut', message: `the saved state is cut short: ${missing}${older}` });
    if (lost > 0)
      warnings.push({
        code: 'image-damaged',
        message: `the saved state holds changes (XBZRLE) of ${lost} pages without what was changed: these pages count as missing`,
      });
    const view = new ChunkedSource([source], {
      ...evenChunks(PAGE_SIZE, blocks.byteLength),
      load: ({ index }) => versions.load(index),
    });
    warnings.push(...blockWarnings(blocks));
    warnings.push(...doubts);
    return { format: 'qemu-savevm', source: view, runs: runs.build(), hints: {}, warnings };
  },
  stream: streamedPages,
};

/**
 * Of a machine that ran on, pages come again; what is there of a state that does not end may be any version. In
 * mapped-ram each page has one place, and the bitmaps that list them are written last: a file that has them was whole.
 */
function unfinished(capabilities: ReadonlySet<string>): Warning[] {
  if (capabilities.has('mapped-ram')) return [];
  return [
    doubtful('the saved state ends before the end of its memory: of any page it may have an earlier version only'),
  ];
}

function noPages(records: RamRecords, capabilities: ReadonlySet<string>, complaints: StateComplaints): Error {
  const [block] = records.blocks?.blocks ?? [];
  if (records.isWhole && block !== undefined && capabilities.has('x-ignore-shared')) return records.leftOut(block.name);
  return complaints.damaged('it ends before its first page of memory');
}

/** The pages as they come, but for those of zeros. */
async function* streamedPages(input: ByteReader, warn: (warning: Warning) => void): AsyncGenerator<StreamedRun> {
  const state = input.as('QEMU saved state');
  const reader = new StateReader(state, state, Infinity);
  const { machine, capabilities } = await readHead(reader, state);
  const records = new RamRecords(reader, capabilities, state);
  let addressOf: ((offset: number) => number) | null = null;
  let seen: Uint8Array | null = null;
  let damaged = 0;
  for await (const { page, form, length, byte } of records.pages()) {
    if (seen === null || addressOf === null) {
      const blocks = records.blocks!;
      seen = new Uint8Array(Math.ceil(blocks.byteLength / PAGE_SIZE / 8));
      addressOf = addressesOf(blocks, machine);
      blockWarnings(blocks).forEach(warn);
    }
    const bit = 1 << (page & 7);
    if (form === 'changes' || (seen[page >> 3]! & bit) !== 0)
      throw state.refused(
        'it holds pages twice, as a machine writes that runs on, and a stream shows the older one first',
        'copy it to a file first, or keep it with --spool DIR',
      );
    seen[page >> 3]! |= bit;
    const start = physicalAddress(addressOf(page * PAGE_SIZE));
    if (form === 'stored') yield { start, length: PAGE_SIZE };
    else if (form === 'filled') {
      if (byte !== 0) yield { start, length: PAGE_SIZE, bytes: Buffer.alloc(PAGE_SIZE, byte) };
    } else {
      if (!(await reader.has(length))) break;
      const bytes = await unpacked(await reader.take(length));
      if (bytes === null) damaged++;
      else yield { start, length: PAGE_SIZE, bytes };
    }
  }
  if (damaged > 0)
    warn({
      code: 'image-damaged',
      message: `${damaged} pages of the saved state do not unpack: they count as missing`,
    });
  if (!records.isWhole) {
    warn({ code: 'image-cut', message: 'the saved state is cut short: it ends before the end of its memory' });
    unfinished(capabilities).forEach(warn);
  } else if (seen === null) throw noPages(records, capabilities, state);
}

/** A compressed page; null where it is damaged. */
async function unpacked(packed: Buffer): Promise<Buffer | null> {
  try {
    const bytes = await decodeZlib(packed, PAGE_SIZE);
    return bytes.length === PAGE_SIZE ? bytes : null;
  } catch (error) {
    if (error instanceof PoolTrackerError && error.code === 'FORMAT_DAMAGED') return null;
    throw error;
  }
}
