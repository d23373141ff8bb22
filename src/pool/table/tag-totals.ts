import { createHash } from 'node:crypto';
import { UNKNOWN } from './hash-law.js';
import { COUNTER_COUNT, counterBits, type TrackerLayout } from './tracker-layout.js';
import { TrackerTable } from './tracker-table.js';

/** Where an entry lies: in a hashed slot of the table, in its last slot (overflow), or in the expansion table. */
export type Place = 'table' | 'overflow' | 'expansion';

/**
 * Non-paged allocs, frees and bytes, then paged allocs, frees and bytes. Bytes are signed; allocs and frees are unsigned
 * where the kernel counts in 32 bits, and signed where it counts in 64.
 */
export type CounterValues = readonly [bigint, bigint, bigint, bigint, bigint, bigint];

/** One tag's counters, of one processor or of all. */
export interface TagCounts {
  /** The tag's four bytes as an unsigned little-endian number; bit 31 says PROTECTED_POOL. `tagName` makes text of it. */
  readonly key: number;
  /** Index of the entry in its table, from 0. */
  readonly slot: number;
  /** Which part of the tables the entry is in. */
  readonly place: Place;
  /** Allocations and frees since the system started, and bytes that are allocated now. */
  readonly counters: CounterValues;
  /** False when a page or a processor that could hold a part of these counts was missing. */
  readonly complete: boolean;
}

/** One tag's counters, summed over all processors as the kernel's own report does. */
export interface TagTotal extends TagCounts {
  /** Non-paged allocs minus frees, wrapped at the width of the counters and read as signed. */
  readonly nonPagedOutstanding: bigint;
  /** Paged allocs minus frees, likewise. */
  readonly pagedOutstanding: bigint;
  /** Processors whose tables hold the tag; 0 in the expansion table, which all processors share. */
  readonly processorsSeen: number;
}

/** One tag's counters in one processor's table, not summed. */
export interface ProcessorTag extends TagCounts {
  /** Null for the expansion table and where it is not known. */
  readonly processor: number | null;
}

/** allocs - frees at the counter's width, read as signed. */
export function outstanding(allocs: bigint, frees: bigint, bits: 32 | 64): bigint {
  return BigInt.asIntN(bits, allocs - frees);
}

/**
 * Sums tables as the kernel's own report does (NtQuerySystemInformation, SystemPoolTagInformation): by slot over all
 * processors' tables, wrapping at each counter's own width, then the expansion table.
 *
 * The report's last step, raising allocs to frees where they are fewer, is left out: it hides what a smeared image or a
 * wrapped counter shows, and both numbers are given anyway.
 */
export class TagTotals {
  private readonly keys: Float64Array;
  private readonly sums: BigUint64Array;
  private readonly seen: Uint16Array;
  private readonly incomplete: Uint8Array;
  private readonly scratch = new BigUint64Array(COUNTER_COUNT);
  private readonly expansion: TagTotal[] = [];
  private isExpansionDoubted = false;
  /** Slots where two processors' tables hold different keys: the image changed while it was taken. */
  conflicts = 0;
  entriesMissing = 0;
  pagesMissing = 0;
  tables = 0;

  /** @param slots N; the table has one entry more, for overflow */
  constructor(
    readonly layout: TrackerLayout,
    readonly slots: number,
  ) {
    this.keys = new Float64Array(slots + 1).fill(UNKNOWN);
    this.sums = new BigUint64Array((slots + 1) * COUNTER_COUNT);
    this.seen = new Uint16Array(slots + 1);
    this.incomplete = new Uint8Array(slots + 1);
  }

  /** Adds one processor's table; table 0 comes first, since it names each slot's tag. */
  add(table: TrackerTable): void {
    this.tables++;
    this.pagesMissing += table.pagesMissing;
    for (let slot = 0; slot <= this.slots; slot++) {
      if (!table.isReadable(slot)) {
        this.entriesMissing++;
        this.incomplete[slot] = 1;
        if (table.key(slot) > 0) this.note(slot, table.key(slot));
        continue;
      }
      const key = table.key(slot);
      if (key === 0) {
        if (this.tables === 1) this.keys[slot] = 0;
        continue;
      }
      this.note(slot, key);
      table.counters(slot, this.scratch, 0);
      const at = slot * COUNTER_COUNT;
      for (let index = 0; index < COUNTER_COUNT; index++) this.sums[at + index]! += this.scratch[index]!;
    }
  }

