import { randomUUID } from 'node:crypto';
import { partitionValues } from '../../store/partition.js';
import type { ChangeKind, OpenForm, TableChange, TableForm, TablePlace, TableState } from '../table-form.js';
import type { Action, AddedFile, TableMetadata } from './actions.js';
import { DeltaTable } from './delta-table.js';
import { deltaStatistics } from './delta-statistics.js';
import type { Snapshot } from './snapshot.js';
import { tableColumns } from './table-columns.js';

/** What a commit says of itself. */
const OPERATIONS: Readonly<Record<ChangeKind, string>> = {
  write: 'WRITE',
  reconcile: 'RECONCILE',
  merge: 'OPTIMIZE',
};

export const openDelta: OpenForm = (place) => new DeltaForm(place);

/** A Delta Lake table over the files of one record type, in `RECORD/_delta_log`. */
class DeltaForm implements TableForm {
  readonly form = 'delta';
  private readonly table: DeltaTable;

  constructor(private readonly place: TablePlace) {
    this.table = new DeltaTable(place.store, place.staging, place.recordType.name);
  }

  get record(): string {
    return this.table.record;
  }

  get lastVersion(): number {
    return this.table.lastVersion;
  }

  current(): Promise<TableState> {
    return this.table.current();
  }

  rows(): number | null {
    let sum = 0;
    for (const { rows } of this.table.known.active.values()) {
      if (rows === null) return null;
      sum += rows;
    }
    return sum;
  }

  commit(kind: ChangeKind, change: (current: TableState) => TableChange): Promise<void> {
    return this.table.commit(OPERATIONS[kind], (current) => this.actions(current, change(current), kind !== 'merge'));
  }

  forgetRemoved(paths: readonly string[]): void {
    for (const path of paths) this.table.known.removed.delete(path);
  }

  forget(before: number): Promise<number> {
    return this.table.forget(before);
  }

  clear(): Promise<void> {
    return this.table.clear();
  }

  /**
   * What a commit says: the columns, where they are not known yet or are others by now, and the files. Where the keys of
   * the folders are others, every file is listed anew, with the values of the keys that count.
   */
  private async actions(
    current: Snapshot,
    { adds, gone }: TableChange,
    dataChange: boolean,
  ): Promise<readonly Action[]> {
    const { recordType, partition } = this.place;
    const { metadata } = current;
    // Keys are only ever left out: a process that began before knows more of them than count now.
    const keys = partition.filter((key) => metadata?.partitionColumns.includes(key) !== false);
    const schemaString = tableColumns(recordType, keys);
    const keepsKeys = metadata?.partitionColumns.join() === keys.join();
    const made: TableMetadata = {
      id: metadata?.id ?? randomUUID(),
      name: this.record,
      schemaString,
      partitionColumns: keys,
      createdTime: metadata?.createdTime ?? Date.now(),
    };
    const others = new Set([...gone, ...adds.map(({ path }) => path)]);
    const again = keepsKeys ? [] : (await this.table.listed()).filter(({ path }) => !others.has(path));
    const placed = (file: Omit<AddedFile, 'partitionValues' | 'dataChange'>, isNew: boolean): Action => ({
      add: { ...file, partitionValues: this.valuesOf(file.path, keys), dataChange: isNew },
    });
    return [
      ...(keepsKeys && metadata.schemaString === schemaString ? [] : [{ metaData: made }]),
      ...gone
        .filter((path) => current.active.has(path))
        .map((path) => ({ remove: { path, deletionTimestamp: Date.now(), dataChange } })),
      ...again.map((file) => placed(file, false)),
      ...adds.map(({ statistics, ...file }) =>
        placed({ ...file, stats: statistics === null ? null : deltaStatistics(statistics, recordType) }, dataChange),
      ),
    ];
  }

  /** The values of some keys in the names of a file's folders. */
  private valuesOf(path: string, keys: readonly string[]): Record<string, string | null> {
    const values = partitionValues(`${this.record}/${path}`);
    return Object.fromEntries(keys.map((key) => [key, values[key] ?? null]));
  }
}
