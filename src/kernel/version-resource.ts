import type { PeDirectory } from './pe.js';

/** What a binary says of itself in its version resource; null what it does not say. */
export interface VersionResource {
  /** As the fixed part has it, `10.0.19041.1466`, else as FileVersion is written. */
  readonly version: string | null;
  /** CompanyName. */
  readonly vendor: string | null;
  /** ProductName. */
  readonly product: string | null;
  /** FileDescription. */
  readonly description: string | null;
}

/** Reads bytes of an image by their address relative to its base; null where they are not to be had. */
export type ReadImage = (rva: number, length: number) => Promise<Buffer | null>;

const RT_VERSION = 16;
const ENGLISH = 0x409;
/** The top bit of an entry's offset: it leads to another directory. In its name: that is a string. */
const HIGH_BIT = 0x80000000;
/** Type, name, language: three levels of directories, and no deeper one is followed. */
const LEVELS = 3;
/** Entries of one directory. An icon library has some thousands; version resources stand among the last types. */
const MAX_ENTRIES = 4096;
/** Version resources have about 1 KiB, in many languages some 20. */
const MAX_RESOURCE = 1 << 16;
const MAX_TEXT = 256;
const FIXED_SIGNATURE = 0xfeef04bd;

/**
 * The version resource (VS_VERSIONINFO) of a PE image: the English one where there are several languages.
 * Null when there is none, or what lies there is none. (Microsoft PE/COFF specification, "The .rsrc Section"; Windows SDK,
 * VS_VERSIONINFO.)
 * @param resources the image's directory of resources
 */
export async function readVersionResource(resources: PeDirectory, read: ReadImage): Promise<VersionResource | null> {
  const data = await versionData(resources, read);
  const bytes = data === null ? null : await read(data.rva, Math.min(data.size, MAX_RESOURCE));
  return bytes === null ? null : decodeVersionResource(bytes);
}

/** The bytes of the first version resource, by way of the three levels of directories. */
async function versionData({ rva, size }: PeDirectory, read: ReadImage): Promise<PeDirectory | null> {
  let at = 0;
  for (let level = 0; level < LEVELS; level++) {
    if (at + 16 > size) return null;
    const head = await read(rva + at, 16);
    if (head === null) return null;
    const count = Math.min(
      head.readUInt16LE(12) + head.readUInt16LE(14),
      MAX_ENTRIES,
      Math.floor((size - at - 16) / 8),
    );
    const entries = count === 0 ? null : await read(rva + at + 16, count * 8);
    const next = entries === null ? null : entryOf(entries, [RT_VERSION, null, ENGLISH][level]!, level === 0);
    if (next === null || next >= HIGH_BIT !== level < LEVELS - 1) return null;
    at = next & ~HIGH_BIT;
  }
  const entry = at + 16 > size ? null : await read(rva + at, 16);
  return entry === null ? null : { rva: entry.readUInt32LE(0), size: entry.readUInt32LE(4) };
}

/** The offset in the entry of a number, or, where it need not be that one, of the first. */
function entryOf(entries: Buffer, number: number | null, isNeeded: boolean): number | null {
  for (let at = 0; at + 8 <= entries.length; at += 8) {
    if (entries.readUInt32LE(at) === number) return entries.readUInt32LE(at + 4);
  }
  return isNeeded ? null : entries.readUInt32LE(4);
}

/** A node: a key, a value, and children, all within `end`. */
interface VersionNode {
  readonly key: string;
  /** Offset of the value, and how many bytes or characters it claims to have. */
  readonly value: number;
  readonly valueLength: number;
  readonly children: number;
  readonly end: number;
}

const aligned = (offset: number): number => (offset + 3) & ~3;

/** Text up to its zero, in UTF-16, and no longer than a name has reason to be. */
function textAt(bytes: Buffer, at: number, end: number): string {
  let to = at;
  while (to + 2 <= Math.min(end, at + 2 * MAX_TEXT) && bytes.readUInt16LE(to) !== 0) to += 2;
  return bytes.toString('utf16le', at, to);
}

function nodeAt(bytes: Buffer, at: number, end: number): VersionNode | null {
  if (at + 8 > end) return null;
  const length = bytes.readUInt16LE(at);
  const valueLength = bytes.readUInt16LE(at + 2);
  const nodeEnd = Math.min(at + length, end);
  if (length < 8) return null;
  const key = textAt(bytes, at + 6, nodeEnd);
  const value = aligned(at + 6 + (key.length + 1) * 2);
  const isText = bytes.readUInt16LE(at + 4) === 1;
  return { key, value, valueLength, children: aligned(value + valueLength * (isText ? 2 : 1)), end: nodeEnd };
}

/** The nodes one behind another. Each takes 8 bytes or more, so that there is an end. */
function* nodesIn(bytes: Buffer, from: number, end: number): Generator<VersionNode> {
  let at = from;
  for (;;) {
    const node = nodeAt(bytes, at, end);
    if (node === null) return;
    yield node;
    at = aligned(Math.max(node.end, at + 8));
  }
}

/** `10.0.19041.1466` of VS_FIXEDFILEINFO; null when it is none, or says nothing. */
function fixedVersion(bytes: Buffer, { value, valueLength, end }: VersionNode): string | null {
  if (valueLength < 52 || value + 52 > end || bytes.readUInt32LE(value) !== FIXED_SIGNATURE) return null;
  const [high, low] = [bytes.readUInt32LE(value + 8), bytes.readUInt32LE(value + 12)];
  return high === 0 && low === 0 ? null : `${high >>> 16}.${high & 0xffff}.${low >>> 16}.${low & 0xffff}`;
}

/** Decodes VS_VERSIONINFO; null when the bytes are none. Whatever they say, they are gone through once. */
export function decodeVersionResource(bytes: Buffer): VersionResource | null {
  const root = nodeAt(bytes, 0, bytes.length);
  if (root?.key !== 'VS_VERSION_INFO') return null;
  const texts = new Map<string, string>();
  for (const info of nodesIn(bytes, root.children, root.end)) {
    if (info.key !== 'StringFileInfo') continue;
    for (const table of nodesIn(bytes, info.children, info.end)) {
      for (const { key, value, valueLength, end } of nodesIn(bytes, table.children, table.end)) {
        const text = valueLength === 0 ? '' : textAt(bytes, value, end).trim();
        if (text !== '' && !texts.has(key)) texts.set(key, text);
      }
    }
  }
  return {
    version: fixedVersion(bytes, root) ?? texts.get('FileVersion') ?? null,
    vendor: texts.get('CompanyName') ?? null,
    product: texts.get('ProductName') ?? null,
    description: texts.get('FileDescription') ?? null,
  };
}
