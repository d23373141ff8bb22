import { createHash } from 'node:crypto';
import { type Consistency, consistencyOf } from './consistency.js';
import { addCounters, type CounterValues, outstanding, signedCounters } from './counters.js';
import { UNKNOWN } from './hash-law.js';
import { type KeylessCounts, KeylessOverflow } from './keyless-overflow.js';
import { COUNTER_COUNT, type TrackerLayout } from './tracker-layout.js';
import { TrackerTable } from './tracker-table.js';

export type { CounterValues } from './counters.js';
export type { KeylessCounts } from './keyless-overflow.js';

/** Where an entry lies: in a hashed slot of the table, in its last slot (overflow), or in the expansion table. */
export type Place = 'table' | 'overflow' | 'expansion';

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
  /** What the counters themselves show. */
  readonly consistency: Consistency;
  /** Of the overflow slot's tag (`Ovfl`): counts of such slots without a key, not contained in its own; else null. */
  readonly keyless: KeylessCounts | null;
}

/** One tag's counters in one processor's table, not summed. */
export interface ProcessorTag extends TagCounts {
  /** Null for the expansion table and where it is not known. */
  readonly processor: number | null;
}

/** Which totals are doubted. */
export interface DoubtedSlots {
  /** Null: every tag. */
  readonly slots: { readonly first: number; readonly last: number } | null;
  readonly table?: 'expansion';
}

