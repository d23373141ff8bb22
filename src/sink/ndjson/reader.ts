import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Token } from 'stream-json/parser.js';
import withParser from 'stream-json/utils/with-parser.js';
import type { Column, RecordType, Row, Value } from '../../record/schema/record-type.js';
import { checkedRow, detectRecordType, UNREADABLE, valueOfText } from '../read/checked-row.js';
import { damaged, readFailed, type ReadRecords, type RecordInput, type Records } from '../read/record-reader.js';
import { peek, textOf } from '../read/text-input.js';

/** A JSON value as the parser gives it: numbers are still text, so that none of them has been rounded to a double. */
type JsonScalar = { readonly kind: 'number' | 'string'; readonly text: string } | boolean | null;

/** Assembles the tokens of flat JSON objects into rows. The first object determines the record type of all. */
export class JsonRowAssembler {
  recordType: RecordType | null = null;
  /** Number of objects begun, including the one being read. */
  private records = 0;
  private inside = false;
  private key = '';
  private values = new Map<string, JsonScalar>();

  /** @param name of the input, for messages */
  constructor(private readonly name: string) {}

  /** Which record the parser is at, counted from 1. */
  get place(): number {
    return this.inside ? this.records : this.records + 1;
  }

  /**
   * The row that the token completes, else null.
   * @throws PoolTrackerError RECORDS_DAMAGED
   */
  take(token: Token): Row | null {
    switch (token.name) {
      case 'startObject':
        if (this.inside) throw this.damaged(`column ${this.key}: expected a plain value, found an object`);
        this.inside = true;
        this.records++;
        return null;
      case 'endObject': {
        const row = this.row();
        this.inside = false;
        this.values = new Map();
        return row;
      }
      case 'keyValue':
        if (this.values.has(token.value)) throw this.damaged(`column ${token.value.slice(0, 40)} occurs twice`);
        this.key = token.value;
        return null;
      case 'numberValue':
        return this.set({ kind: 'number', text: token.value });
      case 'stringValue':
        return this.set({ kind: 'string', text: token.value });
      case 'nullValue':
      case 'trueValue':
      case 'falseValue':
        return this.set(token.value);
      default:
        throw this.damaged('expected one flat JSON object a line, found an array');
    }
  }

  private set(value: JsonScalar): null {
    if (!this.inside) throw this.damaged('expected a JSON object, found a plain value');
    this.values.set(this.key, value);
    return null;
  }

  private row(): Row {
    const keys = [...this.values.keys()];
    this.recordType ??= detectRecordType(keys, this.name);
    const row: Record<string, Value> = {};
    for (const column of this.recordType.columns) {
      const value = this.values.get(column.name);
      row[column.name] = value === undefined ? null : this.value(column, value);
      this.values.delete(column.name);
    }
    const [unknown] = this.values.keys();
    if (unknown !== undefined)
      throw this.damaged(`column ${unknown.slice(0, 40)} is not one of ${this.recordType.name}`);
    return checkedRow(this.recordType, row, this.name, `record ${this.records}`);
  }

  private value(column: Column, value: JsonScalar): Value {
    if (value === null || typeof value === 'boolean') return value;
    const isText = column.type === 'string' || column.type === 'timestamp';
    // 64-bit integers may come as strings, as --bigint string writes them.
    const fits = value.kind === 'string' ? isText || column.type === 'int64' : !isText && column.type !== 'bool';
    const read = fits ? valueOfText(column.type, value.text) : UNREADABLE;
    if (read === UNREADABLE)
      throw this.damaged(
        `column ${column.name}: expected ${column.type}, found the ${value.kind} ${value.text.slice(0, 40)}`,
      );
    return read;
  }

  private damaged(what: string): Error {
    return damaged(this.name, `record ${Math.max(this.records, 1)}`, what);
  }
}

/** Parser and assembler in one stage: a stream between them would cost more than the parsing. */
function rowsOfJson(assembler: JsonRowAssembler): NodeJS.ReadWriteStream {
  const stage = (() => (token: Token) => assembler.take(token) ?? undefined) as unknown as Parameters<
    typeof withParser.asStream
  >[0];
  return withParser.asStream(stage, { streamValues: false, jsonStreaming: true });
}

/**
 * Splits the text into lines: the parser rejects a piece of input as a whole, so an error is known to be in that line.
 */
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

/** NDJSON, or JSON objects one after another in any layout. Parsed as it arrives; 64-bit integers are exact. */
export const readNdjson: ReadRecords = (input) => read(input, input.open());

export const readNdjsonGzip: ReadRecords = (input) =>
  read(
    input,
    pipeline(input.open(), createGunzip(), () => undefined),
  );
