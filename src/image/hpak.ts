import { hex } from '../address.js';
import {
  FIRST_HPAK_SECTION,
  HPAK_SECTION,
  type HpakSection,
  hpakSection,
  isHpak,
  MAX_HPAK_SECTIONS,
  NO_HPAK_MEMORY,
} from '../source/hpak-section.js';
import { Container } from '../source/reading/container.js';
import type { Source } from '../source/source.js';
import { ClippedRuns } from './clipped-runs.js';
import type { ImageFormat } from './image.js';

const TITLE = 'HPAK file';

/** @throws PoolTrackerError FORMAT_DAMAGED where there is none */
async function memorySection(container: Container): Promise<HpakSection> {
  for (let offset = FIRST_HPAK_SECTION, walked = 0; offset !== 0; walked++) {
    if (walked === MAX_HPAK_SECTIONS)
      throw container.damaged(`its list of sections does not end after ${MAX_HPAK_SECTIONS}`);
    const section = hpakSection(
      await container.fields(offset, HPAK_SECTION, `the section at file offset ${hex(offset)}`),
    );
    if (section.isMemory) return section;
    offset = section.next();
  }
  throw container.damaged(NO_HPAK_MEMORY);
}

/** HPAK, from HBGary's FastDump: a list of sections, one of which is raw physical memory. */
export const hpak: ImageFormat = {
  name: 'hpak',
  title: 'HPAK (.hpak)',
  probe: isHpak,
  /** Compressed memory is a stream in a wrapper; anything else, damage too, is judged here. */
  async keepsWrapper(source: Source) {
    try {
      return !(await memorySection(new Container(source, TITLE))).isCompressed;
    } catch {
      return true;
    }
  },
  async open(source) {
    const container = new Container(source, TITLE);
    const section = await memorySection(container);
    if (section.isCompressed)
      throw container.refused('its memory is one compressed stream', 'name the file itself, not what holds it');
    const runs = new ClippedRuns(container);
    runs.add(0, section.length(), section.offset());
    return { format: 'hpak', source, ...runs.finish(), hints: {} };
  },
};
