import { hex, PAGE_SIZE } from '../../address.js';
import { adler32 } from '../../codec/zlib.js';
import { PoolTrackerError, type Warning } from '../../errors.js';
import { SourceView } from '../../source/reading/source-view.js';
import type { Source } from '../../source/source.js';
import { doubtful } from '../image.js';
import { isLocalDamage } from '../unreadable.js';
import { type EwfSection, type EwfSegment, isIntact } from './segments.js';

/** The section's header, and what of it stands before its checksum. */
const HEADER = 520;
const HEADED = 516;

const ENTRY = 8;

/** Ranges of sectors that are kept, of all segments. */
const MAX_READ_ERRORS = 1 << 20;

/** Bytes of the medium, end exclusive. */
type Range = readonly [start: number, end: number];

/** What sections `error2` say: the sectors that could not be read when the image was made, in whose place zeros stand. */
export interface ReadErrors {
  /** Ascending, apart from each other. */
  readonly ranges: readonly Range[];
  readonly warnings: readonly Warning[];
}

/**
 * Reads the sections `error2` (libewf, "Expert Witness Compression Format", section "Error2 section"): a count, 512 bytes
 * unused and an Adler-32; then 32-bit first sectors and numbers of sectors, and an Adler-32 of these.
 * @param sectorSize in bytes
 * @param byteLength of the medium; sectors behind it are left out
 * @returns a doubt about every page where a section does not say which sectors
 */
export async function readErrors(
  segments: readonly EwfSegment[],
  sectorSize: number,
  byteLength: number,
): Promise<ReadErrors> {
  const listed: Range[] = [];
  const warnings: Warning[] = [];
  for (const segment of segments) {
    for (const section of segment.sections) {
      if (section.type !== 'error2') continue;
      const own: Range[] = [];
      const problem = await readSection(segment, section, (first, count) => {
        const end = Math.min((first + count) * sectorSize, byteLength);
        if (first * sectorSize < end) own.push([first * sectorSize, end]);
        return listed.length + own.length <= MAX_READ_ERRORS;
      });
      if (problem === null) {
        for (const range of own) listed.push(range);
        continue;
      }
      const message = `its section 'error2' at ${hex(section.offset)} ${problem}: which sectors could not be read when the image was made is not known, and zeros stand in their place`;
      warnings.push(doubtful(message));
    }
  }
  const ranges = joined(listed);
  if (ranges.length > 0) warnings.unshift(toldOf(ranges, sectorSize));
  return { ranges, warnings };
}

/**
 * Hands out each entry, until it is told to stop.
 * @returns what is wrong with the section, or null
 */
async function readSection(
  { container, isChecked }: EwfSegment,
  { offset, size }: EwfSection,
  tell: (first: number, count: number) => boolean,
): Promise<string | null> {
  const room = Math.min(size, container.source.byteLength - offset);
  if (room < HEADER) return `has ${Math.max(0, room)} bytes where its header takes ${HEADER}`;
  try {
    const header = await container.fields(offset, HEADER, "the section 'error2'");
    if (isChecked && !isIntact(header, HEADED)) return 'does not match its checksum';
    const length = header.u32(0) * ENTRY;
    const footer = isChecked ? 4 : 0;
    if (HEADER + length + footer > room) return `lists ${header.u32(0)} ranges, which do not fit in ${room} bytes`;
    let sum = 1;
    let isAll = true;
    for await (const piece of container.pieces(offset + HEADER, length, "the section 'error2'")) {
      sum = adler32(piece, sum);
      for (let at = 0; isAll && at < piece.length; at += ENTRY)
        isAll = tell(piece.readUInt32LE(at), piece.readUInt32LE(at + 4));
      if (!isAll) return `lists ${header.u32(0)} ranges, more than the ${MAX_READ_ERRORS} that are kept`;
    }
    if (!isChecked) return null;
    const kept = await container.fields(offset + HEADER + length, footer, "a checksum of the section 'error2'");
    return kept.u32(0) === sum ? null : 'has entries that do not match their checksum';
  } catch (error) {
    if (!isLocalDamage(error)) throw error;
    return `cannot be read (${error.message})`;
  }
}

function joined(listed: Range[]): Range[] {
  const ranges: [number, number][] = [];
  for (const [start, end] of listed.sort((a, b) => a[0] - b[0])) {
    const last = ranges.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else ranges.push([start, end]);
  }
  return ranges;
}

function toldOf(ranges: readonly Range[], sectorSize: number): Warning {
  let bytes = 0;
  let pages = 0;
  let nextPage = 0;
  for (const [start, end] of ranges) {
    bytes += end - start;
    // Two ranges may share a page.
    const first = Math.max(nextPage, Math.floor(start / PAGE_SIZE));
    nextPage = Math.ceil(end / PAGE_SIZE);
    pages += Math.max(0, nextPage - first);
  }
  const sectors = Math.ceil(bytes / sectorSize);
  const message = `${sectors} ${sectors === 1 ? 'sector' : 'sectors'} could not be read when the image was made, the first at ${hex(ranges[0]![0])} of its contents: ${pages} ${pages === 1 ? 'page counts' : 'pages count'} as missing`;
  return { code: 'image-damaged', message };
}

/** A view in which sectors that could not be acquired cannot be read either: zeros stand in their place. */
export class WithoutReadErrors extends SourceView {
  /** @param ranges ascending, apart from each other */
  constructor(
    base: Source,
    private readonly ranges: readonly Range[],
  ) {
    super(base);
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    const first = this.firstBehind(offset);
    if (first !== undefined && first[0] < offset + target.length) {
      throw new PoolTrackerError(
        'FORMAT_DAMAGED',
        `${this.name}: the sector at ${hex(Math.max(first[0], offset))} of its contents could not be read when the image was made`,
        { data: { local: true } },
      );
    }
    return this.base.read(target, offset);
  }

  /** The first range that ends behind `offset`. */
  private firstBehind(offset: number): Range | undefined {
    let low = 0;
    for (let high = this.ranges.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (this.ranges[middle]![1] > offset) high = middle;
      else low = middle + 1;
    }
    return this.ranges[low];
  }
}
