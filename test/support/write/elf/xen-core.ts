import type { GeneratedMemory } from '../../generate/memory-plan.js';
import { PAGE } from '../../generate/sparse-memory.js';
import { FileBuilder, padded, u16, u32, u64 } from '../../encode/bytes.js';

const SECTION = 64;

/** What `xl dump-core` writes: of a paravirtual guest with `.xen_p2m`, of any other with `.xen_pfn`; a hole among them. */
export function xenCoreBuffer({ memory }: GeneratedMemory, list: '.xen_p2m' | '.xen_pfn' = '.xen_pfn'): Buffer {
  const frames = [...memory.presentRanges()].flatMap(([start, end]) =>
    Array.from({ length: (end - start) / PAGE }, (_, page) => start / PAGE + page),
  );
  const entries = [...frames.slice(0, 5), -1, ...frames.slice(5)];
  const entry = (frame: number): Buffer =>
    list === '.xen_pfn' ? word(frame) : Buffer.concat([word(frame), u64(0x1234)]);
  const file = new FileBuilder();
  const names = Buffer.from(`\0.shstrtab\0${list}\0.xen_pages\0`);
  const body = new FileBuilder();
  const bodyAt = 64 + 4 * SECTION;
  const place = (...bytes: Uint8Array[]): readonly [offset: number, size: number] => [
    bodyAt + body.add(...bytes),
    bytes.reduce((sum, part) => sum + part.length, 0),
  ];
  const nameTable = place(names);
  const listAt = place(...entries.map(entry));
  body.add(Buffer.alloc(PAGE - ((bodyAt + body.length) % PAGE)));
  const pages = place(
    ...entries.map((frame) => (frame < 0 ? Buffer.alloc(PAGE, 0xcc) : memory.read(frame * PAGE, PAGE))),
  );
  file.add(padded('\x7fELF\x02\x01\x01', 16), u16(4), u16(62), u32(1), u64(0), u64(0), u64(64), u32(0));
  file.add(u16(64), u16(0), u16(0), u16(SECTION), u16(4), u16(1));
  const section = (name: string, [offset, size]: readonly [number, number]): Buffer =>
    Buffer.concat([
      u32(names.indexOf(`${name}\0`)),
      u32(1),
      u64(0),
      u64(0),
      u64(offset),
      u64(size),
      u32(0),
      u32(0),
      u64(8),
      u64(0),
    ]);
  file.add(
    Buffer.alloc(SECTION),
    section('.shstrtab', nameTable),
    section(list, listAt),
    section('.xen_pages', pages),
    body.result(),
  );
  return file.result();
}

function word(frame: number): Buffer {
  return u64(frame < 0 ? 0xffff_ffff_ffff_ffffn : frame);
}
