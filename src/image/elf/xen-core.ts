import { PAGE_SIZE } from '../../address.js';
import { ClippedRuns, type FinishedRuns } from '../clipped-runs.js';
import { Container } from '../../source/reading/container.js';
import { ElfHeader, isElfCore, type ElfSection } from './header.js';
import type { ImageFormat } from '../image.js';

const E_PHNUM = 56;
const E_SHNUM = 60;
const ELF_CLASS_64 = 2;

const MAX_NAME_BYTES = 1 << 16;
const CHUNK = 1 << 20;

/** Values of entries for absent frames, of either width. */
const HOLES: readonly bigint[] = [0xffff_ffffn, 0xffff_ffff_ffff_ffffn];

/** The guest frame of each page in `.xen_pages`: entry i is for page i. */
async function readRuns(
  container: Container,
  pages: ElfSection,
  list: ElfSection,
  entrySize: number,
): Promise<FinishedRuns> {
  const runs = new ClippedRuns(container);
  const end = Math.floor(list.size / entrySize) * entrySize;
  let offset = pages.offset;
  for (let at = 0; at < end; at += CHUNK) {
    const chunk = await container.fields(list.offset + at, Math.min(CHUNK, end - at), 'the list of frames');
    for (let entry = 0; entry < chunk.bytes.length; entry += entrySize, offset += PAGE_SIZE) {
      if (!HOLES.includes(chunk.u64(entry)))
        runs.add(chunk.size(entry, 'a frame number') * PAGE_SIZE, PAGE_SIZE, offset);
    }
  }
  return runs.finish();
}

/** The output of Xen's `xl dump-core`: an ELF file with sections and without program headers. */
export const xenCore: ImageFormat = {
  name: 'xen-core',
  title: 'Xen core (xl dump-core)',
  probe: (head) =>
    isElfCore(head) &&
    head.length >= 64 &&
    head[4] === ELF_CLASS_64 &&
    head.readUInt16LE(E_PHNUM) === 0 &&
    head.readUInt16LE(E_SHNUM) > 0,
  async open(source) {
    const container = new Container(source, 'Xen core');
    const header = await ElfHeader.read(container);
    const sections = await header.sections();
    const names = sections[header.nameTable];
    if (names === undefined) throw container.damaged('it has no table of section names');
    const text = await container.bytes(names.offset, Math.min(names.size, MAX_NAME_BYTES), 'the section names');
    const named = (name: string): ElfSection | undefined =>
      sections.find((section) => text.toString('latin1', section.name, section.name + name.length + 1) === `${name}\0`);
    const pages = named('.xen_pages');
    const [list, entrySize] = named('.xen_p2m') !== undefined ? [named('.xen_p2m'), 16] : [named('.xen_pfn'), 8];
    if (pages === undefined || list === undefined) {
      throw container.damaged('it has no section .xen_pages, or neither .xen_p2m nor .xen_pfn');
    }
    const { runs, warnings } = await readRuns(container, pages, list, entrySize);
    return { format: 'xen-core', source, runs, hints: {}, warnings };
  },
};
