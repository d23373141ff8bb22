import { hex } from '../../address.js';
import {
  FIRST_HPAK_SECTION,
  HPAK_SECTION,
  type HpakSection,
  hpakSection,
  isHpak,
  MAX_HPAK_SECTIONS,
  NO_HPAK_MEMORY,
} from '../hpak-section.js';
import { type ByteReader, readerOf } from '../reading/byte-reader.js';
import { Fields } from '../reading/container.js';
import { gzipMembers } from './gzip.js';
import type { Wrapper } from './wrapper.js';

/** The section of memory; sections are in the order of the file, as a stream needs them. */
async function memorySection(input: ByteReader): Promise<HpakSection> {
  let next = FIRST_HPAK_SECTION;
  for (let walked = 0; walked < MAX_HPAK_SECTIONS && next !== 0; walked++) {
    await skipTo(input, next, 'a section');
    const section = hpakSection(new Fields(input, await input.take(HPAK_SECTION, 'a section'), 'a section'));
    if (section.isMemory) return section;
    next = section.next();
  }
  throw input.damaged(next === 0 ? NO_HPAK_MEMORY : `its list of sections does not end after ${MAX_HPAK_SECTIONS}`);
}

async function skipTo(input: ByteReader, offset: number, what: string): Promise<void> {
  const ahead = offset - input.offset;
  if (ahead < 0) throw input.damaged(`${what} at ${hex(offset)} is before what leads to it, at ${hex(input.offset)}`);
  if ((await input.skip(ahead)) < ahead) throw input.cut(`what is before ${what} at ${hex(offset)}`);
}

/**
 * HPAK whose memory is compressed: one gzip stream without an index. Files whose memory is as it is are read in place,
 * by the image format of that name; through a pipe both come here.
 */
export const hpak: Wrapper = {
  name: 'hpak',
  title: 'HPAK file',
  claims: isHpak,
  async *unwrap(input) {
    const section = await memorySection(input);
    await skipTo(input, section.offset(), 'memory');
    if (section.isCompressed) {
      // What follows is another section's.
      let given = 0;
      const pieces = gzipMembers(input);
      let step = await pieces.next();
      try {
        for (; step.done !== true; step = await pieces.next()) {
          given += step.value.length;
          yield step.value;
        }
      } finally {
        await pieces.return(0);
      }
      if (step.value === 0) throw input.damaged(`no gzip stream at ${hex(input.offset)}`);
      if (given !== section.length())
        throw input.damaged(`its compressed memory has ${given} bytes; its section says ${section.length()}`);
      return;
    }
    for (let left = section.length(); left > 0;) {
      const piece = await input.next(Math.min(left, 1 << 20));
      if (piece === null) throw input.cut('memory');
      left -= piece.length;
      yield piece;
    }
  },
  async unwrappedSize(source) {
    return (await memorySection(readerOf(source, source.name, hpak.title))).length();
  },
};
