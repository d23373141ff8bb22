import { hex, virtualAddress, type VirtualAddress } from '../../address.js';
import type { Warning } from '../../errors.js';
import { MAX_TAG_TABLES } from '../../kernel/symbols/symbols.js';
import type { Kernel, Rejection } from '../../kernel/root/root.js';
import { findExpansion, type FoundExpansion } from './expansion-table.js';
import { notLocated, type Located } from './by-symbols.js';
import { measureTable, type MeasuredTable } from './measure-table.js';
import { readProcessorTables } from './read-tables.js';

/** One writable range of the kernel image, in memory. */
interface Section {
  readonly start: VirtualAddress;
  readonly bytes: Buffer;
}

/** Variables of the same section, up to this far from PoolTrackTable, are searched for the expansion table's. */
const NEAR = 1 << 16;
/** Maximum number of pointers followed; a real kernel has several thousand page-aligned ones in its data. */
const MAX_POINTERS = 1 << 16;

async function writableSections(kernel: Kernel): Promise<Section[]> {
  const { image, memory } = kernel;
  const writable = image.header.sections.filter((section) => section.writable);
  const ranges = writable.length > 0 ? writable : [{ rva: 0, size: image.header.imageSize }];
  const sections: Section[] = [];
  for (const { rva, size } of ranges) {
    const start = virtualAddress(image.base + BigInt(rva));
    sections.push({ start, bytes: (await memory.read(start, size - (size % 8))).bytes });
  }
  return sections;
}

/** Page-aligned kernel pointers to outside the image, with all places that hold each. */
function pointersIn(sections: readonly Section[], kernel: Kernel): Map<VirtualAddress, VirtualAddress[]> {
  const end = kernel.image.base + BigInt(kernel.image.header.imageSize);
  const places = new Map<VirtualAddress, VirtualAddress[]>();
  for (const { start, bytes } of sections) {
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      if (bytes[at + 7] !== 0xff || (bytes.readUInt16LE(at) & 0xfff) !== 0) continue;
      const value = virtualAddress(bytes.readBigUInt64LE(at));
      if (!kernel.memory.pageTable.isKernelAddress(value) || (value >= kernel.image.base && value < end)) continue;
      const known = places.get(value);
      const place = virtualAddress(start + BigInt(at));
      if (known !== undefined) known.push(place);
      else if (places.size < MAX_POINTERS) places.set(value, [place]);
    }
  }
  return places;
}

type ArrayRead = Awaited<ReturnType<typeof readProcessorTables>>;

interface Candidate {
  readonly address: VirtualAddress;
  readonly places: readonly VirtualAddress[];
  readonly measured: MeasuredTable;
  /** The array at the place that is followed by most tables: ExPoolTagTables, if this is table 0. */
  readonly array: ArrayRead;
  /** Bytes from a place to the variables that hold N + 1 and N - 1, whichever is farther; Infinity when one is not there. */
  readonly distance: number;
}

/** Bytes from `place` to the nearest variable with this value in its own section. */
function distanceTo(sections: readonly Section[], place: VirtualAddress, value: number): number {
  const section = sectionOf(sections, place);
  const needle = Buffer.alloc(8);
  needle.writeBigUInt64LE(BigInt(value));
  const at = Number(place - section.start);
  let nearest = Infinity;
  for (let found = section.bytes.indexOf(needle); found >= 0; found = section.bytes.indexOf(needle, found + 1)) {
    if (found % 8 === 0) nearest = Math.min(nearest, Math.abs(found - at));
  }
  return nearest;
}

function sectionOf(sections: readonly Section[], place: VirtualAddress): Section {
  return sections.find(({ start, bytes }) => place >= start && place < start + BigInt(bytes.length))!;
}

/** Candidates whose numbers of keys differ by less than this share hold the same tags, except for a few. */
const SAME_TAGS = 1 / 8;

function keysApart(a: Candidate, b: Candidate): number {
  const [few, many] = [a.measured.proof.keys, b.measured.proof.keys].sort((x, y) => x - y) as [number, number];
  return many - few < many * SAME_TAGS ? 0 : b.measured.proof.keys - a.measured.proof.keys;
}

/**
 * The candidate that the evidence favours. Table 0 is the first in the array of all processors' tables, and two
 * variables point to it. Where there is one processor, a session's table has fewer tags, and a snapshot in memory has
 * as many but does not stand near variables with its size and mask.
 */
