import { PAGE_SIZE } from '../../address.js';
import { PoolTrackerError, type Warning } from '../../errors.js';
import { type ByteReader, readerOf } from '../../source/reading/byte-reader.js';
import { type Chunk, ChunkedSource, evenChunks } from '../../source/reading/chunked-source.js';
import { Container } from '../../source/reading/container.js';
import { readBytes } from '../../source/source.js';
import { doubtful, type ImageFormat, type ImageHints } from '../image.js';
import { MemoryUnits } from './memory-unit.js';
import { FIRST_CPUM_VERSION, MAX_CPUM, processorRoots } from './processors.js';
import { dataLength, MAX_RECORD, recordHead, unpackRecord } from './records.js';
import { type DataPlace, UnitData } from './unit-data.js';
import { FINAL_PASS, isVirtualBoxState, readStateHeader, readUnitHeader, skipUnit } from './units.js';

const TITLE = 'VirtualBox saved state';
/** Parts with wrong checksums that are named. */
const MAX_NAMED = 8;

/** What one walk over a saved state finds. */
class StateWalk {
  hints: Pick<ImageHints, 'pageTableRoots' | 'processors'> = {};
  /** Parts whose checksums are wrong: the first ones by name, and how many there are. */
  readonly changed: string[] = [];
  changedCount = 0;
  /** Whether one of them holds memory. */
  isMemoryChanged = false;
  /** Whether the checksum over the last of memory was reached. */
  isVerified = false;
  /** What broke the format's rules behind the first pages, and ended the walk. */
  damage: PoolTrackerError | null = null;

  private constructor(readonly memory: MemoryUnits) {}

  /** @throws PoolTrackerError FORMAT_REFUSED, FORMAT_DAMAGED when that comes before any page of memory */
  static async over(input: ByteReader, byteLength: number): Promise<StateWalk> {
    const header = await readStateHeader(input);
    const walk = new StateWalk(new MemoryUnits(header, byteLength, input));
    if (!header.isIntact) walk.noteChanged('the header');
    try {
      await walk.units(input, byteLength);
    } catch (error) {
      const isBehindPages =
        error instanceof PoolTrackerError && error.code === 'FORMAT_DAMAGED' && walk.memory.hasPages;
      if (!isBehindPages) throw error;
      walk.damage = error;
    }
    return walk;
  }

  private noteChanged(part: string): void {
    if (this.changedCount++ < MAX_NAMED) this.changed.push(part);
  }

  /** Until memory and processors were read, or the file ends. */
  private async units(input: ByteReader, byteLength: number): Promise<void> {
    for (let knowsProcessors = false; !this.memory.isWhole || !knowsProcessors;) {
      const unit = await readUnitHeader(input);
      if (unit === null) return;
      const isMemory = unit.name === 'pgm';
      const isProcessors = unit.name === 'cpum' && unit.pass === FINAL_PASS;
      const pass = unit.pass === FINAL_PASS ? '' : ` (pass ${unit.pass})`;
      if (!unit.isIntact) this.noteChanged(`the header of the unit '${unit.name}'${pass}`);
      if (!isMemory && !isProcessors) {
        // Its name may be what was changed: it may be memory that is passed over here.
        this.isMemoryChanged ||= !unit.isIntact && !this.memory.isWhole;
        if (!(await skipUnit(input))) return;
        continue;
      }
      const data = new UnitData(input, unit, byteLength);
      if (isMemory) await this.memory.read(unit, data);
      else {
        knowsProcessors = true;
        if (unit.version >= FIRST_CPUM_VERSION) this.hints = processorRoots(await data.upTo(MAX_CPUM));
      }
      await data.finish();
      if (data.isChanged) {
        this.noteChanged(`the unit '${unit.name}'${pass}`);
        this.isMemoryChanged ||= isMemory;
      }
      if (data.isCut) return;
      this.isVerified ||= isMemory && this.memory.isWhole;
    }
  }
}

