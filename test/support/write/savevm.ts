import { deflateSync } from 'node:zlib';
import type { GeneratedMemory } from '../generate/memory-plan.js';
import { PAGE } from '../generate/sparse-memory.js';
import { FileBuilder, padded, u32be, u64be } from '../encode/bytes.js';

const FLAG = { fill: 2, sizes: 4, page: 8, end: 0x10, sameBlock: 0x20, changes: 0x40, packed: 0x100 };

export interface SavevmOptions {
  readonly machine?: string;
  /** Of a machine that stands still: each page once. */
  readonly isPaused?: boolean;
  /** Memory in halves of these names, in place of `pc.ram`. */
  readonly nodes?: readonly [string, string];
  /** Memory that other programs share is left out, and of the other blocks the addresses are told. */
  readonly ignoresShared?: boolean;
  /** Pages are compressed. */
  readonly isPacked?: boolean;
  /** What the last record of page 0 is made of: the page, or its changes in turn, each to the version before. */
  readonly changes?: readonly Buffer[];
  /** Nothing is there of page 0 but those. */
  readonly hasNoBase?: boolean;
  /** The last section of memory is missing, as in a snapshot that is taken in the background. */
  readonly hasNoLast?: boolean;
}

/** A saved state of QEMU in two passes: the first page is sent twice, and the second time holds. */
export function savevmBuffer(
  { memory }: GeneratedMemory,
  {
    machine = 'pc-i440fx-7.2',
    isPaused = false,
    nodes,
    ignoresShared = false,
    isPacked = false,
    changes,
    hasNoBase = false,
    hasNoLast = false,
  }: SavevmOptions = {},
): Buffer {
  const size = memory.byteLength;
  const file = new FileBuilder();
  const blockAddress = ignoresShared ? [u64be(0)] : [];
  file.add(head(machine, ignoresShared ? ['x-ignore-shared'] : []));
  file.add(Buffer.of(1), u32be(2), text('ram'), u32be(0), u32be(4));
  file.add(
    u64be((size + 0x10000) | FLAG.sizes),
    ...(nodes ?? ['pc.ram']).flatMap((name) => [
      text(name),
      u64be(nodes === undefined ? size : size / 2),
      ...blockAddress,
    ]),
    text('pc.rom'),
    u64be(0x10000),
    ...blockAddress,
    u64be(FLAG.end),
    footer(),
  );
  file.add(Buffer.of(2), u32be(2));
  if (!isPaused && !hasNoBase) file.add(u64be(FLAG.page), text(nodes?.[0] ?? 'pc.ram'), Buffer.alloc(PAGE, 0xaa));
  for (let at = hasNoBase ? PAGE : 0; at < size; at += PAGE) {
    const isSecond = nodes !== undefined && at >= size / 2;
    const address = isSecond ? at - size / 2 : at;
    const page = memory.read(at, PAGE);
    const name = text(nodes?.[isSecond ? 1 : 0] ?? 'pc.ram');
    if (page.every((byte) => byte === page[0])) file.add(u64be(address + FLAG.fill), name, page.subarray(0, 1));
    else if (isPacked) {
      const packed = deflateSync(page);
      file.add(u64be(address + FLAG.packed), name, u32be(packed.length), packed);
    } else file.add(u64be(address + FLAG.page), name, page);
  }
  file.add(u64be(FLAG.end), footer());
  if (!hasNoLast) {
    file.add(Buffer.of(3), u32be(2));
    file.add(u64be(FLAG.page), text('pc.rom'), Buffer.alloc(PAGE, 0x55));
    const name = text(nodes?.[0] ?? 'pc.ram');
    for (const change of changes ?? [])
      file.add(u64be(FLAG.changes), name, Buffer.of(1, change.length >> 8, change.length), change);
    if (!isPaused && changes === undefined) file.add(u64be(FLAG.page), name, memory.read(0, PAGE));
    file.add(u64be(FLAG.end), footer());
  }
  file.add(device());
  return file.result();
}

const MAPPED_PAGES_AT = 0x100000;

export interface MappedOptions {
  /** The bitmaps are not written yet: the machine still runs. */
  readonly isUnfinished?: boolean;
  /** The name of the machine's memory. */
  readonly name?: string;
  /** Memory that other programs share, which is left out. */
  readonly isShared?: boolean;
  /** Where the state begins in the file that it is written to. */
  readonly base?: number;
}

/**
 * A saved state with the capability mapped-ram, as QEMU 9.0 and later write it, with multifd or without: the pages of
 * each block lie where its header says, behind the bitmap of those that are no zeros.
 */
export function mappedSavevmBuffer(
  { memory }: GeneratedMemory,
  { isUnfinished = false, name = 'pc.ram', isShared = false, base = 0 }: MappedOptions = {},
): Buffer {
  const size = memory.byteLength;
  const file = new FileBuilder();
  file.add(head('pc-q35-9.0', [...(isShared ? ['x-ignore-shared'] : []), 'mapped-ram']));
  file.add(Buffer.of(1), u32be(2), text('ram'), u32be(0), u32be(4), u64be((size + 0x10000) | FLAG.sizes));
  const add = (block: string, pages: readonly Buffer[]): void => {
    file.add(text(block), u64be(pages.length * PAGE), ...(isShared ? [u64be(0)] : []), u32be(1), u64be(PAGE));
    if (isShared && block === name) {
      file.add(u64be(0), u64be(0));
      return;
    }
    const bitmap = Buffer.alloc(Math.ceil(pages.length / 64) * 8);
    const bitmapAt = base + file.length + 16;
    const pagesAt = Math.ceil((bitmapAt + bitmap.length) / MAPPED_PAGES_AT) * MAPPED_PAGES_AT;
    for (const [index, page] of pages.entries())
      if (!isUnfinished && page.some((byte) => byte !== 0)) bitmap[index >> 3]! |= 1 << (index & 7);
    file.add(u64be(bitmapAt), u64be(pagesAt), bitmap);
    file.add(Buffer.alloc(pagesAt - base - file.length));
    // What is not in the bitmap is what the page was before it became zeros.
    file.add(
      ...pages.map((page, index) => ((bitmap[index >> 3]! >> (index & 7)) & 1 ? page : Buffer.alloc(PAGE, 0xee))),
    );
  };
  add(
    name,
    Array.from({ length: size / PAGE }, (_, index) => memory.read(index * PAGE, PAGE)),
  );
  add('pc.rom', [...Array<Buffer>(16)].fill(Buffer.alloc(PAGE, 0x55)));
  file.add(u64be(FLAG.end), footer());
  if (isUnfinished) return file.result();
  for (const type of [2, 3]) file.add(Buffer.of(type), u32be(2), u64be(FLAG.end), footer());
  file.add(device());
  return file.result();
}

function head(machine: string, capabilities: readonly string[]): Buffer {
  return Buffer.concat([
    ...[padded('QEVM', 4), u32be(3), Buffer.of(7), u32be(machine.length), Buffer.from(machine)],
    ...[Buffer.of(5), text('configuration/target-page-bits'), u32be(1), u32be(12)],
    ...[Buffer.of(5), text('configuration/capabilities'), u32be(1), u32be(capabilities.length)],
    ...capabilities.map(text),
  ]);
}

/** A device's section, and the end. */
function device(): Buffer {
  return Buffer.concat([Buffer.of(4), u32be(3), text('timer'), u32be(0), u32be(2), Buffer.alloc(24), Buffer.of(0)]);
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
}

function footer(): Buffer {
  return Buffer.concat([Buffer.of(0x7e), u32be(2)]);
}
