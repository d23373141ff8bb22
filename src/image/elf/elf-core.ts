import { hex, physicalAddress, type PhysicalAddress } from '../../address.js';
import type { ByteReader } from '../../source/reading/byte-reader.js';
import { type Complaints, Container } from '../../source/reading/container.js';
import { ZeroTailSource } from '../../source/reading/zero-tail-source.js';
import { sourceOf } from '../../source/source.js';
import { ClippedRuns, type FinishedRuns } from '../clipped-runs.js';
import type { Architecture, ImageFormat } from '../image.js';
import { type ElfNote, processorHints, readElfNotes } from '../processor-notes.js';
import { apart, checkRun } from '../run-list.js';
import { ELF_HEADER, ElfHeader, type ElfSegment, isElfCore, PT_LOAD, PT_NOTE } from './header.js';

const TITLE = 'ELF core';
const ARCHITECTURES: Readonly<Record<number, Architecture>> = { 3: 'x86', 62: 'x64', 183: 'arm64' };

/** Maximum total of zeros that a core may omit at the ends of its segments. */
const MAX_ZEROS = 2 ** 40;

const STREAM_HINT = 'copy it to a file first, or keep it with --spool';

/** Maximum offset of the table's end in a stream: all bytes before it must be buffered. */
const MAX_STREAMED_HEAD = 16 << 20;

/** A range of memory and its location in the file, followed by zeros that the file omits. All in bytes. */
interface Load {
  readonly start: PhysicalAddress;
  readonly length: number;
  readonly offset: number;
  readonly zeros: number;
}

/**
 * The memory in the segments, in file order.
 * @throws PoolTrackerError FORMAT_DAMAGED when they omit more than MAX_ZEROS zeros
 */
function loadsOf(segments: readonly ElfSegment[], file: Complaints): Load[] {
  const loads = segments.filter(({ type, fileSize }) => type === PT_LOAD && fileSize > 0);
  // Some writers set every p_paddr to 0; then p_vaddr is the physical address.
  const isVirtual = loads.length > 1 && loads.every((load) => load.physicalAddress === 0);
  const list = loads.map((load) => ({
    start: physicalAddress(isVirtual ? load.virtualAddress : load.physicalAddress),
    length: load.fileSize,
    offset: load.offset,
    zeros: Math.max(0, load.memorySize - load.fileSize),
  }));
  const zeros = list.reduce((sum, load) => sum + load.zeros, 0);
  if (zeros > MAX_ZEROS) {
    throw file.damaged(`its segments end in ${zeros} bytes that the file does not hold; expected at most ${MAX_ZEROS}`);
  }
  return list.sort((a, b) => a.offset - b.offset);
}

/** The runs of the segments; the zeros that the file omits follow the source's end. */
function runsOf(container: Container, loads: readonly Load[]): FinishedRuns {
  const runs = new ClippedRuns(container);
  for (const { start, length, offset, zeros } of loads) {
    runs.add(start, length, offset);
    runs.addWhole(start + length, zeros, container.source.byteLength);
  }
  return runs.finish();
}

/** The core up to the end of its program header table. @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED */
async function streamedHead(input: ByteReader): Promise<Container> {
  const headOf = async (length: number): Promise<Container> =>
    new Container(sourceOf(input.name, await input.peek(length)), TITLE);
  const first = await headOf(ELF_HEADER);
  const { headLength } = await ElfHeader.read(first);
  if (headLength === null) throw first.refused('the number of its segments is told at its end', STREAM_HINT);
  if (headLength > MAX_STREAMED_HEAD) {
    throw first.refused(
      `its program header table ends ${headLength} bytes in; expected at most ${MAX_STREAMED_HEAD} from a stream`,
      STREAM_HINT,
    );
  }
  return headOf(Math.max(ELF_HEADER, headLength));
}

/** The same memory as a stream. Zeros that a segment omits are omitted here too. */
async function* streamedLoads(input: ByteReader): AsyncGenerator<Pick<Load, 'start' | 'length'>> {
  const container = await streamedHead(input);
  const loads = loadsOf(await (await ElfHeader.read(container)).segments(), container);
  if (loads.length === 0) throw container.damaged('it lists no memory');
  let end = 0;
  for (const { start, length, offset } of loads) {
    checkRun(container.label, start, length, offset);
    if (offset < end)
      throw container.refused(`its segment at file offset ${hex(offset)} begins within another one`, STREAM_HINT);
    end = offset + length;
  }
  for (const { start, length, offset } of loads) {
    await input.skip(offset - input.offset);
    yield { start, length };
  }
}

/** ELF cores of a whole machine, as QEMU, libvirt and VirtualBox write them: a PT_LOAD segment for each block of memory. */
export const elfCore: ImageFormat = {
  name: 'elf-core',
  title: 'ELF core of a virtual machine (QEMU, libvirt, VirtualBox)',
  probe: isElfCore,
  async open(source) {
    const container = new Container(source, TITLE);
    const header = await ElfHeader.read(container);
    const segments = await header.segments();
    const notes: ElfNote[] = [];
    for (const segment of segments) {
      if (segment.type !== PT_NOTE) continue;
      // One by one: a hostile segment has more notes than a call takes arguments.
      for (const note of await readElfNotes(container, segment.offset, segment.fileSize)) notes.push(note);
    }
    const loads = loadsOf(segments, container);
    const { runs, warnings } = runsOf(container, loads);
    const hints = processorHints(notes, ARCHITECTURES[header.machine] ?? 'unknown');
    const longest = loads.reduce((most, load) => Math.max(most, load.zeros), 0);
    const view = longest === 0 ? source : new ZeroTailSource(source, longest);
    return { format: 'elf-core', source: view, runs, hints, warnings };
  },
  stream: (input) => {
    const reader = input.as(TITLE);
    return apart(reader, streamedLoads(reader));
  },
};
