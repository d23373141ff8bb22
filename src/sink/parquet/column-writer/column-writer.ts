import type { RecordType } from '../../../record/schema/record-type.js';
import type { EncodeColumns } from '../../sink.js';
import { encodeColumn } from './column-chunk.js';
import { FileLayout, MAGIC } from './file-layout.js';
import { type PackedChunk, packChunk } from './packed-chunk.js';
import { type PageCodec, pageCodec } from './page-codec.js';
import { type BatchRows, type ColumnRows, RowGroups } from './row-group.js';

/** Rows of a row group unless told otherwise: what DuckDB's own writer takes, and reads one thread each. */
const ROW_GROUP_ROWS = 122_880;
/** Columns that are being compressed while the next one is encoded: as many as Node's pool has threads. */
const MAX_PACKING = 4;
/** Bytes that are gathered before they are passed on: a small file is written at once. */
const CHUNK_BYTES = 1 << 18;

/**
 * Parquet column by column, with hyparquet-writer's headers and footer. Values go from Arrow's arrays into pages without
 * becoming JavaScript values in between: dictionaries are made of those that the batches have, and of numbers by a table
 * of their bits. The row group being filled is held in memory, as are the pages of a few columns.
 */
export const encodeByColumns: EncodeColumns = async function* (batches, recordType, options) {
  const codec = await pageCodec(options.parquetCompression ?? 'zstd');
  const groups = new RowGroups(options.rowGroupRows ?? ROW_GROUP_ROWS);
  const layout = new FileLayout(recordType);
  yield* gathered(
    (async function* (): AsyncGenerator<Uint8Array> {
      yield MAGIC;
      for await (const batch of batches)
        for (const group of groups.add(batch)) yield* encodedGroup(group, recordType, codec, layout);
      for (const group of groups.rest()) yield* encodedGroup(group, recordType, codec, layout);
      yield layout.footer();
    })(),
  );
};

async function* encodedGroup(
  group: readonly BatchRows[],
  { columns }: RecordType,
  codec: PageCodec,
  layout: FileLayout,
): AsyncGenerator<Uint8Array> {
  const packing: Promise<PackedChunk>[] = [];
  let placed = 0;
  for (let next = 0; next < columns.length || packing.length > 0;) {
    if (next < columns.length && packing.length < MAX_PACKING) {
      const packed = packChunk(encodeColumn(columns[next]!, piecesOf(group, next)), codec);
      // Whoever awaits it hears of a failure; here nobody may be there yet.
      packed.catch(() => undefined);
      packing.push(packed);
      next++;
      continue;
    }
    const packed = await packing.shift()!;
    layout.add(columns[placed++]!, packed);
    for (const { header, body } of packed.pages) yield* [header, body];
  }
  layout.endGroup();
}

function piecesOf(group: readonly BatchRows[], index: number): ColumnRows[] {
  return group.map(({ batch, start, end }) => ({ data: batch.columns[index]!, start, end }));
}

/** The same bytes in larger pieces. */
async function* gathered(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const part of parts) {
    held.push(part);
    size += part.length;
    if (size < CHUNK_BYTES) continue;
    yield Buffer.concat(held);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held);
}
