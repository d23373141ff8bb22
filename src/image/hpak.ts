import { hex } from '../address.js';
import { ClippedRuns } from './clipped-runs.js';
import { Container } from '../source/reading/container.js';
import type { ImageFormat } from './image.js';

const FIRST_SECTION = 0x20;
const SECTION = 0xe0;
const MEMORY_SECTION = 'HPAKSECTHPAK_SECTION_PHYSDUMP';

const MAX_SECTIONS = 1024;

/** HPAK, from HBGary's FastDump: a list of sections, one of which is raw physical memory. */
export const hpak: ImageFormat = {
  name: 'hpak',
  title: 'HPAK (.hpak)',
  probe: (head) => head.toString('latin1', 0, 4) === 'HPAK',
  async open(source) {
    const container = new Container(source, 'HPAK file');
    for (let offset = FIRST_SECTION, walked = 0; offset !== 0; walked++) {
      if (walked === MAX_SECTIONS) throw container.damaged(`its list of sections does not end after ${MAX_SECTIONS}`);
      const section = await container.fields(offset, SECTION, `the section at file offset ${hex(offset)}`);
      if (section.text(0, 32) !== MEMORY_SECTION) {
        offset = section.size(0xb0, "the next section's offset");
        continue;
      }
      if (section.u32(0x8c) !== 0) {
        throw container.refused(
          'its memory is one compressed stream',
          'unpack it with the tool that wrote it, to a raw image',
        );
      }
      const runs = new ClippedRuns(container);
      runs.add(0, section.size(0x98, 'the length of memory'), section.size(0xa8, 'the offset of memory'));
      return { format: 'hpak', source, ...runs.finish(), hints: {} };
    }
    throw container.damaged(`it has no section ${MEMORY_SECTION}`);
  },
};
