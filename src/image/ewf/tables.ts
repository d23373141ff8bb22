import { hex } from '../../address.js';
import { adler32 } from '../../codec/zlib.js';
import { PoolTrackerError } from '../../errors.js';
import type { Fields } from '../../source/reading/container.js';
import { RecordTable } from '../../source/reading/record-table.js';
import { isLocalDamage } from '../unreadable.js';
import { type EwfSection, type EwfSegment, isIntact } from './segments.js';

const HEADER = 24;

/** Bytes of a table's header before their checksum. */
const HEADED = 20;

const ENTRY = 4;
const COMPRESSED = 0x8000_0000;

/** Whether an error is about bytes that were read, and so the same whenever they are read again. */
function isDamage(error: unknown): boolean {
  return error instanceof PoolTrackerError && error.code === 'FORMAT_DAMAGED';
}

/** An error for which the copy is tried: damage, or a place that cannot be read. Others are thrown. */
function hindrance(error: unknown): PoolTrackerError {
  if (error instanceof PoolTrackerError && (isDamage(error) || isLocalDamage(error))) return error;
  throw error;
}

/** One of the two copies of a table. */
interface TableCopy {
  readonly section: EwfSection;
  readonly count: number;
  /** Added to each entry. */
  readonly base: number;
  /** Whether the Adler-32 of the entries follows them. */
  readonly isChecked: boolean;
}

/** The chunks that a table section and its copy list: where in the segment their data lie. */
export class ChunkList {
  private checked: Promise<RecordTable> | null = null;

  /**
   * @param firstChunk number of the first one in the image
   * @param dataEnd end of the last chunk's data
   */
  constructor(
    readonly segment: EwfSegment,
    readonly firstChunk: number,
    private readonly copies: readonly [TableCopy, ...TableCopy[]],
    private readonly dataEnd: number,
  ) {}

  get count(): number {
    return this.copies[0].count;
  }

  /**
   * Where a chunk of the list lies, and whether it is compressed.
   * @throws PoolTrackerError FORMAT_DAMAGED when no copy of the table matches its checksum
   */
  async find(index: number): Promise<{ offset: number; stored: number; isCompressed: boolean }> {
    const entries = await this.entries();
    const place = async (at: number): Promise<number> =>
      this.copies[0].base + ((await entries.get(at)).u32(0) & ~COMPRESSED);
    const offset = await place(index);
    const end = index + 1 === this.count ? this.dataEnd : await place(index + 1);
    return { offset, stored: end - offset, isCompressed: ((await entries.get(index)).u32(0) & COMPRESSED) !== 0 };
  }

  /** Read when the first chunk of it is asked for; again after what may be gone the next time. */
  private entries(): Promise<RecordTable> {
    if (this.checked !== null) return this.checked;
    const reading = this.intact();
    this.checked = reading;
    reading.catch((error: unknown) => {
      if (!isDamage(error)) this.checked = null;
    });
    return reading;
  }

  /**
   * The entries of the first copy that can be read and matches its checksum; where none does, what may be gone the next
   * time is the answer before what is damaged for good.
   */
  private async intact(): Promise<RecordTable> {
    const failures: PoolTrackerError[] = [];
    for (const copy of this.copies) {
      try {
        return await this.intactCopy(copy);
      } catch (error) {
        failures.push(hindrance(error));
      }
    }
    throw failures.find((error) => !isDamage(error)) ?? failures[0]!;
  }

  private async intactCopy({ section, count, isChecked }: TableCopy): Promise<RecordTable> {
    const { container } = this.segment;
    const at = section.offset + HEADER;
    const table = new RecordTable(container, at, ENTRY, count, 'chunk offset');
    if (!isChecked) {
      // Only that it can be read.
      for await (const piece of container.pieces(at, count * ENTRY, 'a table')) void piece;
      return table;
    }
    let sum = 1;
    for await (const piece of container.pieces(at, count * ENTRY, 'a table')) sum = adler32(piece, sum);
    const footer = await container.fields(at + count * ENTRY, 4, "a table's checksum");
    if (footer.u32(0) === sum) return table;
    throw container.damaged(
      `the entries of the section '${section.type}' at ${hex(section.offset)} do not match their checksum, nor do those of a copy`,
    );
  }
}

/**
 * The tables of all segments in order; `table2` repeats the `table` before it.
 * @throws PoolTrackerError FORMAT_DAMAGED where neither tells how many chunks there are: all later ones would be shifted
 */
export async function listChunks(segments: readonly EwfSegment[]): Promise<ChunkList[]> {
  const lists: ChunkList[] = [];
  let firstChunk = 0;
  for (const segment of segments) {
    for (const { sections, dataEnd } of tablesOf(segment)) {
      const list = new ChunkList(segment, firstChunk, await readCopies(segment, sections), dataEnd);
      lists.push(list);
      firstChunk += list.count;
    }
  }
  return lists;
}

/** Each table with its copy, and the end of the data that they list. */
function tablesOf({ container, sections }: EwfSegment): { sections: EwfSection[]; dataEnd: number }[] {
  const tables: { sections: EwfSection[]; dataEnd: number }[] = [];
  let dataEnd = container.source.byteLength;
  for (const section of sections) {
    if (section.type === 'sectors') dataEnd = section.offset + section.size;
    if (section.type === 'table') tables.push({ sections: [section], dataEnd });
    if (section.type === 'table2') tables.at(-1)?.sections.push(section);
  }
  return tables;
}

async function readCopies(segment: EwfSegment, sections: readonly EwfSection[]): Promise<[TableCopy, ...TableCopy[]]> {
  const { container, isChecked } = segment;
  const copies: TableCopy[] = [];
  let unread: PoolTrackerError | null = null;
  for (const section of sections) {
    // A file that is cut short may end before the copy does.
    if (copies.length > 0 && section.offset + section.size > container.source.byteLength) continue;
    let header: Fields;
    try {
      header = await container.fields(section.offset, HEADER, `the section '${section.type}'`);
    } catch (error) {
      if (!isLocalDamage(error)) throw error;
      unread ??= error;
      continue;
    }
    if (isChecked && !isIntact(header, HEADED)) continue;
    const count = header.u32(0);
    const room = section.size - HEADER - count * ENTRY;
    if (room < 0) {
      throw container.damaged(`its table has ${count} entries, which do not fit in ${section.size} bytes`);
    }
    const base = header.size(8, "a table's base offset");
    const [first] = copies;
    if (first === undefined || (first.count === count && first.base === base))
      copies.push({ section, count, base, isChecked: isChecked && room >= 4 });
  }
  const [first, ...others] = copies;
  if (first !== undefined) return [first, ...others];
  throw (
    unread ??
    container.damaged(
      `the header of the section 'table' at ${hex(sections[0]!.offset)} does not match its checksum, nor does that of a copy`,
    )
  );
}
