import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { asyncBufferFromFile } from 'hyparquet/src/node.js';
import { fileWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { messageOf } from '../../../errors.js';
import { type Action, type AddedFile, damaged, parsedAction, PROTOCOL, uriOfPath } from './actions.js';

type Leaf = Pick<SchemaElement, 'type' | 'converted_type'>;
const TEXT: Leaf = { type: 'BYTE_ARRAY', converted_type: 'UTF8' };
const LONG: Leaf = { type: 'INT64' };
const INTEGER: Leaf = { type: 'INT32' };
const BOOLEAN: Leaf = { type: 'BOOLEAN' };

const leaf = (name: string, of: Leaf, repetition_type: 'REQUIRED' | 'OPTIONAL' = 'OPTIONAL'): SchemaElement[] => [
  { name, ...of, repetition_type },
];
const group = (
  name: string,
  children: readonly SchemaElement[][],
  more: Partial<SchemaElement> = {},
): SchemaElement[] => [
  { name, repetition_type: 'OPTIONAL', ...more, num_children: children.length },
  ...children.flat(),
];
const map = (name: string): SchemaElement[] =>
  group(
    name,
    [group('key_value', [leaf('key', TEXT, 'REQUIRED'), leaf('value', TEXT)], { repetition_type: 'REPEATED' })],
    {
      converted_type: 'MAP',
    },
  );
const texts = (name: string): SchemaElement[] =>
  group(name, [group('list', [leaf('element', TEXT)], { repetition_type: 'REPEATED' })], { converted_type: 'LIST' });

/** The columns of a checkpoint, one for each kind of action. */
const COLUMNS = {
  protocol: [leaf('minReaderVersion', INTEGER), leaf('minWriterVersion', INTEGER)],
  metaData: [
    leaf('id', TEXT),
    leaf('name', TEXT),
    group('format', [leaf('provider', TEXT), map('options')]),
    leaf('schemaString', TEXT),
    texts('partitionColumns'),
    map('configuration'),
    leaf('createdTime', LONG),
  ],
  add: [
    leaf('path', TEXT),
    map('partitionValues'),
    leaf('size', LONG),
    leaf('modificationTime', LONG),
    leaf('dataChange', BOOLEAN),
    leaf('stats', TEXT),
  ],
  remove: [leaf('path', TEXT), leaf('deletionTimestamp', LONG), leaf('dataChange', BOOLEAN)],
} as const;

/** Actions that are in memory at a time; each so many are a row group. */
const GROUP_ACTIONS = 1024;

/** A checkpoint that is being written: the Parquet file that spares readers the commits before it. */
export class CheckpointFile {
  private rows: Record<string, object>[] = [{ protocol: PROTOCOL }];
  private readonly writer: ParquetWriter;
  /** Number of actions. */
  size = 1;

  /** @param path a local file */
  constructor(path: string) {
    const columns = Object.entries(COLUMNS);
    this.writer = new ParquetWriter({
      writer: fileWriter(path),
      schema: [
        { name: 'delta', num_children: columns.length },
        ...columns.flatMap(([name, children]) => group(name, [...children])),
      ],
    });
  }

  async add(action: Action): Promise<void> {
    const row = rowOf(action);
    if (row === null) return;
    this.rows.push(row);
    this.size++;
    if (this.rows.length >= GROUP_ACTIONS) await this.writeGroup();
  }

  async end(): Promise<void> {
    await this.writeGroup();
    await this.writer.finish();
  }

  private async writeGroup(): Promise<void> {
    const { rows } = this;
    if (rows.length === 0) return;
    this.rows = [];
    const columnData = Object.keys(COLUMNS).map((name) => ({ name, data: rows.map((row) => row[name] ?? null) }));
    await this.writer.write({ columnData, rowGroupSize: rows.length });
  }
}

function rowOf(action: Action): Record<string, object> | null {
  if ('metaData' in action) {
    const createdTime = BigInt(action.metaData.createdTime);
    return {
      metaData: {
        ...action.metaData,
        format: { provider: 'parquet', options: {} },
        configuration: {},
        createdTime,
      },
    };
  }
  if ('add' in action) return { add: addRow(action.add) };
  if (!('remove' in action)) return null;
  const { path, deletionTimestamp } = action.remove;
  return { remove: { path: uriOfPath(path), deletionTimestamp: BigInt(deletionTimestamp), dataChange: false } };
}

/** A file that a checkpoint lists is not new. */
function addRow({ path, size, modificationTime, ...rest }: AddedFile): object {
  return {
    ...rest,
    path: uriOfPath(path),
    size: BigInt(size),
    modificationTime: BigInt(modificationTime),
    dataChange: false,
  };
}

/**
 * The actions of a checkpoint; those of one row group are in memory at a time.
 * @param path a local file
 * @param name for messages
 * @throws PoolTrackerError RECORDS_DAMAGED
 */
export async function* checkpointActions(path: string, name: string): AsyncGenerator<Action> {
  const unreadable = (error: unknown): never => {
    throw damaged(name, `a checkpoint that cannot be read (${messageOf(error)})`);
  };
  const file = await asyncBufferFromFile(path).catch(unreadable);
  const metadata = await parquetMetadataAsync(file).catch(unreadable);
  let rowStart = 0;
  for (const { num_rows: rowCount } of metadata.row_groups) {
    const rowEnd = rowStart + Number(rowCount);
    const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd }).catch(unreadable);
    for (const row of rows) {
      const action = parsedAction(row, name);
      if (action !== null) yield action;
    }
    rowStart = rowEnd;
  }
}