function warningsOf({ memory, changed, changedCount, damage, isVerified }: StateWalk, missing: number): Warning[] {
  const warnings: Warning[] = [];
  const { size, outside } = memory.pages!;
  const lost = `${missing} of ${size} bytes of memory are not in it`;
  const more = changedCount > changed.length ? ` and ${changedCount - changed.length} more` : '';
  const stale = memory.isLive ? ', and pages that were saved again later are as they were before' : '';
  if (damage !== null)
    warnings.push({ code: 'image-damaged', message: `${damage.message}; it is read up to there: ${lost}${stale}` });
  else if (!isVerified) warnings.push({ code: 'image-cut', message: `the saved state is cut short: ${lost}${stale}` });
  else if (missing > 0) warnings.push({ code: 'image-damaged', message: `the saved state lacks pages: ${lost}` });
  if (changed.length > 0)
    warnings.push({
      code: 'image-damaged',
      message: `the checksum of ${changed.join(', of ')}${more} is wrong: bytes of it were changed, and it is not known which`,
    });
  if (outside > 0)
    warnings.push({
      code: 'image-damaged',
      message: `${outside} pages of the saved state are outside the machine's memory and left out`,
    });
  return warnings;
}

/** What is wrong with memory, it is not known where; none where nothing is. */
function doubtsOf({ memory, isMemoryChanged, damage, isVerified }: StateWalk): Warning[] {
  if (isMemoryChanged)
    return [doubtful('the checksum of the saved memory is wrong: any page of it may have been changed')];
  if (damage !== null && !isVerified)
    return [
      doubtful(
        'the saved memory breaks the rules of its format, and its checksum was not reached: any page of it may be another',
      ),
    ];
  if (memory.isLive && !isVerified)
    return [
      doubtful('the saved state ends before the end of its memory: of any page it may have an earlier version only'),
    ];
  return [];
}

/** A page out of its record, and out of those that follow where it goes on there. */
async function pageAt(container: Container, { record, skip }: DataPlace): Promise<Buffer> {
  const page = Buffer.alloc(PAGE_SIZE);
  let bytes: Buffer = Buffer.alloc(0);
  let at = record;
  for (let filled = 0; filled < PAGE_SIZE;) {
    let head = recordHead(bytes, at, container);
    if (head === null || bytes.length < head.headerLength + head.storedLength) {
      bytes = await readBytes(container.source, at, MAX_RECORD);
      head = recordHead(bytes, at, container);
    }
    const length = head === null ? 0 : head.headerLength + head.storedLength;
    if (head === null || head.kind === 'end' || bytes.length < length)
      throw container.damaged('the record of a page is not as it was when the file was opened');
    const stored = bytes.subarray(head.headerLength, length);
    const data = unpackRecord(head, stored, dataLength(head, stored[0] ?? 0, at, container), container);
    const used = filled === 0 ? skip : 0;
    filled += data.copy(page, filled, used);
    at += length;
    bytes = bytes.subarray(length);
  }
  return page;
}

/** A virtual machine's state as VirtualBox saves it: units of records, of which one kind holds memory page by page. */
export const virtualBoxState: ImageFormat = {
  name: 'virtualbox-sav',
  title: 'VirtualBox saved state (.sav)',
  probe: isVirtualBoxState,
  async open(source) {
    const container = new Container(source, TITLE);
    const walk = await StateWalk.over(readerOf(source, source.name, TITLE), source.byteLength);
    const { pages } = walk.memory;
    const found = pages?.runs(container.label);
    if (pages === null || found === undefined || found.runs.count === 0)
      throw container.damaged('it ends before its first page of memory');
    const load = (chunk: Chunk): Promise<Buffer> => {
      const place = pages.placeOf(chunk.index);
      return place === null ? Promise.resolve(Buffer.alloc(PAGE_SIZE)) : pageAt(container, place);
    };
    return {
      format: 'virtualbox-sav',
      source: new ChunkedSource([source], { ...evenChunks(PAGE_SIZE, pages.end), load }),
      runs: found.runs,
      hints: walk.hints,
      warnings: [...warningsOf(walk, found.missing), ...doubtsOf(walk)],
    };
  },
};