  private note(slot: number, key: number): void {
    this.seen[slot]!++;
    const known = this.keys[slot]!;
    if (known === key) return;
    if (known > 0 || (known === 0 && this.tables > 1)) {
      this.conflicts++;
      this.incomplete[slot] = 1;
    }
    if (known <= 0) this.keys[slot] = key;
  }

  /** Appends the expansion table: searched linearly, ends at the first key of 0. */
  addExpansion(table: TrackerTable): void {
    this.pagesMissing += table.pagesMissing;
    for (const { key, slot, counters } of entriesOf(table, 'expansion', 0, null)) {
      this.expansion.push(this.total(key, slot, 'expansion', counters, 0, true));
    }
    for (let slot = 0; slot < table.entries && table.key(slot) !== 0; slot++) {
      if (!table.isReadable(slot)) this.entriesMissing++;
    }
  }

  /** Marks every tag as incomplete: the tables of `count` processors could not be read. */
  missTables(count: number): void {
    this.incomplete.fill(1);
    this.entriesMissing += count * (this.slots + 1);
    this.pagesMissing += count * new TrackerTable(this.layout, this.slots + 1).pageCount;
  }

  /** Marks the tags of these slots, or every one: what was added for them may not be all, or too much. */
  doubt(slots: { readonly first: number; readonly last: number } | null): void {
    if (slots === null) this.isExpansionDoubted = true;
    const { first, last } = slots ?? { first: 0, last: this.slots };
    this.incomplete.fill(1, Math.max(0, first), Math.min(this.slots, last) + 1);
  }

  /** Every tag in table order, then the expansion. */
  *totals(): Generator<TagTotal> {
    for (let slot = 0; slot <= this.slots; slot++) {
      const key = this.keys[slot]!;
      if (key <= 0) continue;
      const at = slot * COUNTER_COUNT;
      const counters = signedCounters(this.layout, this.sums, at);
      yield this.total(
        key,
        slot,
        slot === this.slots ? 'overflow' : 'table',
        counters,
        this.seen[slot]!,
        this.incomplete[slot] === 0,
      );
    }
    // A doubt of every tag is one of those in the expansion table, too.
    for (const total of this.expansion) yield this.isExpansionDoubted ? { ...total, complete: false } : total;
  }

  private total(
    key: number,
    slot: number,
    place: Place,
    counters: CounterValues,
    processorsSeen: number,
    complete: boolean,
  ): TagTotal {
    const bits = this.layout.countBits;
    return {
      key,
      slot,
      place,
      counters,
      complete,
      processorsSeen,
      nonPagedOutstanding: outstanding(counters[0], counters[1], bits),
      pagedOutstanding: outstanding(counters[3], counters[4], bits),
    };
  }

  /**
   * The identity of the memory: 32 hexadecimal digits of SHA-256 over the layout and every total. It depends on the
   * contents of memory alone, so that a raw image and a crash dump of the same memory have the same one.
   */
  imageId(): string {
    const hash = createHash('sha256').update(`pool-tags ${this.layout.size} ${this.slots}\n`);
    for (const { key, slot, place, counters } of this.totals())
      hash.update(`${place} ${slot} ${key} ${counters.join(' ')}\n`);
    return hash.digest('hex').slice(0, 32);
  }
}

/** Counters as records carry them: counts unsigned at 32 bits and signed at 64, bytes signed at their width. */
function signedCounters(layout: TrackerLayout, values: BigUint64Array, at: number): CounterValues {
  const value = (index: number): bigint => {
    const bits = counterBits(layout, index);
    const isCountOf32 = bits === 32 && index % 3 !== 2;
    return isCountOf32 ? BigInt.asUintN(32, values[at + index]!) : BigInt.asIntN(bits, values[at + index]!);
  };
  return [value(0), value(1), value(2), value(3), value(4), value(5)];
}

/**
 * The entries of one table that are in use, not summed.
 * @param slots N, by which the overflow slot is recognised; not used for the expansion table, which ends at its first
 * free entry
 */
export function* entriesOf(
  table: TrackerTable,
  place: 'table' | 'expansion',
  slots: number,
  processor: number | null,
): Generator<ProcessorTag> {
  const values = new BigUint64Array(COUNTER_COUNT);
  for (let slot = 0; slot < table.entries; slot++) {
    const key = table.key(slot);
    if (key === 0 && place === 'expansion') return;
    if (key === 0 || !table.isReadable(slot)) continue;
    table.counters(slot, values, 0);
    const where = place === 'table' && slot === slots ? 'overflow' : place;
    yield { key, slot, place: where, processor, counters: signedCounters(table.layout, values, 0), complete: true };
  }
}
