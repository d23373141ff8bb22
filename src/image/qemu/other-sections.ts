import type { StateReader } from './state-reader.js';

/** Flags of a dirty bitmap's chunk (QEMU's migration/block-dirty-bitmap.c); with the last one there are more of them. */
const BITMAP = { last: 0x01, zeros: 0x02, bitmapName: 0x04, deviceName: 0x08, start: 0x10, bits: 0x40, more: 0x80 };

/** Which of a backup's blocks are dirty: chunks up to one that says that it is the last. */
async function skipDirtyBitmaps(reader: StateReader): Promise<void> {
  for (;;) {
    const flags = await bitmapFlags(reader);
    if (flags & BITMAP.deviceName) await reader.text();
    if (flags & BITMAP.bitmapName) await reader.text();
    if (flags & BITMAP.start) await reader.skip(5);
    else if (flags & BITMAP.bits) {
      await reader.skip(12);
      if (!(flags & BITMAP.zeros)) await reader.skip(Number(await reader.u64()));
    }
    if (flags & BITMAP.last) return;
  }
}

/** One byte, or two or four, whose low bits are those that are known. */
async function bitmapFlags(reader: StateReader): Promise<number> {
  const first = await reader.u8();
  if (!(first & BITMAP.more)) return first;
  const second = await reader.u8();
  return second & BITMAP.more ? (await reader.u16()) & 0xff : second;
}

/** Flags in the low bits of a disk's record (QEMU's migration/block.c, up to 9.0). */
const DISK = { block: 0x01, end: 0x02, zeros: 0x08 };
const DISK_BLOCK = 1 << 20;

/** The contents of disks, which are sent along where they are not shared. */
async function skipDisks(reader: StateReader): Promise<void> {
  for (;;) {
    const flags = Number((await reader.u64()) & 0x1ffn);
    if (flags & DISK.block) {
      await reader.text();
      if (!(flags & DISK.zeros)) await reader.skip(DISK_BLOCK);
    }
    if (flags & DISK.end) return;
  }
}

/** What is sent in parts among memory and tells where it ends, by the name of its sections. */
export const SKIPPED_SECTIONS: ReadonlyMap<string, (reader: StateReader) => Promise<void>> = new Map([
  ['dirty-bitmap', skipDirtyBitmaps],
  ['block', skipDisks],
]);

/** A command to the other side of a migration, as some capabilities add: its number, the length of its data, and these. */
export async function skipCommand(reader: StateReader): Promise<void> {
  await reader.u16();
  await reader.skip(await reader.u16());
}
