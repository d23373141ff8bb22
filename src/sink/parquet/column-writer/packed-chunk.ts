import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import type { ColumnChunk, Page } from './column-chunk.js';
import type { PageCodec } from './page-codec.js';

/** A chunk as it goes into the file. */
export interface PackedChunk {
  readonly chunk: ColumnChunk;
  readonly codec: PageCodec['name'];
  /** Header and body of each page: of the dictionary, if there is one, then of the data pages. */
  readonly pages: readonly PackedPage[];
}

interface PackedPage {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  /** Size of the body before it was compressed. */
  readonly plainSize: number;
}

/** Bytes of a chunk that is not worth a call of the codec: that of a column with one value has some 30. */
const MIN_COMPRESSED = 128;

/**
 * Compresses the pages of a chunk: all of them, or none where that saves nothing, since a file names the codec of each
 * chunk, not of each page.
 */
export async function packChunk(chunk: ColumnChunk, codec: PageCodec): Promise<PackedChunk> {
  const pages = chunk.dictionary === null ? chunk.pages : [chunk.dictionary, ...chunk.pages];
  const plain = pages.map(({ body }) => body);
  const compressed =
    sizeOf(plain) < MIN_COMPRESSED ? plain : await Promise.all(plain.map((body) => codec.compress(body)));
  const isSmaller = sizeOf(compressed) < sizeOf(plain);
  const bodies = isSmaller ? compressed : plain;
  return {
    chunk,
    codec: isSmaller ? codec.name : 'UNCOMPRESSED',
    pages: pages.map((page, index) => {
      const body = bodies[index]!;
      const plainSize = page.body.length;
      return { header: headerOf(page, chunk, plainSize, body.length), body, plainSize };
    }),
  };
}

function sizeOf(bodies: readonly Uint8Array[]): number {
  return bodies.reduce((sum, { length }) => sum + length, 0);
}

function headerOf(page: Page, chunk: ColumnChunk, plainSize: number, size: number): Uint8Array {
  const writer = new ByteWriter(64);
  const sizes = { uncompressed_page_size: plainSize, compressed_page_size: size };
  const num_values = page.values;
  if (page === chunk.dictionary)
    writePageHeader(writer, {
      type: 'DICTIONARY_PAGE',
      ...sizes,
      dictionary_page_header: { num_values, encoding: 'PLAIN' },
    });
  else
    writePageHeader(writer, {
      type: 'DATA_PAGE',
      ...sizes,
      data_page_header: {
        num_values,
        encoding: chunk.encoding,
        definition_level_encoding: 'RLE',
        repetition_level_encoding: 'RLE',
      },
    });
  return writer.getBytes();
}