function better(a: Candidate, b: Candidate): number {
  return (
    b.array.tables.length - a.array.tables.length ||
    Number(b.places.length > 1) - Number(a.places.length > 1) ||
    keysApart(a, b) ||
    (a.distance === b.distance ? 0 : a.distance - b.distance)
  );
}

async function candidateAt(
  kernel: Kernel,
  sections: readonly Section[],
  address: VirtualAddress,
  places: readonly VirtualAddress[],
): Promise<Candidate | null> {
  const measured = await measureTable(kernel.memory, address);
  if (measured === null) return null;
  const imageEnd = kernel.image.base + BigInt(kernel.image.header.imageSize);
  let array: ArrayRead | null = null;
  let distance = Infinity;
  for (const place of places) {
    const capacity = Math.min(MAX_TAG_TABLES, Number((imageEnd - place) / 8n));
    const read = await readProcessorTables(kernel.memory, place, capacity, address, measured.table, true);
    if (array === null || read.tables.length > array.tables.length) array = read;
    distance = Math.min(
      distance,
      Math.max(distanceTo(sections, place, measured.slots + 1), distanceTo(sections, place, measured.slots - 1)),
    );
  }
  return { address, places, measured, array: array!, distance };
}

/**
 * Locates the tables with no symbols at all: among the pointers in the kernel's writable sections, the one whose target
 * obeys the hash law, which also gives N and the entry layout; the array of per-processor tables is where the same
 * pointer is followed by others to keys at the same slots.
 * @param only when given, the value of PoolTrackTable according to the debugger block
 */
export async function locateByStructure(kernel: Kernel, only?: VirtualAddress): Promise<Located> {
  const sections = await writableSections(kernel);
  const places = pointersIn(sections, kernel);
  const candidates: Candidate[] = [];
  const wanted = [...places].filter(([address]) => only === undefined || address === only);
  const namedTwice = wanted.filter(([, holders]) => holders.length > 1);
  const namedOnce = wanted.filter(([, holders]) => holders.length === 1);
  for (const group of [namedTwice, namedOnce]) {
    for (const [address, holders] of group) {
      const candidate = await candidateAt(kernel, sections, address, holders);
      if (candidate !== null) candidates.push(candidate);
    }
    if (candidates.length > 0) break;
  }
  const [first, ...rest] = candidates;
  if (first === undefined) {
    return notLocated(
      `none of ${wanted.length} pointers in the kernel's writable sections leads to a table that obeys the hash law`,
    );
  }
  const best = rest.reduce((favoured, candidate) => (better(favoured, candidate) > 0 ? candidate : favoured), first);
  const found = best.array;
  const processors = new Set(found.tables.map((table) => table.address));
  const rejected = candidates.filter((other) => !processors.has(other.address)).map((other) => rejection(other, best));
  const { layout, slots, proof, table } = best.measured;
  const expansion = await findExpansion(kernel, layout, table, slots, variablesNear(sections, best.places));
  return {
    tables: {
      locatedBy: 'structure',
      layout,
      slots,
      proof,
      expansion,
      tables: found.tables,
      unreadablePointers: found.unreadable,
      warnings: expansionWarnings(expansion),
    },
    reason: '',
    rejected,
  };
}

function expansionWarnings(expansion: FoundExpansion | null): Warning[] {
  if (expansion === null || expansion.isCertain) return [];
  return [
    {
      code: 'expansion-uncertain',
      message: `where the expansion table at ${hex(expansion.address)} ends is a guess: ${expansion.entries} entries`,
    },
  ];
}

function rejection(other: Candidate, best: Candidate): Rejection {
  const story = ({ measured, places, array, distance }: Candidate): string =>
    `${measured.proof.keys} keys, named ${places.length} times, heads an array of ${array.tables.length}, ${distance} bytes from its size and mask`;
  return {
    what: 'table',
    address: hex(other.address),
    from: 'structure',
    reason: `${story(other)}; ${hex(best.address)}: ${story(best)}`,
  };
}

function variablesNear(sections: readonly Section[], places: readonly VirtualAddress[]): Buffer {
  const near: Buffer[] = [];
  for (const place of places) {
    const section = sectionOf(sections, place);
    const at = Number(place - section.start);
    near.push(section.bytes.subarray(Math.max(0, at - NEAR), at + NEAR));
  }
  return Buffer.concat(near);
}
