import type { ChunkMetadata, FileMetaData, RowGroup, SchemaElement } from './format-types.js';
import { ByteWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { PoolTrackerError } from '../../../errors.js';
import { fileMetadata, toolVersion } from '../../../record/schema/file-metadata.js';
import type { Column, RecordType } from '../../../record/schema/record-type.js';
import { fileSchema } from './file-schema.js';
import type { PackedChunk } from './packed-chunk.js';

/** What a Parquet file begins and ends with. */
export const MAGIC = Buffer.from('PAR1');

/** Where the chunks of a file lie, which its footer tells. */
export class FileLayout {
  private readonly schema: SchemaElement[];
  private readonly groups: RowGroup[] = [];
  private chunks: ChunkMetadata[] = [];
  private offset = MAGIC.length;

  constructor(private readonly recordType: RecordType) {
    this.schema = fileSchema(recordType);
  }

  /** Places the next chunk behind those before it. */
  add({ name }: Column, { chunk, codec, pages }: PackedChunk): void {
    const begin = this.offset;
    const sizes = pages.map(({ header, body }) => header.length + body.length);
    const size = sizes.reduce((sum, one) => sum + one, 0);
    const plainSize = pages.reduce((sum, { header, plainSize }) => sum + header.length + plainSize, 0);
    const hasDictionary = chunk.dictionary !== null;
    this.chunks.push({
      file_offset: BigInt(begin),
      meta_data: {
        type: this.schema.find((element) => element.name === name)!.type!,
        encodings: hasDictionary ? ['PLAIN', 'RLE', chunk.encoding] : ['RLE', chunk.encoding],
        path_in_schema: [name],
        codec,
        num_values: BigInt(chunk.length),
        total_uncompressed_size: BigInt(plainSize),
        total_compressed_size: BigInt(size),
        data_page_offset: BigInt(begin + (hasDictionary ? sizes[0]! : 0)),
        ...(hasDictionary && { dictionary_page_offset: BigInt(begin) }),
        statistics: chunk.statistics,
        encoding_stats: [
          ...(hasDictionary ? [{ page_type: 'DICTIONARY_PAGE', encoding: 'PLAIN', count: 1 } as const] : []),
          { page_type: 'DATA_PAGE', encoding: chunk.encoding, count: chunk.pages.length },
        ],
      },
    });
    this.offset += size;
  }

  /** Ends a row group, of which all chunks have been added. */
  endGroup(): void {
    const total = (of: 'total_uncompressed_size' | 'total_compressed_size'): bigint =>
      this.chunks.reduce((sum, { meta_data }) => sum + meta_data![of], 0n);
    this.groups.push({
      columns: this.chunks,
      num_rows: this.chunks[0]?.meta_data!.num_values ?? 0n,
      total_byte_size: total('total_uncompressed_size'),
      total_compressed_size: total('total_compressed_size'),
      file_offset: this.chunks[0]?.file_offset ?? 0n,
    });
    this.chunks = [];
  }

  /** What comes behind the last row group. */
  footer(): Uint8Array {
    const writer = new ByteWriter();
    const metadata: FileMetaData = {
      version: 1,
      schema: this.schema,
      num_rows: this.groups.reduce((sum, { num_rows }) => sum + num_rows, 0n),
      row_groups: this.groups,
      key_value_metadata: [...fileMetadata(this.recordType)].map(([key, value]) => ({ key, value })),
      created_by: `pool-tracker version ${toolVersion()} (hyparquet-writer)`,
      metadata_length: 0,
    };
    writeMetadata(writer, metadata, Infinity);
    const bytes = Buffer.from(writer.getBytes());
    if (this.groups.length === 0) nameElementsOfEmptyList(bytes);
    return Buffer.concat([bytes, MAGIC]);
  }
}

/** A footer's number of rows (field 3), none, then its row groups (field 4), a list of nothing, then field 5. */
const NO_GROUPS = Buffer.from([0x16, 0, 0x19, 0, 0x19]);
const EMPTY_LIST_OF_STRUCTURES = 0x0c;

/** hyparquet-writer takes the type of a list's elements from the first; arrow-rs refuses a list that names none. */
function nameElementsOfEmptyList(footer: Buffer): void {
  const at = footer.indexOf(NO_GROUPS);
  if (at < 0) throw new PoolTrackerError('INTERNAL', 'hyparquet-writer: a footer without rows is not as it was');
  footer[at + 3] = EMPTY_LIST_OF_STRUCTURES;
}
