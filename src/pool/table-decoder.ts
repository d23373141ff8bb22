import { Examination, type Doubt, type SlotRange } from './proof/proof.js';
import type { TableSet } from './locate/locate.js';
import type { MemoryPage, TablePlace } from './table/memory-page.js';
import { entriesOf, TagTotals, type ProcessorTag } from './table/tag-totals.js';
import { TrackerTable } from './table/tracker-table.js';

/** What the decoder needs to know about the tables whose pages it is given. */
export type DecodedTables = Pick<TableSet, 'layout' | 'slots'> & {
  readonly expansionEntries: number;
  /** Number of processors that are known to exist and whose tables were not found. */
  readonly processorsMissing: number;
  /** What is doubted before any table is read. */
  readonly doubts?: readonly Doubt[];
};

/** What was read of each table. */
export interface TableReading {
  readonly table: TablePlace['table'];
  readonly processor: number;
  readonly pages: number;
  readonly pagesMissing: number;
  /** Slots whose entries were not read. */
  readonly unread: readonly SlotRange[];
}

/**
 * Decodes pages whose place is known. Holds one table at a time, apart from the totals and, when asked for, the entries
 * of each processor.
 */
export class TableDecoder {
  readonly totals: TagTotals;
  readonly readings: TableReading[] = [];
  private readonly entries: ProcessorTag[] = [];
  /** What speaks against the counts; known when the tables are finished. */
  doubts: readonly Doubt[] = [];
  private readonly examination: Examination;
  private current: { table: TrackerTable; place: TablePlace } | null = null;

  /** @param keepProcessors whether each processor's own entries are kept: about 80 bytes for each tag that it used */
  constructor(
    private readonly tables: DecodedTables,
    private readonly keepProcessors: boolean,
  ) {
    this.totals = new TagTotals(tables.layout, tables.slots);
    this.examination = new Examination(tables.layout, tables.slots);
  }

  /** Raw entries of each processor; empty unless they were asked for. */
  get processorTags(): ProcessorTag[] {
    return this.entries.map((tag) => this.totals.marked(tag));
  }

  /** Takes the next page; the pages of a table come together, in any order. */
  take(page: MemoryPage): void {
    if (page.place === null) return;
    if (this.current?.place.table !== page.place.table || this.current.place.processor !== page.place.processor) {
      this.finishTable();
      const entries = page.place.table === 'expansion' ? this.tables.expansionEntries : this.tables.slots + 1;
      this.current = { table: new TrackerTable(this.tables.layout, entries), place: page.place };
    }
    if (page.bytes !== null) this.current!.table.put(page.place.pageIndex, page.bytes);
  }

  /** Ends the last table; the totals are complete afterwards. */
  finish(): void {
    this.finishTable();
    this.doubts = [...(this.tables.doubts ?? []), ...this.examination.finish(this.totals.totals())];
    for (const doubt of this.doubts) this.totals.doubt(doubt);
    if (this.tables.processorsMissing > 0) this.totals.missTables(this.tables.processorsMissing);
  }

  private finishTable(): void {
    if (this.current === null) return;
    const { table, place } = this.current;
    this.current = null;
    this.readings.push({
      table: place.table,
      processor: place.processor,
      pages: table.pageCount,
      pagesMissing: table.pagesMissing,
      unread: table.unreadStretches(),
    });
    if (place.table === 'expansion') this.totals.addExpansion(table);
    else {
      this.totals.add(table);
      this.examination.take(table, place.processor);
    }
    if (!this.keepProcessors) return;
    const isExpansion = place.table === 'expansion';
    this.entries.push(
      ...entriesOf(table, isExpansion ? 'expansion' : 'table', this.tables.slots, isExpansion ? null : place.processor),
    );
  }
}
