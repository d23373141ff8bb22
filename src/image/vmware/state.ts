import { hex } from '../../address.js';
import type { Container } from '../../source/reading/container.js';

const MAGICS = [0xbed2bed0, 0xbed2bed2, 0xbed3bed3, 0xbad1bad1];
const GROUPS = 12;
const GROUP = 80;

const MAX_GROUPS = 4096;
const MAX_TAGS = 65536;

/** Tags with these size codes have their sizes after their indices: on disk, then in memory. */
const EXTENDED = [62, 63];

/** flags, name length, name of 255, three indices, two sizes of 8, padding length. */
const MAX_TAG_HEADER = 2 + 255 + 12 + 16 + 2;

/** A value in a group of a VMware state file. */
export interface StateTag {
  readonly name: string;
  /** For arrays: the element's indices. */
  readonly indices: readonly number[];
  readonly offset: number;
  /** Bytes in the file and, when they are compressed, their uncompressed size. */
  readonly size: number;
  readonly memorySize: number;
}

export function isVmwareState(head: Buffer): boolean {
  return head.length >= GROUPS && MAGICS.includes(head.readUInt32LE(0));
}

/**
 * The tags of one group of a .vmss or .vmsn file; none when there is no such group.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function readStateTags(container: Container, group: string): Promise<StateTag[]> {
  const header = await container.fields(0, GROUPS, 'the header');
  const wide = (header.u32(0) & 0xf) !== 0;
  const count = header.u32(8);
  if (count > MAX_GROUPS) throw container.damaged(`its header counts ${count} groups; expected at most ${MAX_GROUPS}`);
  const table = await container.fields(GROUPS, count * GROUP, 'the table of groups');
  for (let at = 0; at < count * GROUP; at += GROUP) {
    if (table.text(at, 64) === group) return readTags(container, table.size(at + 64, "a group's offset"), wide);
  }
  return [];
}

async function readTags(container: Container, offset: number, wide: boolean): Promise<StateTag[]> {
  const tags: StateTag[] = [];
  for (;;) {
    const left = container.source.byteLength - offset;
    const head = await container.fields(offset, Math.min(MAX_TAG_HEADER, Math.max(left, 2)), 'a tag');
    const flags = head.u8(0);
    const nameLength = head.u8(1);
    if (flags === 0 && nameLength === 0) return tags;
    if (tags.length === MAX_TAGS) throw container.damaged(`a group has more than ${MAX_TAGS} tags`);
    const indexCount = (flags >> 6) & 3;
    const dataAt = 2 + nameLength + indexCount * 4;
    const sizeWidth = wide ? 8 : 4;
    const extended = EXTENDED.includes(flags & 0x3f);
    if (dataAt + (extended ? 2 * sizeWidth + 2 : 0) > head.bytes.length) {
      throw container.damaged(`it ends within the tag at file offset ${hex(offset)}`);
    }
    const sizeAt = (at: number): number => (wide ? head.size(at, 'the size of a tag') : head.u32(at));
    const size = extended ? sizeAt(dataAt) : flags & 0x3f;
    const padding = extended ? 2 * sizeWidth + 2 + head.u16(dataAt + 2 * sizeWidth) : 0;
    tags.push({
      name: head.text(2, nameLength),
      indices: Array.from({ length: indexCount }, (_, index) => head.u32(2 + nameLength + index * 4)),
      offset: offset + dataAt + padding,
      size,
      memorySize: extended ? sizeAt(dataAt + sizeWidth) : size,
    });
    offset += dataAt + padding + size;
  }
}
