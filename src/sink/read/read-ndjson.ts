import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Token } from 'stream-json/parser.js';
import withParser from 'stream-json/utils/with-parser.js';
import type { Row } from '../../record/schema/record-type.js';
import { readFailed } from './damaged.js';
import { JsonRowAssembler } from '../ndjson/reader.js';
import { peek } from './peek.js';
import type { ReadRecords, RecordInput, Records } from './record-reader.js';
import { textOf } from './text-input.js';

/** Parser and assembler as one stage: a stream between them would cost more than the parsing. */
function rowsOfJson(assembler: JsonRowAssembler): NodeJS.ReadWriteStream {
  const stage = (() => (token: Token) => assembler.take(token) ?? undefined) as unknown as Parameters<typeof withParser.asStream>[0];
  return withParser.asStream(stage, { streamValues: false, jsonStreaming: true });
}

/** A line at a time: what the parser refuses, it refuses as a whole, and so it is known to be that line. */
async function* linesOf(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const text of texts) {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield `${line}\n`;
  }
  if (rest !== '') yield rest;
}

async function* readRows(input: RecordInput, bytes: Readable, assembler: JsonRowAssembler): AsyncGenerator<Row> {
  try {
    // The callback has nothing to do: an error destroys the last stream, and reading that throws it.
    const rows = pipeline(linesOf(textOf(bytes, input.name)), rowsOfJson(assembler), () => undefined);
    for await (const row of rows) yield row as unknown as Row;
  } catch (error) {
    throw readFailed(input.name, `record ${assembler.place}`, error);
  }
}

async function read(input: RecordInput, bytes: Readable): Promise<Records> {
  const assembler = new JsonRowAssembler(input.name);
  const { all } = await peek(readRows(input, bytes, assembler));
  return { recordType: assembler.recordType, rows: all };
}

/** NDJSON, or JSON objects one after another in any layout. Parsed as it comes; 64-bit integers are exact. */
export const readNdjson: ReadRecords = (input) => read(input, input.open());

export const readNdjsonGzip: ReadRecords = (input) => read(input, pipeline(input.open(), createGunzip(), () => undefined));
