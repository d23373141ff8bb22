import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { inflateRaw } from 'node:zlib';
import avro from 'avsc';
import { messageOf } from '../../../errors.js';
import { damaged } from './metadata.js';

/** Bytes that a block may unpack to: writers begin a new one after 64 KiB. */
const MAX_BLOCK_BYTES = 16 << 20;

/** A schema of Avro; `field-id` and other attributes of Iceberg are kept in the file. */
export type AvroSchema = Readonly<Record<string, unknown>>;

type Compiled = ReturnType<typeof avro.Type.forSchema>;
type Done = (error: Error | null, unpacked?: Buffer) => void;

const compiled = new Map<string, Compiled>();

/** avsc makes code from a schema, so that only schemas of this program are ever given to it. */
function typeOf(schema: AvroSchema): Compiled {
  const text = JSON.stringify(schema);
  let type = compiled.get(text);
  if (type === undefined) {
    type = avro.Type.forSchema(schema as unknown as avro.Schema);
    compiled.set(text, type);
  }
  return type;
}

/**
 * An Avro object container file, compressed by deflate.
 * @param metadata what its header says besides the schema
 */
export async function avroBytes(
  schema: AvroSchema,
  rows: readonly object[],
  metadata: Readonly<Record<string, string>>,
): Promise<Buffer> {
  const options = {
    codec: 'deflate',
    // Not only with the first row.
    writeHeader: 'always' as const,
    syncMarker: randomBytes(16),
    metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value)])),
  };
  const encoder = new avro.streams.BlockEncoder(schema as unknown as avro.Schema, options);
  const bytes = buffer(encoder);
  for (const row of rows) if (!encoder.write(row)) await drained(encoder);
  encoder.end();
  return bytes;
}

function drained(encoder: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => encoder.once('drain', resolve));
}

/**
 * The rows of an Avro file.
 * @param schema the only one that it may have
 * @param most rows that it may have
 * @param where its name, for messages
 * @throws PoolTrackerError RECORDS_DAMAGED
 */
export function avroRows(bytes: Buffer, schema: AvroSchema, most: number, where: string): Promise<unknown[]> {
  const text = JSON.stringify(schema);
  const rows: unknown[] = [];
  const decoder = new avro.streams.BlockDecoder({
    parseHook: (found) => {
      if (JSON.stringify(found) !== text) throw new Error('a schema that this program does not write');
      return typeOf(schema);
    },
    codecs: {
      deflate: (packed: Buffer, done: Done) => inflateRaw(packed, { maxOutputLength: MAX_BLOCK_BYTES }, done),
    },
  });
  return new Promise((resolve, reject) => {
    let hasHeader = false;
    const fail = (error: unknown): void => {
      decoder.destroy();
      reject(damaged(where, `an Avro file that cannot be read (${messageOf(error)})`));
    };
    decoder.on('metadata', () => (hasHeader = true));
    decoder.on('error', fail);
    decoder.on('data', (row: unknown) => {
      if (rows.push(row) > most) fail(new Error(`more than ${most} rows`));
    });
    decoder.on('end', () => (hasHeader ? resolve(rows) : fail(new Error('it has no header'))));
    decoder.end(bytes);
  });
}
