import { PAGE_SIZE } from '../../address.js';
import { UNKNOWN } from './hash-law.js';
import { COUNTER_COUNT, counterBits, type TrackerLayout } from './tracker-layout.js';

/**
 * The bytes of one table, assembled from its pages in any order, and the entries in them. Entries may straddle pages;
 * an entry is readable only when every page that it touches is present.
 */
export class TrackerTable {
  readonly pageCount: number;
  private readonly bytes: Buffer;
  /** The same bytes: its reads cost a fraction of a Buffer's while code has not run often, which most never does. */
  private readonly view: DataView;
  private readonly words: Uint32Array;
  private readonly present: Uint8Array;

  /** @param entries how many entries the table has: N + 1, or those of the expansion table */
  constructor(
    readonly layout: TrackerLayout,
    readonly entries: number,
  ) {
    this.pageCount = Math.ceil((entries * layout.size) / PAGE_SIZE);
    this.bytes = Buffer.from(new ArrayBuffer(this.pageCount * PAGE_SIZE));
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    this.words = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length / 4);
    this.present = new Uint8Array(this.pageCount);
  }

  /** Stores a page; pages beyond the end of the table are ignored. */
  put(pageIndex: number, page: Uint8Array): void {
    if (pageIndex < 0 || pageIndex >= this.pageCount) return;
    this.bytes.set(page, pageIndex * PAGE_SIZE);
    this.present[pageIndex] = 1;
  }

  /** Whether this page was put. */
  hasPage(pageIndex: number): boolean {
    return this.present[pageIndex] === 1;
  }

  get pagesMissing(): number {
    return this.pageCount - this.present.reduce((sum, there) => sum + there, 0);
  }

  isReadable(entry: number): boolean {
    const start = entry * this.layout.size;
    const first = Math.floor(start / PAGE_SIZE);
    const last = Math.floor((start + this.layout.size - 1) / PAGE_SIZE);
    return this.present[first] === 1 && this.present[last] === 1;
  }

  /** Stretches of entries that are not readable, in ascending order; the last of each inclusive. */
  unreadStretches(): { readonly first: number; readonly last: number }[] {
    const stretches: { first: number; last: number }[] = [];
    for (let entry = 0; entry < this.entries; entry++) {
      if (this.isReadable(entry)) continue;
      const before = stretches.at(-1);
      if (before?.last === entry - 1) before.last = entry;
      else stretches.push({ first: entry, last: entry });
    }
    return stretches;
  }

  /** The entry's key: 0 when the slot is free, UNKNOWN when its page is missing. */
  key(entry: number): number {
    const start = entry * this.layout.size;
    return this.present[Math.floor(start / PAGE_SIZE)] === 1 ? this.view.getUint32(start, true) : UNKNOWN;
  }

  /** Whether any byte of a readable entry is not 0. */
  hasBytes(entry: number): boolean {
    if (!this.isReadable(entry)) return false;
    const { words } = this;
    const start = (entry * this.layout.size) / 4;
    const end = start + this.layout.size / 4;
    for (let at = start; at < end; at++) if (words[at] !== 0) return true;
    return false;
  }

  /** Whether a readable entry has the same bytes in another table of this layout. */
  equals(other: TrackerTable, entry: number): boolean {
    const start = entry * this.layout.size;
    return this.bytes.compare(other.bytes, start, start + this.layout.size, start, start + this.layout.size) === 0;
  }

  /** Whether one of the first `slots` slots is known to be free; while there is one, no tag goes to the expansion table. */
  hasFreeSlot(slots: number): boolean {
    for (let slot = 0; slot < slots; slot++) if (this.key(slot) === 0) return true;
    return false;
  }

  /** Keys by slot, as the hash law judges them. */
  keys(): Float64Array {
    const keys = new Float64Array(this.entries);
    for (let entry = 0; entry < keys.length; entry++) keys[entry] = this.key(entry);
    return keys;
  }

  /** Writes the entry's six counters, unsigned at their own width, into `target` from `at` on. */
  counters(entry: number, target: BigUint64Array, at: number): void {
    const { layout, view } = this;
    const start = entry * layout.size;
    for (let index = 0; index < COUNTER_COUNT; index++) {
      const offset = start + layout.offsets[index]!;
      target[at + index] =
        counterBits(layout, index) === 64 ? view.getBigUint64(offset, true) : BigInt(view.getUint32(offset, true));
    }
  }
}
