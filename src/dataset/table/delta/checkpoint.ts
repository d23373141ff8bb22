import { parquetReadObjects } from 'hyparquet';
import { asyncBufferFromFile } from 'hyparquet/src/node.js';
import { parquetWriteBuffer, type SchemaElement } from 'hyparquet-writer';
import { messageOf } from '../../../errors.js';
import { type Action, type AddedFile, damaged, parsedAction, PROTOCOL, uriOfPath } from './actions.js';
import type { Snapshot } from './snapshot.js';

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

/** What a snapshot holds, as the Parquet file that spares readers the commits before it. */
export function checkpointFile({ metadata, active, removed }: Snapshot): {
  readonly bytes: Buffer;
  readonly size: number;
} {
  const rows: Record<string, object>[] = [{ protocol: PROTOCOL }];
  if (metadata !== null)
    rows.push({
      metaData: {
        ...metadata,
        format: { provider: 'parquet', options: {} },
        configuration: {},
        createdTime: BigInt(metadata.createdTime),
      },
    });
  for (const file of active.values()) rows.push({ add: addRow(file) });
  for (const [path, deletionTimestamp] of removed)
    rows.push({ remove: { path: uriOfPath(path), deletionTimestamp: BigInt(deletionTimestamp), dataChange: false } });
  const columns = Object.entries(COLUMNS);
  const bytes = parquetWriteBuffer({
    columnData: columns.map(([name]) => ({ name, data: rows.map((row) => row[name] ?? null) })),
    schema: [
      { name: 'delta', num_children: columns.length },
      ...columns.flatMap(([name, children]) => group(name, [...children])),
    ],
  });
  return { bytes: Buffer.from(bytes), size: rows.length };
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
 * The actions of a checkpoint.
 * @param path a local file
 * @param name for messages
 * @throws PoolTrackerError RECORDS_DAMAGED
 */
export async function checkpointActions(path: string, name: string): Promise<Action[]> {
  const rows = await asyncBufferFromFile(path)
    .then((file) => parquetReadObjects({ file }))
    .catch((error: unknown) => {
      throw damaged(name, `a checkpoint that cannot be read (${messageOf(error)})`);
    });
  return rows.map((row) => parsedAction(row, name)).filter((action) => action !== null);
}
