import type { GeneratedMemory } from '../generate/memory-plan.js';
import type { Random } from '../generate/random.js';
import { PAGE } from '../generate/sparse-memory.js';
import { counterBits, COUNTER_NAMES, readCounters, type Counters } from '../generate/tracker/tracker-layouts.js';
import { tableBytes, type MergedEntry } from '../generate/tracker/tracker-table-writer.js';

/** What is true of any answer about a damaged memory. */
export interface Damage {
  readonly note: string;
  /** Slots of the table that the memory does not wholly hold any more; `all`: every tag, the expansion's too. */
  readonly lost: ReadonlySet<number> | 'all';
  /** Whether the sums of the tables as they now are count as right: nothing in the memory contradicts them. */
  readonly asIs?: boolean;
  /** Ways that must still give the exact answer, since what they go by is whole. */
  readonly exactBy?: readonly string[];
  /** The memory is cut here: what lies from this byte on is not in the file. */
  readonly file?: { readonly from: number; readonly to: number };
}

/** A way of damaging; null where this memory cannot be damaged so, or nothing would tell. */
export type DamageKind = (scene: Scene) => Damage | null;

/** A generated memory with its tables at hand, to be damaged. */
export class Scene {
  constructor(
    readonly generated: GeneratedMemory,
    readonly random: Random,
  ) {}

  get truth(): GeneratedMemory['truth'] {
    return this.generated.truth;
  }

  get entrySize(): number {
    return this.truth.entrySize;
  }

  get processors(): number {
    return this.truth.tables.length;
  }

  get pagesPerTable(): number {
    return this.truth.tables[0]!.pages.length;
  }

  page(processor: number, page: number): number {
    return this.truth.tables[processor]!.pages[page]!;
  }

  put(processor: number, page: number, bytes: Uint8Array): void {
    this.generated.memory.write(this.page(processor, page), bytes);
  }

  /** A whole table as it lies in memory now. */
  table(processor: number): Buffer {
    return this.generated.space.read(this.truth.tables[processor]!.address, this.pagesPerTable * PAGE);
  }

  /** Slots with a part on this page of a table. */
  slotsOf(page: number): Set<number> {
    const first = Math.floor((page * PAGE) / this.entrySize);
    const end = Math.min(this.truth.tracker.slots + 1, Math.ceil(((page + 1) * PAGE) / this.entrySize));
    return new Set(Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index));
  }

  keysOn(processor: number, page: number): number {
    const bytes = this.table(processor);
    return [...this.slotsOf(page)].filter((slot) => bytes.readUInt32LE(slot * this.entrySize) !== 0).length;
  }

  /** A page of this table with at least so many keys, never table 0's first; null if there is none. */
  busyPage(processor: number, least: number): number | null {
    const pages = Array.from({ length: this.pagesPerTable }, (_, page) => page).filter(
      (page) => (processor > 0 || page > 0) && this.keysOn(processor, page) >= least,
    );
    return pages.length === 0 ? null : this.random.pick(pages);
  }

  otherProcessor(): number | null {
    return this.processors < 2 ? null : 1 + this.random.below(this.processors - 1);
  }

  /** A table's bytes when `share` of the counts had been made; some tags had not been seen yet. */
  earlier(processor: number, share: number, forget: number): Buffer {
    const { entrySize } = this.truth;
    const entries = this.truth.tracker.entries[processor]!.filter(() => this.random.below(1000) >= forget * 1000);
    const bits = counterBits(entrySize);
    return tableBytes(
      entrySize,
      this.truth.tracker.slots + 1,
      entries.map((entry) => {
        const part = BigInt(Math.floor(share * (0.98 + 0.02 * (this.random.below(1000) / 1000)) * 1_000_000));
        const scaled: Counters = { ...entry.counters };
        for (const [index, name] of COUNTER_NAMES.entries()) {
          const isBytes = name.endsWith('Bytes');
          const value = isBytes ? BigInt.asIntN(bits[index]!, scaled[name]) : scaled[name];
          scaled[name] = (value * part) / 1_000_000n;
        }
        return { ...entry, counters: scaled };
      }),
    );
  }

  /** The totals that the tables give as they are now, in the form of the truth. */
  sums(): MergedEntry[] {
    const { entrySize, tracker, merged } = this.truth;
    const bits = counterBits(entrySize);
    const sums = new Map<number, { key: number; counters: Counters; seen: number }>();
    for (let processor = 0; processor < this.processors; processor++) {
      const bytes = this.table(processor);
      for (let slot = 0; slot <= tracker.slots; slot++) {
        const key = bytes.readUInt32LE(slot * entrySize);
        const known = sums.get(slot);
        if (key === 0 || (processor > 0 && known === undefined)) continue;
        const read = readCounters(bytes, slot * entrySize, entrySize);
        if (known === undefined) {
          sums.set(slot, { key, counters: read, seen: 1 });
          continue;
        }
        known.seen++;
        for (const [index, name] of COUNTER_NAMES.entries())
          known.counters[name] = BigInt.asUintN(bits[index]!, known.counters[name] + read[name]);
      }
    }
    const main = [...sums].map(([slot, { key, counters, seen }]) => ({
      slot,
      key,
      counters,
      processorsSeen: seen,
      complete: true,
      place: slot === tracker.slots ? ('overflow' as const) : ('table' as const),
    }));
    return [...main, ...merged.filter(({ place }) => place === 'expansion')];
  }

  /** Tags of which more is freed than allocated, or fewer bytes than none are held. */
  negative(): Set<number> {
    const bits = counterBits(this.truth.entrySize);
    const isNegative = (value: bigint, width: number): boolean => BigInt.asIntN(width, value) < 0n;
    return new Set(
      this.sums()
        .filter(
          ({ counters: of }) =>
            isNegative(of.nonPagedAllocs - of.nonPagedFrees, bits[0]!) ||
            isNegative(of.pagedAllocs - of.pagedFrees, bits[3]!) ||
            isNegative(of.nonPagedBytes, bits[2]!) ||
            isNegative(of.pagedBytes, bits[5]!),
        )
        .map(({ key }) => key),
    );
  }

  /** What the kernel's report held when `share` of the counts had been made: the sum of all tables, in table 0's form. */
  snapshot(share: number): Buffer {
    const { entrySize, tracker, merged } = this.truth;
    const part = BigInt(Math.floor(share * 1_000_000));
    const entries = merged
      .filter(({ place }) => place !== 'expansion')
      .map((entry) => {
        const scaled: Counters = { ...entry.counters };
        for (const name of COUNTER_NAMES) scaled[name] = (scaled[name] * part) / 1_000_000n;
        return { ...entry, counters: share === 1 ? entry.counters : scaled };
      });
    return tableBytes(entrySize, tracker.slots + 1, entries);
  }

  /** Writes a table to pages that nothing maps. */
  plant(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += PAGE)
      this.generated.memory.write(this.generated.memory.allocatePage(), bytes.subarray(at, at + PAGE));
  }

  /** Maps bytes in the pool, as a freed block or a report's copy lies there; the address. */
  mapInPool(bytes: Buffer): bigint {
    const { space } = this.generated;
    const address = 0xffff888000000000n + 0x50000000n + BigInt(this.random.below(0x1000)) * 0x10000n;
    space.mapFresh(address, bytes.length);
    space.write(address, bytes);
    return address;
  }

  variable(name: string): bigint | null {
    return this.truth.variables[name] ?? null;
  }
}