/** Why a slot's total is incomplete, as bits. */
const UNREAD = 1;
const CONFLICTING = 2;
const DOUBTED = 4;
const LACKING_PROCESSORS = 8;

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
  /** The totals of all slots, as if all were complete; null until they are asked for, and when a table is added. */
  private summed: TagTotal[] | null = null;
  private isExpansionDoubted = false;
  private readonly keylessOverflow: KeylessOverflow;
  /** Slots where two processors' tables hold different keys: the image changed while it was taken. */
  conflicts = 0;
  entriesMissing = 0;
  /** Entries of the expansion table that were not read, so that nobody knows whether they are in use. */
  expansionEntriesMissing = 0;
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
    this.keylessOverflow = new KeylessOverflow(layout);
  }

  /** What overflow slots without a key count; in none of the totals. Null when there is nothing. */
  get keyless(): KeylessCounts | null {
    return this.keylessOverflow.counts();
  }

  /** Adds one processor's table; table 0 comes first, since it names each slot's tag. */
  add(table: TrackerTable): void {
    this.tables++;
    this.summed = null;
    this.pagesMissing += table.pagesMissing;
    for (let slot = 0; slot <= this.slots; slot++) {
      if (!table.isReadable(slot)) {
        this.entriesMissing++;
        this.incomplete[slot]! |= UNREAD;
        if (table.key(slot) > 0) this.note(slot, table.key(slot));
        continue;
      }
      const key = table.key(slot);
      if (key === 0) {
        if (this.tables === 1) this.keys[slot] = 0;
        if (slot === this.slots) {
          table.counters(slot, this.scratch, 0);
          this.keylessOverflow.add(this.scratch);
        }
        continue;
      }
      this.note(slot, key);
      table.counters(slot, this.scratch, 0);
      addCounters(this.sums, slot * COUNTER_COUNT, this.scratch);
    }
  }

  private note(slot: number, key: number): void {
    this.seen[slot]!++;
    const known = this.keys[slot]!;
    if (known === key) return;
    if (known > 0 || (known === 0 && this.tables > 1)) {
      this.conflicts++;
      this.incomplete[slot]! |= CONFLICTING;
    }
    if (known <= 0) this.keys[slot] = key;
  }

  /** Appends the expansion table: searched linearly, ends at the first key of 0. */
  addExpansion(table: TrackerTable): void {
    this.pagesMissing += table.pagesMissing;
    for (const { key, slot, counters } of entriesOf(table, 'expansion', 0, null)) {
      this.expansion.push(this.total(key, slot, 'expansion', counters, 0));
    }
    for (let slot = 0; slot < table.entries && table.key(slot) !== 0; slot++) {
      if (!table.isReadable(slot)) this.expansionEntriesMissing++;
    }
    this.entriesMissing += this.expansionEntriesMissing;
  }

  /** Marks every tag as incomplete: the tables of `count` processors could not be read. */
  missTables(count: number): void {
    this.mark(0, this.slots, LACKING_PROCESSORS);
    this.entriesMissing += count * (this.slots + 1);
    this.pagesMissing += count * new TrackerTable(this.layout, this.slots + 1).pageCount;
  }

  /**
   * Marks the tags of these slots, or every one: what was added for them may not be all, or too much.
   * @param doubt `table` where only the expansion table's tags are concerned
   */
  doubt({ slots, table }: DoubtedSlots): void {
    if (slots === null) this.isExpansionDoubted = true;
    if (table === 'expansion') return;
    const { first, last } = slots ?? { first: 0, last: this.slots };
    this.mark(Math.max(0, first), Math.min(this.slots, last), DOUBTED);
  }

  private mark(first: number, last: number, bit: number): void {
    for (let slot = first; slot <= last; slot++) this.incomplete[slot]! |= bit;
  }

  /** A processor's own entry, incomplete where a doubt concerns it; what other processors lack does not. */
  marked(tag: ProcessorTag): ProcessorTag {
    const isDoubted =
      tag.place === 'expansion'
        ? this.isExpansionDoubted
        : (this.incomplete[tag.slot]! & (DOUBTED | CONFLICTING)) !== 0;
    return isDoubted ? { ...tag, complete: false } : tag;
  }

  /** Slots of entries that were not read in some table, in ascending order. */
  unreadSlots(): number[] {
    return this.slotsWith(UNREAD);
  }

  /** Slots for which two tables have different keys, in ascending order. */
  conflictingSlots(): number[] {
    return this.slotsWith(CONFLICTING);
  }

  private slotsWith(bit: number): number[] {
    const slots: number[] = [];
    for (let slot = 0; slot <= this.slots; slot++) if ((this.incomplete[slot]! & bit) !== 0) slots.push(slot);
    return slots;
  }

  /** Every tag in table order, then the expansion. */
  *totals(): Generator<TagTotal> {
    this.summed ??= this.sumSlots();
    for (const total of this.summed) yield withComplete(total, this.incomplete[total.slot] === 0);
    // A doubt of every tag is one of those in the expansion table, too.
    for (const total of this.expansion) yield withComplete(total, !this.isExpansionDoubted);
  }

  private sumSlots(): TagTotal[] {
    const totals: TagTotal[] = [];
    for (let slot = 0; slot <= this.slots; slot++) {
      const key = this.keys[slot]!;
      if (key <= 0) continue;
      const counters = signedCounters(this.layout, this.sums, slot * COUNTER_COUNT);
      const place = slot === this.slots ? 'overflow' : 'table';
      totals.push(this.total(key, slot, place, counters, this.seen[slot]!));
    }
    return totals;
  }

  /** A total as if it were complete. */
  private total(key: number, slot: number, place: Place, counters: CounterValues, processorsSeen: number): TagTotal {
    const bits = this.layout.countBits;
    return {
      key,
      slot,
      place,
      counters,
      complete: true,
      processorsSeen,
      consistency: consistencyOf(counters, this.layout),
      keyless: place === 'overflow' ? this.keyless : null,
      nonPagedOutstanding: outstanding(counters[0], counters[1], bits),
      pagedOutstanding: outstanding(counters[3], counters[4], bits),
    };
  }

  /**
   * The identity of the memory: 32 hexadecimal digits of SHA-256 over the layout and every total. It depends on the
   * contents of memory alone, so that a raw image and a crash dump of the same memory have the same one.
   * @param totals all of them, where they are at hand
   */
  imageId(totals: Iterable<TagTotal> = this.totals()): string {
    const lines = [`pool-tags ${this.layout.size} ${this.slots}\n`];
    for (const { key, slot, place, counters } of totals) lines.push(`${place} ${slot} ${key} ${counters.join(' ')}\n`);
    return createHash('sha256').update(lines.join('')).digest('hex').slice(0, 32);
  }
}

function withComplete(total: TagTotal, complete: boolean): TagTotal {
  return total.complete === complete ? total : { ...total, complete };
}

/**
 * The entries of one table that are in use, not summed; an overflow slot that counts without a key has key 0.
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
    const isOverflow = place === 'table' && slot === slots;
    if ((key === 0 && !isOverflow) || !table.isReadable(slot)) continue;
    table.counters(slot, values, 0);
    // Frees of tags that are found nowhere are counted there under no key.
    if (key === 0 && values.every((value) => value === 0n)) continue;
    const where = isOverflow ? 'overflow' : place;
    yield { key, slot, place: where, processor, counters: signedCounters(table.layout, values, 0), complete: true };
  }
}
