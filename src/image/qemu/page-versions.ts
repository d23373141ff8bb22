import { PAGE_SIZE } from '../../address.js';
import { applyXbzrle } from './xbzrle.js';
import { decodeZlib } from '../../codec/zlib.js';
import type { Container } from '../../source/reading/container.js';
import { ChangeList } from './change-list.js';

/** What zlib may make of a page that does not compress, at most (compressBound in QEMU's migration/ram.c). */
export const MAX_PACKED = PAGE_SIZE + 64;

const ABSENT = 0;
/** Changed from a version that is not known. */
const LOST = -1;
/** A page that the byte b fills is FILLED - b. */
const FILLED = -2;
/** A page whose last change is c is CHANGED - c. */
const CHANGED = FILLED - 256;

/**
 * Where the last version of each page lies in a file whose records are seen in order, each valid until the next of the
 * same page. One number a page: twice the file offset of its bytes, plus 1 where they are compressed, or one of the
 * negative ones above.
 */
export class PageVersions {
  private readonly places: Float64Array;
  private readonly changes = new ChangeList();

  constructor(
    private readonly container: Container,
    readonly count: number,
  ) {
    this.places = new Float64Array(count);
  }

  fill(page: number, byte: number): void {
    this.replace(page, FILLED - byte);
  }

  /** Its bytes lie at `offset` as they are. */
  store(page: number, offset: number): void {
    this.replace(page, 2 * offset);
  }

  /** Its bytes lie at `offset` as a zlib stream, the length of which is in the four bytes before. */
  pack(page: number, offset: number): void {
    this.replace(page, 2 * offset + 1);
  }

  /** What changed since its last version lies at `offset`. */
  change(page: number, offset: number, length: number): void {
    const before = this.places[page]!;
    const isKnown = before !== ABSENT && before !== LOST;
    const change = isKnown ? this.changes.add(offset, length, before, lastChange(before)) : null;
    if (change === null) this.replace(page, LOST);
    else this.places[page] = CHANGED - change;
  }

  isPresent(page: number): boolean {
    return this.places[page] !== ABSENT && this.places[page] !== LOST;
  }

  /** Whether changes of the page are in the file, and the version that they were made to is not known. */
  isLost(page: number): boolean {
    return this.places[page] === LOST;
  }

  /** The bytes of a page that is present. @throws PoolTrackerError FORMAT_DAMAGED */
  async load(page: number): Promise<Buffer> {
    const { base, changes } = this.changes.back(this.places[page]!, lastChange);
    const bytes = await this.version(base);
    if (changes.length === 0) return bytes;
    const copy = Buffer.from(bytes);
    for (const { offset, length } of changes)
      applyXbzrle(await this.container.bytes(offset, length, 'changes of a page'), copy);
    return copy;
  }

  private async version(place: number): Promise<Buffer> {
    if (place < 0) return Buffer.alloc(PAGE_SIZE, FILLED - place);
    const offset = Math.floor(place / 2);
    if (place % 2 === 0) return this.container.bytes(offset, PAGE_SIZE, 'a page');
    const length = (await this.container.bytes(offset - 4, 4, 'the length of a page')).readUInt32BE();
    return decodeZlib(await this.container.bytes(offset, Math.min(length, MAX_PACKED), 'a page'), PAGE_SIZE);
  }

  private replace(page: number, place: number): void {
    this.changes.drop(this.places[page]!, lastChange);
    this.places[page] = place;
  }
}

/** The change that a place leads to; null where it is no change. */
function lastChange(place: number): number | null {
  return place <= CHANGED ? CHANGED - place : null;
}
