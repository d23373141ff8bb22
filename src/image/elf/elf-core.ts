import { ClippedRuns, type FinishedRuns } from '../clipped-runs.js';
import { Container } from '../../source/reading/container.js';
import { ElfHeader, isElfCore, PT_LOAD, PT_NOTE, type ElfSegment } from './header.js';
import { readElfNotes, type ElfNote } from '../processor-notes.js';
import type { ImageFormat } from '../image.js';
import type { Architecture } from '../image.js';
import { processorHints } from '../processor-notes.js';
import { ZeroTailSource } from '../../source/reading/zero-tail-source.js';

const ARCHITECTURES: Readonly<Record<number, Architecture>> = { 3: 'x86', 62: 'x64', 183: 'arm64' };

/** Some writers leave every p_paddr 0; then p_vaddr is the physical address. */
function addressesAreVirtual(loads: readonly ElfSegment[]): boolean {
  return loads.length > 1 && loads.every((load) => load.physicalAddress === 0);
}

/** Zeros that a core may leave out at the ends of its segments, in all. */
const MAX_ZEROS = 2 ** 40;

function zerosOf(load: ElfSegment): number {
  return Math.max(0, load.memorySize - load.fileSize);
}

/** The runs of the segments; what a segment has more in memory than in the file is zeros, behind the source's end. */
function runsOf(container: Container, loads: readonly ElfSegment[]): FinishedRuns {
  const runs = new ClippedRuns(container);
  const virtual = addressesAreVirtual(loads);
  for (const load of loads) {
    const start = virtual ? load.virtualAddress : load.physicalAddress;
    runs.add(start, load.fileSize, load.offset);
    runs.addWhole(start + load.fileSize, zerosOf(load), container.source.byteLength);
  }
  return runs.finish();
}

/** ELF cores of a whole machine, as QEMU, libvirt and VirtualBox write them: a PT_LOAD segment for each block of memory. */
export const elfCore: ImageFormat = {
  name: 'elf-core',
  title: 'ELF core of a virtual machine (QEMU, libvirt, VirtualBox)',
  probe: isElfCore,
  async open(source) {
    const container = new Container(source, 'ELF core');
    const header = await ElfHeader.read(container);
    const segments = await header.segments();
    const loads = segments.filter((segment) => segment.type === PT_LOAD && segment.fileSize > 0);
    const notes: ElfNote[] = [];
    for (const segment of segments) {
      if (segment.type === PT_NOTE) notes.push(...(await readElfNotes(container, segment.offset, segment.fileSize)));
    }
    const zeros = loads.reduce((sum, load) => sum + zerosOf(load), 0);
    if (zeros > MAX_ZEROS) {
      throw container.damaged(
        `its segments end in ${zeros} bytes that the file does not hold; expected at most ${MAX_ZEROS}`,
      );
    }
    const { runs, warnings } = runsOf(container, loads);
    const architecture = ARCHITECTURES[header.machine];
    const hints = { ...(architecture && { architecture }), ...processorHints(notes) };
    const longest = loads.reduce((most, load) => Math.max(most, zerosOf(load)), 0);
    const view = longest === 0 ? source : new ZeroTailSource(source, longest);
    return { format: 'elf-core', source: view, runs, hints, warnings };
  },
};
